// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/warm_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace ktstr::cli {
namespace {

using namespace literals;

const std::string kDigest = "0123456789abcdef0123456789abcdef";

TEST(WarmReport, SaysWhereImagesComeFromWhenThereAreNone) {
  EXPECT_EQ(warm_list_text({}, 8_GiB, 0), "no warm images; a run builds its own, or 'ktstr warm build' does\n");
}

TEST(WarmReport, NamesDamageAndUse) {
  const std::vector<WarmCache::Entry> entries{
      {.digest = kDigest, .image = {}, .damage = "state is not 7 bytes long", .in_use = true, .bytes = 1_MiB}};
  EXPECT_EQ(warm_list_text(entries, 8_GiB, 0), "0123456789ab  DAMAGED: state is not 7 bytes long (" +
                                                   format_bytes(1_MiB) + ", in use)\n1 image, " + format_bytes(1_MiB) +
                                                   " of " + format_bytes(8_GiB) + "\n");
  const auto json = nlohmann::json::parse(warm_list_json(entries, 8_GiB));
  EXPECT_EQ(json["size_bytes"], 1_MiB);
  EXPECT_EQ(json["limit_bytes"], 8_GiB);
  EXPECT_EQ(json["images"][0]["digest"], kDigest);
  EXPECT_EQ(json["images"][0]["damaged"], true);
  EXPECT_EQ(json["images"][0]["damage"], "state is not 7 bytes long");
}

TEST(WarmReport, SaysWhetherAnImageWasBuiltAndHowLongItTook) {
  PreparedImage image{.key = {.topology = "1n2l2c1t", .kernel = "7.3.4", .mode = "det"},
                      .built = true,
                      .bytes = 64_MiB,
                      .boot_seconds = 4,
                      .seconds = 4.56};
  const std::string digest = image.key.digest().substr(0, 12), size = format_bytes(64_MiB);
  EXPECT_EQ(describe(image), digest + "  7.3.4, 1n2l2c1t, det: built in 4.6 s, " + size + "\n");
  image.built = false;
  EXPECT_EQ(describe(image), digest + "  7.3.4, 1n2l2c1t, det: was there, " + size + "\n");
}

TEST(WarmReport, NamesWhatIsInUseAndStays) {
  EXPECT_EQ(describe(WarmCache::Cleaned{.removed = 2, .bytes = 64_MiB, .in_use = {kDigest}}),
            "removed 2 images, " + format_bytes(64_MiB) + "\n0123456789ab is in use and stays\n");
}

}  // namespace
}  // namespace ktstr::cli
