// SPDX-License-Identifier: Apache-2.0
//
// CgroupFs in an ordinary directory that looks like a cgroup2 mount. What only a kernel does is in
// cgroup_fs_host_test.cpp.
#include "cgroup/cgroup_fs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CgroupFsInADirectory : public testing::Test {
 protected:
  CgroupFsInADirectory() : dir_(*TempDir::create(fs::temp_directory_path(), "ktstr-cgroup")) {
    put("cgroup.controllers", "cpuset cpu memory\n");
    put("cgroup.subtree_control", "memory\n");
  }
  void put(const fs::path& file, std::string_view text) { ASSERT_TRUE(write_text(dir_.path() / file, text)); }
  std::string contents(const fs::path& file) { return read_text(dir_.path() / file).value_or("(unreadable)"); }
  CgroupFs make() {
    auto made = CgroupFs::create(dir_.path(), "ktstr");
    EXPECT_TRUE(made) << made.error().render();
    return std::move(*made);
  }
  // Our fake files would keep a group from being removed; in cgroupfs they go with it.
  void drop(const fs::path& file) { fs::remove(dir_.path() / file); }

  TempDir dir_;
};

TEST_F(CgroupFsInADirectory, MakesItsRootAndRemovesItWhenItGoesOutOfScope) {
  {
    const CgroupFs cgroups = make();
    EXPECT_TRUE(fs::is_directory(dir_.path() / "ktstr"));
  }
  EXPECT_FALSE(fs::exists(dir_.path() / "ktstr"));
}

TEST_F(CgroupFsInADirectory, ReportsARootThatCannotBeRemoved) {
  CgroupFs cgroups = make();
  put("ktstr/left", "x");
  const Status closed = cgroups.close();
  EXPECT_THAT(closed.error().message(), HasSubstr("cannot remove ktstr"));
  EXPECT_TRUE(cgroups.close()) << "the second time there is nothing left to do";
}

TEST_F(CgroupFsInADirectory, RefusesARootThatExists) {
  fs::create_directory(dir_.path() / "ktstr");
  const auto made = CgroupFs::create(dir_.path(), "ktstr");
  EXPECT_EQ(made.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(fs::exists(dir_.path() / "ktstr")) << "it is somebody else's";
}

TEST_F(CgroupFsInADirectory, RefusesADirectoryThatIsNoCgroup2Mount) {
  drop("cgroup.controllers");
  EXPECT_EQ(CgroupFs::create(dir_.path(), "ktstr").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(CgroupFs::create("/nonexistent", "ktstr").error().code(), ErrorCode::kNotFound);
}

TEST_F(CgroupFsInADirectory, RefusesNamesThatLeadElsewhere) {
  for (const char* name : {"", "a/b", "..", "."}) EXPECT_FALSE(CgroupFs::create(dir_.path(), name)) << name;
  CgroupFs cgroups = make();
  for (const char* name : {"", "..", "../x", "/x", "a//b", "a/", "a/../b", "a\nb"})
    EXPECT_EQ(cgroups.create(name).error().code(), ErrorCode::kInvalidArgument) << name;
  EXPECT_EQ(cgroups.set("../x", "cpu.weight", "1").error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(CgroupFsInADirectory, CreatesAndRemovesNestedGroups) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("cg_0"));
  ASSERT_TRUE(cgroups.create("cg_0/nested"));
  EXPECT_TRUE(fs::is_directory(dir_.path() / "ktstr/cg_0/nested"));
  EXPECT_EQ(cgroups.create("cg_0").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(cgroups.create("cg_1/nested").error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(cgroups.remove("cg_0")) << "it has a child";
  EXPECT_TRUE(cgroups.remove("cg_0/nested"));
  EXPECT_TRUE(cgroups.remove("cg_0"));
  EXPECT_EQ(cgroups.remove("cg_0").error().code(), ErrorCode::kNotFound);
}

TEST_F(CgroupFsInADirectory, SetsAnAttributeAndReadsItBack) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("cg_0"));
  put("ktstr/cg_0/cpuset.cpus", "0-7 and what was longer before");
  EXPECT_TRUE(cgroups.set("cg_0", "cpuset.cpus", "0-1"));
  EXPECT_EQ(*cgroups.get("cg_0", "cpuset.cpus"), "0-1");
  EXPECT_TRUE(cgroups.set("cg_0", "cpuset.cpus", ""));
  EXPECT_EQ(*cgroups.get("cg_0", "cpuset.cpus"), "");
  drop("ktstr/cg_0/cpuset.cpus");
  ASSERT_TRUE(cgroups.remove("cg_0"));
}

TEST_F(CgroupFsInADirectory, FailsWhereTheValueReadBackDiffers) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("cg_0"));
  fs::create_symlink("/dev/null", dir_.path() / "ktstr/cg_0/cpu.weight");
  const Status set = cgroups.set("cg_0", "cpu.weight", "300");
  EXPECT_EQ(set.error().message(), "cpu.weight of cgroup cg_0 was set to '300' and shows ''");
  drop("ktstr/cg_0/cpu.weight");
  ASSERT_TRUE(cgroups.remove("cg_0"));
}

TEST_F(CgroupFsInADirectory, NamesTheGroupAndTheFileThatIsMissing) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("cg_0"));
  const Status set = cgroups.set("cg_0", "cpu.unheard_of", "300");
  EXPECT_EQ(set.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(set.error().message(), HasSubstr("cgroup cg_0: cannot open cpu.unheard_of"));
  EXPECT_FALSE(fs::exists(dir_.path() / "ktstr/cg_0/cpu.unheard_of")) << "an attribute is never made";
  EXPECT_THAT(cgroups.get("cg_1", "cpu.weight").error().message(), HasSubstr("cgroup cg_1"));
  EXPECT_EQ(cgroups.get("cg_1", "cpu.weight").error().code(), ErrorCode::kNotFound) << "the group is what is missing";
  ASSERT_TRUE(cgroups.remove("cg_0"));
}

TEST_F(CgroupFsInADirectory, SaysWhatAKernelNeedsForAKnobThatIsMissing) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("cg_0"));
  put("ktstr/cg_0/cgroup.controllers", "cpu memory\n");
  for (const Status& set : {cgroups.set("cg_0", "memory.swap.max", "0"),
                            Status(cgroups.get("cg_0", "memory.swap.max").transform([](const auto&) {}))}) {
    EXPECT_EQ(set.error().code(), ErrorCode::kUnsupported);
    EXPECT_EQ(set.error().message(), "cgroup cg_0 has no memory.swap.max: the kernel does not offer this file");
    EXPECT_EQ(set.error().hint(), "it takes a kernel with CONFIG_MEMCG and CONFIG_SWAP");
  }
  drop("ktstr/cg_0/cgroup.controllers");
  ASSERT_TRUE(cgroups.remove("cg_0"));
}

TEST_F(CgroupFsInADirectory, TellsAControllerThatIsNotEnabledFromAFileThatTheKernelLacks) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("cg_0"));
  put("ktstr/cg_0/cgroup.controllers", "cpuset\n");
  const Status set = cgroups.set("cg_0", "cpu.weight", "300");
  EXPECT_EQ(set.error().code(), ErrorCode::kUnsupported) << "'cpuset' is not 'cpu'";
  EXPECT_EQ(set.error().message(),
            "cgroup cg_0 has no cpu.weight: the controller 'cpu' is not enabled for it, only 'cpuset'");
  EXPECT_EQ(cgroups.kill_all("cg_0").error().hint(), "it takes a kernel with Linux 5.14")
      << "cgroup.kill is the core's";
  drop("ktstr/cg_0/cgroup.controllers");
  ASSERT_TRUE(cgroups.remove("cg_0"));
}

// A file that takes no write stands in for a kernel that fails.
TEST_F(CgroupFsInADirectory, TellsWhatWasWrittenWhereTheKernelFails) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("cg_0"));
  fs::create_symlink("/dev/full", dir_.path() / "ktstr/cg_0/cpu.weight");
  const Status no_space = cgroups.set("cg_0", "cpu.weight", "300");
  EXPECT_EQ(no_space.error().code(), ErrorCode::kNoSpace);
  EXPECT_THAT(no_space.error().message(), HasSubstr("cgroup cg_0: cannot write '300' to cpu.weight"));
  drop("ktstr/cg_0/cpu.weight");
  fs::create_symlink("/proc/self/mem", dir_.path() / "ktstr/cg_0/cpu.weight");
  const Status io = cgroups.set("cg_0", "cpu.weight", "300");
  EXPECT_EQ(io.error().code(), ErrorCode::kIo);
  EXPECT_THAT(io.error().message(), HasSubstr("EIO"));
  drop("ktstr/cg_0/cpu.weight");
  ASSERT_TRUE(cgroups.remove("cg_0"));
}

TEST_F(CgroupFsInADirectory, TellsAValueOfTheWrongFormFromOneThatSomethingElseForbids) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("cg_0"));
  // Refuses numbers above 1000 with EINVAL, as the kernel refuses any weight of an idle group.
  fs::create_symlink("/proc/self/oom_score_adj", dir_.path() / "ktstr/cg_0/cpu.weight");
  EXPECT_EQ(cgroups.set("cg_0", "cpu.weight", "20000").error().hint(), "cpu.weight takes 1 to 10000");
  EXPECT_THAT(cgroups.set("cg_0", "cpu.weight", "5000").error().hint(),
              HasSubstr("'5000' is that; what forbids it is another file of the group"));
  drop("ktstr/cg_0/cpu.weight");
  ASSERT_TRUE(cgroups.remove("cg_0"));
}

TEST_F(CgroupFsInADirectory, ListsProcessesAndMovesThem) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("cg_0"));
  put("ktstr/cg_0/cgroup.procs", "12\n345\n");
  EXPECT_THAT(*cgroups.processes("cg_0"), ElementsAre(12, 345));
  EXPECT_TRUE(cgroups.move_process("cg_0", 99));
  EXPECT_EQ(contents("ktstr/cg_0/cgroup.procs"), "99");
  put("ktstr/cg_0/cgroup.procs", "");
  EXPECT_THAT(*cgroups.processes("cg_0"), ElementsAre());
  put("ktstr/cg_0/cgroup.procs", "12\nx\n");
  EXPECT_EQ(cgroups.processes("cg_0").error().code(), ErrorCode::kCorruptData);
  drop("ktstr/cg_0/cgroup.procs");
  ASSERT_TRUE(cgroups.remove("cg_0"));
}

TEST_F(CgroupFsInADirectory, TakesTheEmptyNameOfProcessesForThePlaceOutside) {
  CgroupFs cgroups = make();
  EXPECT_EQ(cgroups.outside(), dir_.path());
  put("cgroup.procs", "1\n");
  EXPECT_THAT(*cgroups.processes(""), ElementsAre(1));
  EXPECT_TRUE(cgroups.move_processes("", {98, 99}));
  EXPECT_EQ(contents("cgroup.procs"), "99");
  EXPECT_EQ(contents("cgroup.subtree_control"), "memory\n") << "that group is not ours to change";
}

TEST_F(CgroupFsInADirectory, MovesToAPlaceOutsideThatIsNotTheParent) {
  fs::create_directory(dir_.path() / "body");
  put("body/cgroup.controllers", "");
  put("body/cgroup.procs", "");
  auto cgroups = CgroupFs::create(dir_.path(), "ktstr", {.outside = dir_.path() / "body"});
  ASSERT_TRUE(cgroups) << cgroups.error().render();
  EXPECT_TRUE(cgroups->move_process("", 99));
  EXPECT_EQ(contents("body/cgroup.procs"), "99");
  EXPECT_FALSE(CgroupFs::create(dir_.path(), "other", {.outside = dir_.path() / "nowhere"}));
  EXPECT_FALSE(fs::exists(dir_.path() / "other"));
}

TEST_F(CgroupFsInADirectory, DoesNothingForNoProcesses) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("cg_0"));
  EXPECT_TRUE(cgroups.move_processes("cg_0", {})) << "there is no cgroup.procs in there";
  EXPECT_FALSE(cgroups.move_processes("cg_0", {1}));
  ASSERT_TRUE(cgroups.remove("cg_0"));
}

TEST_F(CgroupFsInADirectory, LeavesControllersAloneThatAreEnabled) {
  CgroupFs cgroups = make();
  put("cgroup.subtree_control", "cpuset cpu\n");
  put("ktstr/cgroup.subtree_control", "cpu cpuset\n");
  put("ktstr/cgroup.controllers", "cpu cpuset\n");
  EXPECT_TRUE(cgroups.enable_controllers("", {"cpuset", "cpu"}));
  EXPECT_EQ(contents("cgroup.subtree_control"), "cpuset cpu\n");
  drop("ktstr/cgroup.subtree_control");
  drop("ktstr/cgroup.controllers");
}

TEST_F(CgroupFsInADirectory, NamesTheControllerThatIsMissingAndWhatThereIs) {
  CgroupFs cgroups = make();
  const Status enabled = cgroups.enable_controllers("", {"io"});
  EXPECT_EQ(enabled.error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(enabled.error().message(),
              HasSubstr("does not offer the controller 'io'; its cgroup.controllers lists 'cpuset cpu memory'"));
  EXPECT_EQ(contents("cgroup.subtree_control"), "memory\n");
}

TEST_F(CgroupFsInADirectory, NamesAllControllersThatAreMissingAndHowToGetThem) {
  // The mark of a group that is not the root of its hierarchy: somebody above can delegate to it.
  put("cgroup.events", "populated 1\nfrozen 0\n");
  CgroupFs cgroups = make();
  const Status enabled = cgroups.enable_controllers("", {"memory", "io", "cpu", "pids"});
  EXPECT_THAT(enabled.error().message(), HasSubstr("does not offer the controllers 'io', 'pids'"));
  EXPECT_THAT(enabled.error().hint(), HasSubstr("systemd-run --scope -p Delegate=yes"));
  EXPECT_THAT(enabled.error().hint(),
              HasSubstr("echo +io +pids > " + (dir_.path().parent_path() / "cgroup.subtree_control").string()));
  EXPECT_EQ(contents("cgroup.subtree_control"), "memory\n") << "nothing by halves";
}

TEST_F(CgroupFsInADirectory, EnablesControllersAlongTheWayToANestedGroup) {
  CgroupFs cgroups = make();
  ASSERT_TRUE(cgroups.create("a"));
  ASSERT_TRUE(cgroups.create("a/b"));
  put("cgroup.subtree_control", "cpuset\n");
  for (const char* group : {"ktstr", "ktstr/a", "ktstr/a/b"}) {
    put(fs::path(group) / "cgroup.controllers", "cpuset\n");
    put(fs::path(group) / "cgroup.subtree_control", "cpuset\n");
  }
  EXPECT_TRUE(cgroups.enable_controllers("a/b", {"cpuset"}));
  put("ktstr/a/cgroup.subtree_control", "\n");
  EXPECT_THAT(cgroups.enable_controllers("a/b", {"cpuset"}).error().message(), HasSubstr("ktstr/a, but its"));
  EXPECT_EQ(contents("ktstr/a/cgroup.subtree_control"), "+cpuset");
  EXPECT_EQ(cgroups.enable_controllers("a/c", {"cpuset"}).error().code(), ErrorCode::kNotFound);
  for (const char* group : {"ktstr/a/b", "ktstr/a", "ktstr"}) {
    drop(fs::path(group) / "cgroup.controllers");
    drop(fs::path(group) / "cgroup.subtree_control");
  }
  ASSERT_TRUE(cgroups.remove("a/b"));
  ASSERT_TRUE(cgroups.remove("a"));
}

TEST_F(CgroupFsInADirectory, FailsWhereAnEnabledControllerDoesNotShow) {
  CgroupFs cgroups = make();
  // A file keeps what is written, "+cpu", where the kernel would show "cpu".
  const Status enabled = cgroups.enable_controllers("", {"cpu"});
  EXPECT_THAT(enabled.error().message(), HasSubstr("the controller 'cpu' was enabled in"));
  EXPECT_THAT(enabled.error().message(), HasSubstr("shows '+cpu'"));
}

TEST_F(CgroupFsInADirectory, MovesAsAHandle) {
  CgroupFs first = make();
  CgroupFs second = std::move(first);
  EXPECT_TRUE(second.create("cg_0"));
  EXPECT_TRUE(second.remove("cg_0"));
  second = *CgroupFs::create(dir_.path(), "other");
  EXPECT_FALSE(fs::exists(dir_.path() / "ktstr")) << "assignment closes what was held";
  EXPECT_TRUE(fs::exists(dir_.path() / "other"));
}

}  // namespace
}  // namespace ktstr
