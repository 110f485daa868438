// SPDX-License-Identifier: Apache-2.0
#include "host/undo_journal.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::HasSubstr;

class Journal : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr_journal_test");
    ASSERT_TRUE(dir.has_value()) << dir.error().render();
    dir_.emplace(*std::move(dir));
  }
  fs::path file(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(write_atomically(dir_->path() / name, as_byte_span(text)).has_value());
    return dir_->path() / name;
  }
  UndoJournal journal() const {
    auto made = UndoJournal::create(dir_->path() / "run", 7, "/cg/own");
    EXPECT_TRUE(made.has_value());
    return *std::move(made);
  }
  static std::string text_of(const fs::path& path) { return read_text(path).value_or("(unreadable)"); }

  std::optional<TempDir> dir_;
};

TEST_F(Journal, SaysWhereTheRunMadeItsGroupsAndWhatItChangedInOrder) {
  UndoJournal undo = journal();
  ASSERT_TRUE(undo.note("/a", "1\t2").has_value());
  ASSERT_TRUE(undo.note("/b", "").has_value());
  const auto read = read_journal(journal_path(dir_->path() / "run", 7));
  ASSERT_TRUE(read.has_value()) << read.error().render();
  EXPECT_EQ(read->own_cgroup, "/cg/own");
  ASSERT_EQ(read->changes.size(), 2U);
  EXPECT_EQ(read->changes[0].before, "1\t2");
  EXPECT_EQ(read->changes[1].file, "/b");
}

TEST_F(Journal, LeavesOutTheEntryInTheMiddleOfWhichTheRunWasKilled) {
  const fs::path torn = file("torn", std::string("/own\0\0/a\0one\0/b\0tw", 17));
  const auto read = read_journal(torn);
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->changes.size(), 1U);
  EXPECT_EQ(read->changes[0].before, "one");
  const auto empty = read_journal(file("empty", ""));
  ASSERT_TRUE(empty.has_value());
  EXPECT_TRUE(empty->own_cgroup.empty() && empty->changes.empty());
}

TEST_F(Journal, OfTwoChangesOfOneFileTheFirstOneSaysHowItWas) {
  const fs::path knob = file("knob", "3\n");
  EXPECT_TRUE(put_back({{knob, "1"}, {knob, "2"}}).empty());
  EXPECT_EQ(text_of(knob), "1\n");
}

TEST_F(Journal, DoesNotTouchAFileThatShowsItAlready) {
  const fs::path knob = file("knob", "1\t2\n");
  fs::permissions(knob, fs::perms::owner_read);
  const auto before = fs::last_write_time(knob);
  EXPECT_TRUE(put_back({{knob, "1 2"}}).empty());
  EXPECT_EQ(fs::last_write_time(knob), before);
  EXPECT_EQ(text_of(knob), "1\t2\n");
}

TEST_F(Journal, WhatCannotBePutBackIsNamedAndDoesNotKeepTheRest) {
  const fs::path knob = file("knob", "3\n");
  const auto errors = put_back({{knob, "1"}, {dir_->path() / "gone", "on"}});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].message(), testing::AllOf(HasSubstr("put back 'on'"), HasSubstr("gone")));
  EXPECT_EQ(text_of(knob), "1\n");
}

}  // namespace
}  // namespace ktstr
