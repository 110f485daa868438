// SPDX-License-Identifier: Apache-2.0
//
// Payloads in real cgroups: needs root and a writable cgroup2 mount, skips with its reason otherwise, and fails instead
// where KTSTR_REQUIRE names root.
#include <gmock/gmock.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <optional>

#include "base/testing/required.h"
#include "cgroup/cgroup_fs.h"
#include "payload/payload_process.h"

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::optional<fs::path> cgroup2_mount() {
  for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    struct statfs info {};
    if (::statfs(path, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC && ::access(path, W_OK) == 0) return path;
  }
  return {};
}

class PayloadOnTheHost : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto mount = cgroup2_mount();
    if (!mount || ::geteuid() != 0) {
      constexpr const char* kNeeds = "needs root and a writable cgroup2 mount at /sys/fs/cgroup";
      if (is_required("root")) FAIL() << kNeeds << ", and KTSTR_REQUIRE says that there is";
      GTEST_SKIP() << kNeeds;
    }
    auto made = CgroupFs::create(*mount, fmt::format("ktstr-payload-test-{}", ::getpid()));
    ASSERT_TRUE(made) << made.error().render();
    cgroups_ = std::move(*made);
    ASSERT_TRUE(cgroups_->create("cg_0"));
  }
  void TearDown() override {
    if (!cgroups_) return;
    const Status removed = cgroups_->remove("cg_0");
    EXPECT_TRUE(removed) << removed.error().render();
  }
  Result<PayloadProcess> start(const Payload& payload) {
    KTSTR_TRY_ASSIGN(const Fd directory, cgroups_->directory("cg_0"));
    return PayloadProcess::start(
        {.payload = &payload, .cgroup = "cg_0", .cgroup_dir = &directory, .search_path = {"/bin"}});
  }
  std::optional<CgroupFs> cgroups_;
};

TEST_F(PayloadOnTheHost, IsInItsCgroupFromItsFirstInstructionAndLeavesItEmpty) {
  auto process = start(Payload::program("cat", "cat").args({"/proc/self/cgroup"}));
  ASSERT_TRUE(process) << process.error().render();
  const auto report = process->wait({});
  ASSERT_TRUE(report) << report.error().render();
  EXPECT_THAT((*report)->output_tail, HasSubstr(fmt::format("/ktstr-payload-test-{}/cg_0", ::getpid())));
  EXPECT_EQ((*report)->cgroup, "cg_0");
  EXPECT_THAT(*cgroups_->processes("cg_0"), IsEmpty());
}

TEST_F(PayloadOnTheHost, RefusesAFrozenCgroupAndSaysWhatToDo) {
  ASSERT_TRUE(cgroups_->set("cg_0", "cgroup.freeze", "1"));
  const auto process = start(Payload::program("sleep", "sleep").args({"600"}));
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code(), ErrorCode::kBusy);
  EXPECT_THAT(process.error().render(), HasSubstr("start payload 'sleep' in cgroup 'cg_0': the cgroup is frozen"));
  EXPECT_THAT(process.error().hint(), HasSubstr("unfreeze"));
}

TEST_F(PayloadOnTheHost, KillsOneThatWasFrozenAfterItsStart) {
  auto process = start(Payload::program("sleep", "sleep").args({"600"}));
  ASSERT_TRUE(process) << process.error().render();
  EXPECT_THAT(*cgroups_->processes("cg_0"), ElementsAre(process->pid()));
  ASSERT_TRUE(cgroups_->set("cg_0", "cgroup.freeze", "1"));
  const auto report = process->kill();
  ASSERT_TRUE(report) << report.error().render();
  EXPECT_TRUE(report->killed);
  EXPECT_THAT(*cgroups_->processes("cg_0"), IsEmpty());
}

}  // namespace
}  // namespace ktstr
