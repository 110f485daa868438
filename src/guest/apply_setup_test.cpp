// SPDX-License-Identifier: Apache-2.0
#include "guest/apply_setup.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::HasSubstr;

class ApplySetup : public testing::Test {
 protected:
  fs::path made(const std::string& path, const std::string& text = "") {
    const fs::path file = root_.path() / path;
    fs::create_directories(file.parent_path());
    EXPECT_TRUE(write_text(file, text));
    return file;
  }
  TempDir root_ = *TempDir::create(fs::temp_directory_path(), "ktstr-apply-setup");
};

TEST_F(ApplySetup, WritesWhatIsThere) {
  const fs::path panic = made("proc/sys/kernel/panic", "0");
  ASSERT_TRUE(apply_setup({.writes = {"/proc/sys/kernel/panic=7=8"}}, root_.path()));
  EXPECT_EQ(*read_text(panic), "7=8");
  const Status missing = apply_setup({.writes = {"/proc/sys/kernel/nothing=1"}}, root_.path());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(missing.error().message(),
            "the guest's kernel refuses '1' in /proc/sys/kernel/nothing: No such file or directory");
}

TEST_F(ApplySetup, EachLevelOfACgroupPassesControllersOn) {
  made("sys/fs/cgroup/cgroup.subtree_control");
  made("sys/fs/cgroup/a/cgroup.subtree_control");
  made("sys/fs/cgroup/a/b/cgroup.subtree_control");
  ASSERT_TRUE(apply_setup({.cgroups = {"/a/b"}}, root_.path()));
  for (const char* level : {"", "a/", "a/b/"})
    EXPECT_THAT(*read_text(root_.path() / "sys/fs/cgroup" / level / "cgroup.subtree_control"), HasSubstr("+cpuset"))
        << level;
  const Status refused = apply_setup({.cgroups = {"/c"}}, root_.path());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("the controller cpu for cgroup /c"));
}

}  // namespace
}  // namespace ktstr
