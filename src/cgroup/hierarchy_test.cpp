// SPDX-License-Identifier: Apache-2.0
#include "cgroup/hierarchy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using testing::HasSubstr;

constexpr std::string_view kV1 = "30 20 0:26 / /sys/fs/cgroup/cpu rw,relatime shared:5 - cgroup cgroup rw,cpu\n";
constexpr std::string_view kV2 =
    "31 20 0:27 / /sys/fs/cgroup/unified rw,relatime shared:6 master:1 - cgroup2 cgroup2 rw\n";

class Hierarchy : public testing::Test {
 protected:
  Hierarchy() : proc_(*TempDir::create(fs::temp_directory_path(), "ktstr-proc")) {
    fs::create_directory(proc_.path() / "self");
  }
  void mounts(std::string_view text) { ASSERT_TRUE(write_text(proc_.path() / "self/mountinfo", text)); }
  void groups(std::string_view text) { ASSERT_TRUE(write_text(proc_.path() / "self/cgroup", text)); }
  std::string mount() {
    const auto found = find_cgroup2_mount(proc_.path());
    return found ? found->string() : found.error().message();
  }
  std::string own_directory() {
    const auto found = own_cgroup_directory(proc_.path());
    return found ? found->string() : found.error().message();
  }
  TempDir proc_;
};

TEST_F(Hierarchy, IsFoundAmongTheMountsOfV1) {
  mounts(std::string(kV1) + std::string(kV2));
  EXPECT_EQ(mount(), "/sys/fs/cgroup/unified");
}

TEST_F(Hierarchy, IsFoundWithoutTagsAndWithBlanksInItsPath) {
  mounts("31 20 0:27 / /mnt/c\\040group\\134x rw - cgroup2 none rw\n");
  EXPECT_EQ(mount(), "/mnt/c group\\x");
}

TEST_F(Hierarchy, IsTakenWhereAllOfItIsMounted) {
  mounts("31 20 0:27 / /whole rw - cgroup2 none rw\n32 20 0:27 /part /part rw - cgroup2 none rw\n");
  EXPECT_EQ(mount(), "/whole");
  mounts("31 20 0:27 /a /first rw - cgroup2 none rw\n32 20 0:27 /b /second rw - cgroup2 none rw\n");
  EXPECT_EQ(mount(), "/second") << "the last where none is whole";
}

TEST_F(Hierarchy, ThatIsNotMountedIsUnsupported) {
  for (const std::string_view text : {std::string_view(), kV1, std::string_view("31 20 0:27 / /x rw -\n"),
                                      std::string_view("cgroup2\n"), std::string_view("a b c d e f - \n")}) {
    mounts(text);
    const auto found = find_cgroup2_mount(proc_.path());
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().code(), ErrorCode::kUnsupported) << text;
    EXPECT_THAT(found.error().hint(), HasSubstr("mount -t cgroup2"));
  }
  EXPECT_EQ(find_cgroup2_mount("/nonexistent").error().code(), ErrorCode::kNotFound);
}

TEST_F(Hierarchy, TellsOurOwnGroup) {
  groups("9:name=systemd:/x\n1:cpu:/y\n0::/user.slice/run 1.scope\n");
  EXPECT_EQ(*own_cgroup(proc_.path()), "/user.slice/run 1.scope");
}

TEST_F(Hierarchy, SaysWhyWeHaveNoGroup) {
  groups("1:cpu:/y\n");
  EXPECT_THAT(own_cgroup(proc_.path()).error().message(), HasSubstr("no line '0::'"));
  groups("0::/x (deleted)\n");
  EXPECT_THAT(own_cgroup(proc_.path()).error().message(), HasSubstr("was removed"));
  groups("0::/../x\n");
  EXPECT_THAT(own_cgroup(proc_.path()).error().message(), HasSubstr("outside of our cgroup namespace"));
}

TEST_F(Hierarchy, PutsMountAndGroupTogether) {
  mounts(kV2);
  groups("0::/\n");
  EXPECT_EQ(own_directory(), "/sys/fs/cgroup/unified");
  groups("0::/a/b\n");
  EXPECT_EQ(own_directory(), "/sys/fs/cgroup/unified/a/b");
}

TEST_F(Hierarchy, TakesAwayThePartThatIsMounted) {
  mounts("31 20 0:27 /docker/x /sys/fs/cgroup rw - cgroup2 none rw\n");
  groups("0::/docker/x/job\n");
  EXPECT_EQ(own_directory(), "/sys/fs/cgroup/job");
  groups("0::/docker/x\n");
  EXPECT_EQ(own_directory(), "/sys/fs/cgroup");
  groups("0::/docker/xy\n");
  EXPECT_THAT(own_directory(), HasSubstr("is not below '/docker/x'"));
}

}  // namespace
}  // namespace ktstr
