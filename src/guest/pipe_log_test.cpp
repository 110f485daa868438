// SPDX-License-Identifier: Apache-2.0
#include "guest/pipe_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <optional>

#include "base/file.h"

namespace ktstr::guest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PipeLogTest : public testing::Test {
 protected:
  void print(std::string_view text) { ASSERT_TRUE(write_all(pipe_.write_fd(), as_byte_span(text))); }
  // Prints more than a pipe holds: what is read in between makes room.
  void print_long(std::string_view text) {
    for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(text.size(), 32768))) {
      print(text.substr(0, 32768));
      pipe_.drain(log_);
    }
  }
  void look() {
    const auto read = reader_.read();
    ASSERT_TRUE(reader_.sound()) << reader_.sound().error().message();
    for (const Record& record : read) {
      if (record.type == RecordType::kOutput)
        output_ = *decode<OutputRecord>(record.payload);
      else
        lines_.push_back(decode<LogRecord>(record.payload)->text);
    }
  }
  void finish() {
    pipe_.finish(log_);
    look();
  }

  std::vector<std::byte> box_ = std::vector<std::byte>(mailbox::kDeliveryOffset);
  mailbox::View view_{box_};
  RecordLog log_{view_, mailbox::Lane::kAgent};
  LaneReader reader_{view_, mailbox::Lane::kAgent};
  PipeLog pipe_ = *PipeLog::create(LogRecord::Stream::kScheduler);
  std::vector<std::string> lines_;
  std::optional<OutputRecord> output_;
};

TEST_F(PipeLogTest, LogsWholeLinesAsTheyCome) {
  print("one\ntw");
  pipe_.drain(log_);
  look();
  EXPECT_THAT(lines_, ElementsAre("one"));
  print("o\n\nthree");
  pipe_.close_write_end();
  pipe_.drain(log_);
  look();
  EXPECT_THAT(lines_, ElementsAre("one", "two", "", "three"));
  EXPECT_EQ(pipe_.read_fd(), -1);
  finish();
  EXPECT_FALSE(output_) << "little was printed";
}

TEST_F(PipeLogTest, LogsTheRestOfAProgramThatIsStillThereAtTheEnd) {
  print("begun");
  finish();
  EXPECT_THAT(lines_, ElementsAre("begun"));
}

TEST_F(PipeLogTest, KeepsTheFirstAndTheLastOfALongOutputAndSaysHowMuchIsMissing) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += fmt::format("line {}\n", i);
  print_long(text);
  finish();
  EXPECT_EQ(lines_.front(), "line 0");
  EXPECT_EQ(lines_.back(), "line 99999");
  const auto gap = std::find_if(lines_.begin(), lines_.end(), [](auto& line) { return line.starts_with("("); });
  ASSERT_NE(gap, lines_.end());
  ASSERT_TRUE(output_);
  EXPECT_EQ(output_->printed, text.size());
  EXPECT_EQ(*gap, fmt::format("({} bytes of the output are not kept)", output_->dropped));
  EXPECT_GE(output_->dropped, text.size() - PipeLog::kHead - PipeLog::kTail);
  EXPECT_LT(output_->dropped, text.size() - PipeLog::kHead);
  EXPECT_TRUE((gap + 1)->starts_with("line ")) << "no line that is cut off";
}

TEST_F(PipeLogTest, MissesNothingOfAnOutputThatEndsInTheTail) {
  std::string text;
  while (text.size() < PipeLog::kHead + PipeLog::kTail / 2) text += fmt::format("line {}\n", text.size());
  print_long(text);
  finish();
  std::string joined;
  for (const std::string& line : lines_) joined += line + "\n";
  EXPECT_EQ(joined, text);
}

TEST_F(PipeLogTest, CutsALineWithoutEnd) {
  print_long(std::string(3 * PipeLog::kLongestLine, 'x') + "\n");
  finish();
  EXPECT_EQ(lines_.size(), 3u);
  EXPECT_LE(lines_[0].size(), PipeLog::kLongestLine);
}

TEST_F(PipeLogTest, ReadsAShareAtATime) {
  ASSERT_EQ(::fcntl(pipe_.write_fd(), F_SETPIPE_SZ, 1 << 20), 1 << 20);
  print(std::string(PipeLog::kShare * 2, 'x'));
  pipe_.drain(log_);
  int left = 0;
  ASSERT_EQ(::ioctl(pipe_.read_fd(), FIONREAD, &left), 0);
  EXPECT_EQ(static_cast<std::size_t>(left), PipeLog::kShare);
}

TEST_F(PipeLogTest, CountsWhatIsPrintedInTheTestAlone) {
  print_long(std::string(PipeLog::kMuch, 'a'));
  pipe_.begin_test();
  print_long(std::string(PipeLog::kMuch + 1, 'b'));
  pipe_.end_test();
  print_long("c");
  finish();
  ASSERT_TRUE(output_);
  EXPECT_EQ(output_->test_printed, PipeLog::kMuch + 1);
  EXPECT_EQ(output_->dropped, 0u);
  EXPECT_GT(output_->test_ns, 0u);
}

}  // namespace
}  // namespace ktstr::guest
