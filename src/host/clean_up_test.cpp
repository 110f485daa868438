// SPDX-License-Identifier: Apache-2.0
#include "host/clean_up.h"

#include <gmock/gmock.h>

#include "host/undo_journal.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

// Directories in place of cgroups: enough for everything but members.
class Abandoned : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr_abandoned_test");
    ASSERT_TRUE(dir.has_value()) << dir.error().render();
    dir_.emplace(*std::move(dir));
    for (const char* name : {"own", "journals", "proc"}) fs::create_directory(path(name));
  }
  fs::path path(const std::string& name) const { return dir_->path() / name; }
  void write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_atomically(path(name), as_byte_span(text)).has_value()) << name;
  }
  void process(int pid, const std::string& state) const {
    fs::create_directories(path(fmt::format("proc/{}", pid)));
    write(fmt::format("proc/{}/stat", pid), fmt::format("{} (a) Z b) {} 1 1\n", pid, state));
  }
  int clean_up() const {
    testing::internal::CaptureStderr();
    const int found = clean_up_abandoned(path("own"), path("journals"), path("proc"));
    said_ = testing::internal::GetCapturedStderr();
    return found;
  }

  std::optional<TempDir> dir_;
  mutable std::string said_;
};

TEST(GroupNames, OnlyThoseThatARunGivesAreTakenForOne) {
  EXPECT_EQ(pid_of_group(run_group_name(12)), 12);
  EXPECT_EQ(pid_of_group(harness_group_name(12)), 12);
  for (const char* other :
       {"ktstr", "ktstr-", "ktstr-x", "ktstr-12x", "ktstr--1", "ktstr-0", "ktstr-12.other", "xktstr-12"})
    EXPECT_EQ(pid_of_group(other), std::nullopt) << other;
}

TEST_F(Abandoned, GroupsOfADeadProcessGoAndThoseOfALivingOneStay) {
  for (const char* group : {"own/ktstr-12/cg_0/deep", "own/ktstr-13", "own/ktstr", "own/other-12"})
    fs::create_directories(path(group));
  process(13, "S");
  EXPECT_EQ(clean_up(), 1);
  EXPECT_THAT(said_, HasSubstr("process 12"));
  EXPECT_FALSE(fs::exists(path("own/ktstr-12")));
  for (const char* group : {"own/ktstr-13", "own/ktstr", "own/other-12"}) EXPECT_TRUE(fs::exists(path(group))) << group;
  EXPECT_EQ(clean_up(), 0);
}

TEST_F(Abandoned, AZombieIsDead) {
  fs::create_directories(path("own/ktstr-12"));
  process(12, "Z");
  EXPECT_EQ(clean_up(), 1);
  EXPECT_FALSE(fs::exists(path("own/ktstr-12")));
}

TEST_F(Abandoned, WhatADeadRunChangedIsPutBackWhereverItsGroupsWere) {
  fs::create_directories(path("elsewhere/ktstr-12"));
  write("knob", "new\n");
  auto journal = UndoJournal::create(path("journals"), 12, path("elsewhere"));
  ASSERT_TRUE(journal.has_value() && journal->note(path("knob"), "old").has_value());
  EXPECT_EQ(clean_up(), 1);
  EXPECT_EQ(read_text(path("knob")).value_or(""), "old\n");
  EXPECT_FALSE(fs::exists(path("elsewhere/ktstr-12")));
  EXPECT_FALSE(fs::exists(journal_path(path("journals"), 12)));
}

TEST_F(Abandoned, AJournalOfALivingRunIsLeftAlone) {
  process(12, "R");
  write("knob", "new\n");
  auto journal = UndoJournal::create(path("journals"), 12, path("own"));
  ASSERT_TRUE(journal.has_value() && journal->note(path("knob"), "old").has_value());
  EXPECT_EQ(clean_up(), 0);
  EXPECT_EQ(read_text(path("knob")).value_or(""), "new\n");
}

TEST_F(Abandoned, WhatCannotBePutBackIsSaidAndRemembered) {
  auto journal = UndoJournal::create(path("journals"), 12, path("own"));
  ASSERT_TRUE(journal.has_value() && journal->note(path("gone/knob"), "old").has_value());
  EXPECT_EQ(clean_up(), 1);
  EXPECT_THAT(said_, HasSubstr("gone/knob"));
  EXPECT_TRUE(fs::exists(journal_path(path("journals"), 12)));
}

TEST_F(Abandoned, AGroupWithProcessesOfAnotherPidNamespaceIsNotTouched) {
  fs::create_directories(path("own/ktstr-12/cg_0"));
  write("own/ktstr-12/cg_0/cgroup.procs", "0\n");
  const Status removed = kill_and_remove_group(path("own"), "ktstr-12");
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().code(), ErrorCode::kBusy);
  EXPECT_TRUE(fs::exists(path("own/ktstr-12/cg_0/cgroup.procs")));
}

}  // namespace
}  // namespace ktstr
