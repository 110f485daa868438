// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/doctor.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/file.h"

namespace ktstr::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

const Need kMet{.name = "qemu", .met = true, .found = "qemu 10.0", .remedy = "install it"};
const Need kMissing{.name = "kernel", .found = "none", .remedy = "fetch one"};
const Need kOptional{.name = "kvm", .optional = true, .found = "no hardware", .remedy = "none needed"};

TEST(Doctor, IsContentWhenOnlyOptionalNeedsAreUnmet) {
  EXPECT_EQ(doctor_exit({kMet, kOptional}), 0);
  EXPECT_EQ(doctor_exit({kMet, kOptional, kMissing}), 3);
}

TEST(Doctor, ShowsARemedyForEachUnmetNeedAndForNoOther) {
  const std::string text = needs_as_text({kMet, kMissing, kOptional});
  EXPECT_EQ(text,
            "ok        qemu          qemu 10.0\n"
            "MISSING   kernel        none\n"
            "                        -> fetch one\n"
            "optional  kvm           no hardware\n"
            "                        -> none needed\n"
            "not ready: 1 missing\n");
}

TEST(Doctor, SaysTheSameAsJson) {
  const auto json = nlohmann::json::parse(needs_as_json({kMet, kMissing}));
  EXPECT_FALSE(json["ready"].get<bool>());
  EXPECT_EQ(json["needs"][1]["remedy"], "fetch one");
  EXPECT_FALSE(json["needs"][0].contains("remedy"));
}

TEST(Doctor, OnAMachineWithNothingEveryMandatoryNeedIsUnmetWithAReason) {
  const auto nowhere = TempDir::create(fs::temp_directory_path(), "doctor_test");
  ASSERT_TRUE(nowhere.has_value());
  // Below a regular file nothing can be made, not even by root.
  const fs::path file = nowhere->path() / "file";
  ASSERT_TRUE(write_atomically(file, {}).has_value());
  const RunnerEnvironment environment{.state_dir = file / "state",
                                      .cache_dir = file / "cache",
                                      .ram_dir = nowhere->path() / "ram",
                                      .agent = nowhere->path() / "agent",
                                      .qemu = (nowhere->path() / "qemu").string(),
                                      .kernel = (nowhere->path() / "vmlinux").string()};
  for (const Need& need : examine_machine(environment)) {
    EXPECT_FALSE(need.found.empty()) << need.name;
    EXPECT_FALSE(need.remedy.empty()) << need.name;
    EXPECT_THAT(need.remedy, Not(HasSubstr("\n"))) << need.name;
    if (!need.optional) {
      EXPECT_FALSE(need.met) << need.name << ": " << need.found;
    }
  }
}

}  // namespace
}  // namespace ktstr::cli
