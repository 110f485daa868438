// SPDX-License-Identifier: Apache-2.0
//
// What a program prints, cut into lines and sent to the host: its first and its last output, however much there is
// between. The agent always reads on, so that the program is never held up by a full pipe, but a bounded share at a
// time, so that a program which prints without pause does not keep the agent from everything else.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "guest/mailbox_mapping.h"

namespace ktstr::guest {

class PipeLog {
 public:
  static constexpr std::size_t kHead = 256 << 10;       // bytes that are logged as they come
  static constexpr std::size_t kTail = 64 << 10;        // bytes of what comes after, logged at the end
  static constexpr std::size_t kShare = 64 << 10;       // read at most so much at a time
  static constexpr std::size_t kMuch = 64 << 10;        // what is printed beyond it while the body runs is reported
  static constexpr std::size_t kLongestLine = 8 << 10;  // a longer one is cut into several

  static Result<PipeLog> create(LogRecord::Stream stream);
  int read_fd() const { return read_end_.get(); }  // -1 once the writers are gone
  int write_fd() const { return write_end_.get(); }
  // After the program was started: ours would keep the pipe open.
  void close_write_end() { write_end_.reset(); }
  // Reads a share of what is there without blocking and logs whole lines.
  void drain(RecordLog& log);
  // Around the body: what is printed in between counts as the test's.
  void begin_test();
  void end_test();
  // At the end of the run: what is still there, the last output, and an OutputRecord where much was printed. Nothing is
  // read after it.
  void finish(RecordLog& log);

 private:
  PipeLog(Fd read_end, Fd write_end, LogRecord::Stream stream)
      : read_end_(std::move(read_end)), write_end_(std::move(write_end)), stream_(stream) {}
  // How much was read; 0: there is nothing now, or ever.
  std::size_t read_some(RecordLog& log);
  void take(RecordLog& log, std::string_view text);
  void log_lines(RecordLog& log);
  void log_tail(RecordLog& log);

  Fd read_end_, write_end_;
  LogRecord::Stream stream_;
  std::string partial_;  // of the head, a line that is not whole yet
  std::string tail_;     // the last of what came after the head
  std::uint64_t printed_ = 0, dropped_ = 0;
  std::uint64_t printed_before_ = 0, test_printed_ = 0;
  Nanoseconds test_began_{0}, test_took_{0};
  bool finished_ = false;
};

}  // namespace ktstr::guest
