// SPDX-License-Identifier: Apache-2.0
//
// Groups of host mode on the real cgroup2 hierarchy: needs root, skips with its reason otherwise, and fails instead
// where KTSTR_REQUIRE names root.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "base/system/process.h"
#include "base/testing/required.h"
#include "host/clean_up.h"
#include "host/host_group.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

std::string shown(const fs::path& file) { return read_attribute(file).value_or("(unreadable)"); }

// Below the kernel's root group it makes a group that plays our own cgroup.
class HostGroupOnTheHost : public testing::Test {
 protected:
  void SetUp() override {
    auto here = find_host_place("/proc");
    if (!here || ::geteuid() != 0) {
      ASSERT_FALSE(is_required("root")) << (here ? "not root" : here.error().render());
      GTEST_SKIP() << "needs root and a cgroup2 mount";
    }
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr_host_group_test");
    ASSERT_TRUE(dir.has_value());
    journals_.emplace(*std::move(dir));
    place_ = *std::move(here);
    place_.own = place_.mount / fmt::format("ktstr_host_test_{}", ::getpid());
    ASSERT_TRUE(fs::create_directory(place_.own));
  }
  void TearDown() override {
    sleeper_.reset();
    if (IsSkipped()) return;
    EXPECT_EQ(::rmdir(place_.own.c_str()), 0) << "something is left in " << place_.own;
    if (enabled_.empty()) return;
    // Another program may use it by now, which keeps it.
    const Status disabled = write_text(place_.mount / "cgroup.subtree_control", "-" + enabled_);
    EXPECT_TRUE(disabled || disabled.error().saved_errno() == EBUSY) << disabled.error().render();
  }
  // One that our own group offers: enabled for it where it is not yet. Empty: this machine's cgroup2 has none.
  std::string a_controller() {
    const std::string offered = shown(place_.mount / "cgroup.controllers");
    const std::string first = offered.substr(0, offered.find(' '));
    if (!first.empty() && shown(place_.own / "cgroup.controllers").empty()) {
      enabled_ = first;
      EXPECT_TRUE(write_text(place_.mount / "cgroup.subtree_control", "+" + first).has_value());
    }
    return first;
  }
  // A process in our own group.
  int sleeper() {
    auto started = Subprocess::start({.argv = {"sleep", "1000"}});
    EXPECT_TRUE(started.has_value());
    sleeper_.emplace(*std::move(started));
    EXPECT_TRUE(write_text(place_.own / "cgroup.procs", std::to_string(sleeper_->pid())).has_value());
    return sleeper_->pid();
  }
  HostGroup group(std::vector<int> harness = {}) {
    auto journal = UndoJournal::create(journals_->path(), 12, place_.own);
    EXPECT_TRUE(journal.has_value());
    journal_.emplace(*std::move(journal));
    auto made = HostGroup::create(place_, 12, std::move(harness), *journal_);
    EXPECT_TRUE(made.has_value()) << made.error().render();
    return *std::move(made);
  }

  HostPlace place_;
  std::string enabled_;
  std::optional<TempDir> journals_;
  std::optional<UndoJournal> journal_;
  std::optional<Subprocess> sleeper_;
};

TEST_F(HostGroupOnTheHost, ClosingKillsAndRemovesWhatABodyLeft) {
  HostGroup run = group();
  ASSERT_TRUE(run.create("cg_0").has_value());
  ASSERT_TRUE(run.create("cg_0/deep").has_value());
  const int pid = sleeper();
  ASSERT_TRUE(run.move_process("cg_0/deep", pid).has_value());
  ASSERT_TRUE(run.set("cg_0", "cgroup.freeze", "1").has_value());
  EXPECT_THAT(run.close(), IsEmpty());
  EXPECT_FALSE(fs::exists(place_.own / "ktstr-12"));
  const auto ended = sleeper_->wait();
  ASSERT_TRUE(ended.has_value() && ended->has_value());
  EXPECT_EQ((*ended)->value, SIGKILL);
  EXPECT_THAT(run.close(), IsEmpty());
}

TEST_F(HostGroupOnTheHost, TheHarnessStepsAsideForControllersAndComesBack) {
  const std::string controller = a_controller();
  if (controller.empty()) GTEST_SKIP() << "the cgroup2 hierarchy of this machine has no controllers";
  const int pid = sleeper();
  HostGroup run = group({pid});
  const Status enabled = run.enable_controllers("", {controller});
  ASSERT_TRUE(enabled.has_value()) << enabled.error().render();
  EXPECT_EQ(shown(place_.own / "ktstr-12.harness/cgroup.procs"), std::to_string(pid));
  EXPECT_EQ(shown(place_.own / "ktstr-12/cgroup.subtree_control"), controller);
  EXPECT_THAT(run.close(), IsEmpty());
  EXPECT_EQ(shown(place_.own / "cgroup.procs"), std::to_string(pid));
  EXPECT_EQ(shown(place_.own / "cgroup.subtree_control"), "");
  EXPECT_FALSE(fs::exists(place_.own / "ktstr-12.harness"));
}

TEST_F(HostGroupOnTheHost, AfterAKillTheSameIsDoneFromTheJournal) {
  const std::string controller = a_controller();
  if (controller.empty()) GTEST_SKIP() << "the cgroup2 hierarchy of this machine has no controllers";
  const int pid = sleeper();
  {
    HostGroup run = group({pid});
    ASSERT_TRUE(run.enable_controllers("", {controller}).has_value());
    ASSERT_TRUE(run.create("cg_0").has_value());
    testing::internal::CaptureStderr();  // it warns that the group cannot be removed
  }
  testing::internal::GetCapturedStderr();
  ASSERT_TRUE(fs::exists(place_.own / "ktstr-12/cg_0"));
  EXPECT_THAT(clean_up_after(12, "/nowhere", journals_->path()), IsEmpty());
  EXPECT_FALSE(fs::exists(place_.own / "ktstr-12"));
  EXPECT_EQ(shown(place_.own / "cgroup.procs"), std::to_string(pid));
  EXPECT_EQ(shown(place_.own / "cgroup.subtree_control"), "");
}

TEST_F(HostGroupOnTheHost, AStrangerInOurOwnGroupIsNotMovedButNamed) {
  const std::string controller = a_controller();
  if (controller.empty()) GTEST_SKIP() << "the cgroup2 hierarchy of this machine has no controllers";
  const int pid = sleeper();
  HostGroup run = group();
  const Status enabled = run.enable_controllers("", {controller});
  ASSERT_FALSE(enabled.has_value());
  EXPECT_EQ(enabled.error().code(), ErrorCode::kBusy);
  EXPECT_THAT(enabled.error().render(), AllOf(HasSubstr(std::to_string(pid)), HasSubstr("systemd-run")));
  EXPECT_THAT(run.close(), IsEmpty());
  EXPECT_EQ(shown(place_.own / "cgroup.procs"), std::to_string(pid));
}

}  // namespace
}  // namespace ktstr
