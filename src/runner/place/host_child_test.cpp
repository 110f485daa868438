// SPDX-License-Identifier: Apache-2.0
#include "runner/place/host_child.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using EndKind = HostChildEnd::Kind;

// A shell in place of a body; "$OUT" is the pipe for its records.
class HostChildTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr_host_child_test");
    ASSERT_TRUE(dir.has_value()) << dir.error().render();
    dir_.emplace(*std::move(dir));
    ByteVector two = make_frame(RecordType::kMark, 0, 0, as_byte_span("one"));
    const ByteVector second = make_frame(RecordType::kMark, 1, 0, as_byte_span("two"));
    two.insert(two.end(), second.begin(), second.end());
    ASSERT_TRUE(write_atomically(dir_->path() / "records", two).has_value());
  }
  HostChildEnd run(const std::string& script, Nanoseconds limit = 60s) {
    const std::string prologue =
        fmt::format("RECORDS={}; OUT=/proc/self/fd/$KTSTR_HOST_RECORDS_FD; ", (dir_->path() / "records").string());
    auto end =
        run_host_child({.argv = {"sh", "-c", prologue + script},
                        .job_json = "the job",
                        .journals = dir_->path(),
                        .limit = limit,
                        .interrupted = [this] { return interrupted_; },
                        .take =
                            [this](const Record& record) {
                              taken_.emplace_back(as_text(record.payload));
                              return taken_.size() < most_ ? ok() : Status(fail(ErrorCode::kUnsupported, "enough"));
                            },
                        .clean_up = [this](int) { ++cleaned_up_; }});
    EXPECT_TRUE(end.has_value()) << (end ? "" : end.error().render());
    EXPECT_EQ(cleaned_up_, 1);
    return end ? *std::move(end) : HostChildEnd{};
  }

  std::optional<TempDir> dir_;
  std::vector<std::string> taken_;
  std::size_t most_ = 100;
  bool interrupted_ = false;
  int cleaned_up_ = 0;
};

TEST_F(HostChildTest, GetsItsJobAndGivesRecordsOutputAndItsEnd) {
  const HostChildEnd end = run("cat /proc/self/fd/0; echo; cat $RECORDS > $OUT; echo said >&2; exit 3");
  EXPECT_EQ(end.kind, EndKind::kEnded);
  EXPECT_TRUE(end.taken.has_value());
  EXPECT_EQ(end.exit.describe(), "exited with status 3");
  EXPECT_THAT(taken_, ElementsAre("one", "two"));
  EXPECT_THAT(end.output, ElementsAre("the job", "said"));
}

TEST_F(HostChildTest, WhatADeadOneBeganToSayIsPassedOver) {
  const HostChildEnd end = run("cat $RECORDS > $OUT; head -c 20 $RECORDS > $OUT; kill -9 $$");
  EXPECT_EQ(end.kind, EndKind::kEnded);
  EXPECT_TRUE(end.taken.has_value());
  EXPECT_EQ(end.exit.describe(), "killed by signal 9 (SIGKILL)");
  EXPECT_THAT(taken_, ElementsAre("one", "two"));
}

TEST_F(HostChildTest, WhatIsNoRecordEndsIt) {
  const HostChildEnd end = run("cat $RECORDS > $OUT; seq 100 > $OUT; exec sleep 60");
  EXPECT_EQ(end.kind, EndKind::kNotTaken);
  EXPECT_EQ(end.taken.error().code(), ErrorCode::kCorruptData);
  EXPECT_EQ(end.exit.describe(), "killed by signal 9 (SIGKILL)");
}

TEST_F(HostChildTest, MoreThanIsTakenEndsIt) {
  most_ = 2;
  const HostChildEnd end = run("cat $RECORDS > $OUT; exec sleep 60");
  EXPECT_EQ(end.kind, EndKind::kNotTaken);
  EXPECT_EQ(end.taken.error().code(), ErrorCode::kUnsupported);
}

TEST_F(HostChildTest, ItsLimitEndsItWhateverItPrints) {
  const HostChildEnd end = run("exec yes", 200ms);
  EXPECT_EQ(end.kind, EndKind::kTimedOut);
  EXPECT_EQ(end.output.back(), "y");
}

TEST_F(HostChildTest, AnInterruptEndsIt) {
  interrupted_ = true;
  EXPECT_EQ(run("exec sleep 60").kind, EndKind::kInterrupted);
}

}  // namespace
}  // namespace ktstr
