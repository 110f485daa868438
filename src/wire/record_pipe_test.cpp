// SPDX-License-Identifier: Apache-2.0
#include "wire/record_pipe.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <thread>

#include "base/file.h"
#include "wire/records.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

class RecordPipe : public testing::Test {
 protected:
  RecordPipe() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    EXPECT_EQ(::fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    reader_.emplace(Fd(fds[0]));
    raw_ = fds[1];
    writer_.emplace(Fd(fds[1]));
  }
  void write_raw(ByteSpan bytes) const { ASSERT_TRUE(write_all(raw_, bytes).has_value()); }
  std::string refusal() {
    read_ = reader_->read();
    const Status& sound = reader_->sound();
    if (sound) return "taken";
    EXPECT_EQ(sound.error().code(), ErrorCode::kCorruptData);
    return sound.error().message();
  }
  int raw_ = -1;
  std::vector<Record> read_;  // before the refusal
  std::optional<RecordPipeReader> reader_;
  std::optional<RecordPipeWriter> writer_;
};

TEST_F(RecordPipe, DeliversRecordsOfTheBodyInOrderOnce) {
  EXPECT_TRUE(reader_->read().empty());
  writer_->append(RecordType::kMark, 10, as_byte_span("one"));
  writer_->append(RecordType::kResult, 20, {});
  const auto records = reader_->read();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(as_text(records[0].payload), "one");
  EXPECT_EQ(records[0].time_ns, 10u);
  EXPECT_EQ(records[0].lane, mailbox::Lane::kBody);
  EXPECT_EQ(records[1].type, RecordType::kResult);
  EXPECT_EQ(records[1].sequence, 1u);
  EXPECT_TRUE(reader_->read().empty());
}

TEST_F(RecordPipe, AWriterWaitsWhileThePipeIsFullAndNothingIsLost) {
  std::jthread body([this] {
    for (int i = 0; i < 20; ++i) writer_->append(RecordType::kLog, 0, ByteVector(300'000));
  });
  std::size_t seen = 0;
  while (seen < 20) {
    const auto records = reader_->read();
    ASSERT_TRUE(reader_->sound()) << reader_->sound().error().message();
    for (const Record& record : records) {
      EXPECT_EQ(record.sequence, seen++);
      EXPECT_EQ(record.payload.size(), 300'000u);
    }
  }
}

TEST_F(RecordPipe, OfARecordThatItsWriterDidNotFinishNothingIsSeen) {
  const ByteVector frame = make_frame(RecordType::kMark, 0, 0, as_byte_span("half of it"));
  write_raw(ByteSpan(frame).first(kFrameHeaderBytes + 3));
  EXPECT_TRUE(reader_->read().empty());
  writer_.reset();
  EXPECT_TRUE(reader_->read().empty());
}

TEST_F(RecordPipe, WhatIsNoFrameIsRefusedWithItsPlace) {
  writer_->append(RecordType::kMark, 0, as_byte_span("12345678"));
  write_raw(as_byte_span("what a test prints into a descriptor that is not its own"));
  EXPECT_EQ(refusal(), "record at byte 40 of the body's: no frame starts there");
  ASSERT_EQ(read_.size(), 1u) << "what came whole before it is lost";
  EXPECT_EQ(as_text(read_.front().payload), "12345678");
  EXPECT_EQ(refusal(), "record at byte 40 of the body's: no frame starts there");
}

TEST_F(RecordPipe, ALengthThatIsImpossibleIsRefusedBeforeItIsWaitedFor) {
  ByteVector frame = make_frame(RecordType::kMark, 0, 0, {});
  frame[10] = std::byte{0x7f};  // of its length, the third byte
  write_raw(frame);
  EXPECT_THAT(refusal(), HasSubstr("its length is impossible"));
}

TEST_F(RecordPipe, AMissingRecordIsNoticed) {
  write_raw(make_frame(RecordType::kMark, 1, 0, {}));
  EXPECT_THAT(refusal(), HasSubstr("records are missing before it"));
}

TEST_F(RecordPipe, ARecordThatIsTooLargeIsDroppedAndTheOthersAreWritten) {
  writer_->append(RecordType::kLog, 0, ByteVector(kMaxPayloadBytes + 1));
  writer_->append(RecordType::kEnd, 0, {});
  EXPECT_TRUE(writer_->written());
  EXPECT_EQ(writer_->dropped(), 1u);
  const auto records = reader_->read();
  ASSERT_TRUE(reader_->sound());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records.front().type, RecordType::kEnd);
}

}  // namespace
}  // namespace ktstr
