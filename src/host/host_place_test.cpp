// SPDX-License-Identifier: Apache-2.0
#include "host/host_place.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A machine made of files: proc/ and a cgroup2 mount at cg/.
class FakeMachine : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr_place_test");
    ASSERT_TRUE(dir.has_value()) << dir.error().render();
    dir_.emplace(*std::move(dir));
    write("proc/self/mountinfo", fmt::format("22 1 0:21 / /proc rw - proc proc rw\n"
                                             "30 1 0:26 / {} rw,relatime - cgroup2 cgroup2 rw\n",
                                             mount().string()));
    write("proc/self/cgroup", "9:name=systemd:/\n0::/user/mine\n");
    write("proc/cgroups",
          "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t1\t1\ncpuset\t0\t1\t1\nblkio\t0\t1\t1\n");
    write("cg/cgroup.controllers", "cpuset cpu io\n");
    write("cg/user/mine/cgroup.controllers", "cpu\n");
    write("cg/user/mine/cgroup.procs", "");
    write("cg/user/mine/cgroup.events", "populated 1\n");
  }
  fs::path path(const std::string& name) const { return dir_->path() / name; }
  fs::path mount() const { return path("cg"); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(path(name).parent_path());
    ASSERT_TRUE(write_atomically(path(name), as_byte_span(text)).has_value()) << name;
  }
  HostPlace place() const {
    auto found = find_host_place(path("proc"));
    EXPECT_TRUE(found.has_value()) << (found ? "" : found.error().render());
    return found.value_or(HostPlace{});
  }
  std::string refusal(const std::vector<std::string>& controllers) const {
    const Status status = check_controllers(place(), controllers);
    if (status) return "accepted";
    EXPECT_EQ(status.error().code(), ErrorCode::kUnsupported);
    return status.error().render();
  }

  std::optional<TempDir> dir_;
};

TEST_F(FakeMachine, TheGroupsGoBelowOurOwnCgroup) {
  EXPECT_EQ(place().mount, mount());
  EXPECT_EQ(place().own, mount() / "user/mine");
  EXPECT_FALSE(place().is_kernel_root());
  write("proc/self/cgroup", "0::/\n");
  write("cg/cgroup.procs", "");
  EXPECT_EQ(fs::path(place().own / "x").lexically_normal(), mount() / "x");
  EXPECT_TRUE(place().is_kernel_root());
}

TEST_F(FakeMachine, WithoutACgroup2MountTheMessageSaysHowToGetOne) {
  write("proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  const auto found = find_host_place(path("proc"));
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(found.error().render(), AllOf(HasSubstr("needs a cgroup2 hierarchy"), HasSubstr("mount -t cgroup2")));
}

TEST_F(FakeMachine, AGroupThatWeMayNotWriteIsRefusedWithTheWayToDelegation) {
  // Root may write anything; but nobody may write a file that is not there.
  fs::remove(path("cg/user/mine/cgroup.procs"));
  const auto found = find_host_place(path("proc"));
  ASSERT_FALSE(found.has_value());
  EXPECT_THAT(found.error().render(), AllOf(HasSubstr("may not write"), HasSubstr("Delegate=yes")));
}

TEST_F(FakeMachine, ControllersThatAreOfferedAreFine) {
  EXPECT_EQ(refusal({}), "accepted");
  EXPECT_EQ(refusal({"cpu"}), "accepted");
}

TEST_F(FakeMachine, AControllerThatIsNotDelegatedIsToldFromOneThatACgroupV1HierarchyHolds) {
  EXPECT_THAT(refusal({"cpu", "cpuset"}),
              AllOf(HasSubstr("does not offer cpuset: not delegated"), HasSubstr("Delegate=yes")));
  write("proc/cgroups", "cpu 0 1 1\ncpuset 3 1 1\nblkio 7 1 1\n");
  EXPECT_THAT(refusal({"cpu", "cpuset"}), AllOf(HasSubstr("cgroup v1 hierarchies hold cpuset on this machine"),
                                                HasSubstr("unified_cgroup_hierarchy")));
  EXPECT_THAT(refusal({"io"}), HasSubstr("cgroup v1 hierarchies hold io"));
}

TEST_F(FakeMachine, AControllerThatTheKernelDoesNotHave) {
  EXPECT_THAT(refusal({"pids"}), AllOf(HasSubstr("this kernel has no pids"), HasSubstr("without --host")));
}

}  // namespace
}  // namespace ktstr
