// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/replay.h"

#include <gmock/gmock.h>

#include "results/run_record_json.h"
#include "runner/event_file.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

class Compared : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-replay");
    ASSERT_TRUE(dir);
    state_.emplace(*std::move(dir));
    stored_.id = "ID";
    stored_.record = run("recorded", "aa", "one");
  }
  // A finished run that said one thing.
  RunRecord run(const std::string& name, const std::string& digest, const std::string& said) {
    const fs::path dir = state_->path() / name;
    fs::create_directories(dir);
    RunRecord record;
    record.mode = "det";
    record.digest = digest;
    record.digest_complete = true;
    record.run_dir = dir.string();
    const Record log{RecordType::kLog, mailbox::Lane::kBody, 0, 7, encode(LogRecord{LogRecord::Stream::kBody, said})};
    EXPECT_TRUE(write_atomically(dir / "events.bin", pack_events({log})));
    return record;
  }

  std::optional<TempDir> state_;
  StoredRun stored_;
};

TEST_F(Compared, SameDigestKeepsTheVerdict) {
  RunRecord failing = run("again", "aa", "one");
  failing.outcome = Outcome::kFail;
  const Replayed replayed = compared(stored_, true, failing);
  EXPECT_EQ(replayed.same_digest, true);
  EXPECT_EQ(replayed.record.outcome, Outcome::kFail);
  EXPECT_TRUE(replayed.record.details.empty());
}

TEST_F(Compared, AnotherDigestFailsWithTheFirstDifferenceAlsoInTheDirectory) {
  const Replayed replayed = compared(stored_, true, run("again", "bb", "two"));
  EXPECT_EQ(replayed.same_digest, false);
  EXPECT_THAT(replayed.difference, HasSubstr("0.000000007 s: one\n  against\n"));
  EXPECT_EQ(replayed.record.outcome, Outcome::kFail);
  const auto kept = load_run_record(replayed.record.run_dir);
  ASSERT_TRUE(kept) << kept.error().render();
  ASSERT_EQ(kept->details.size(), 1u);
  EXPECT_EQ(kept->details[0].kind, DetailKind::kNotRepeatable);
  EXPECT_THAT(kept->details[0].message, HasSubstr("differs from run ID, which it replays"));
}

TEST_F(Compared, AnotherDigestIsNoFailureWhereItWasToBeExpected) {
  EXPECT_EQ(compared(stored_, false, run("again", "bb", "two")).record.outcome, Outcome::kPass);
  RunRecord real_time = run("again", "bb", "two");
  real_time.mode = "tcg";
  const Replayed replayed = compared(stored_, true, real_time);
  EXPECT_EQ(replayed.record.outcome, Outcome::kPass);
  EXPECT_EQ(replayed.same_digest, false);
}

TEST_F(Compared, ComparesNothingThatIsIncomplete) {
  RunRecord cut_off = run("again", "bb", "two");
  cut_off.digest_complete = false;
  Replayed replayed = compared(stored_, true, cut_off);
  EXPECT_EQ(replayed.same_digest, std::nullopt);
  EXPECT_THAT(replayed.difference, HasSubstr("the replayed run's digest is incomplete"));
  stored_.record.reset();
  replayed = compared(stored_, true, run("again", "bb", "two"));
  EXPECT_EQ(replayed.same_digest, std::nullopt);
  EXPECT_THAT(replayed.difference, HasSubstr("the recorded run did not get far enough"));
  EXPECT_EQ(compared(stored_, true, RunRecord{}).same_digest, std::nullopt);
}

}  // namespace
}  // namespace ktstr
