// SPDX-License-Identifier: Apache-2.0
#include "guest/pipe_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ktstr::guest {

namespace {

// At the end, of a program that goes on printing.
constexpr std::size_t kMostAtTheEnd = 2 << 20;

}  // namespace

Result<PipeLog> PipeLog::create(LogRecord::Stream stream) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
  PipeLog pipe(Fd{fds[0]}, Fd{fds[1]}, stream);
  if (::fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) return fail_errno("cannot make a pipe non-blocking");
  return pipe;
}

void PipeLog::drain(RecordLog& log) {
  for (std::size_t taken = 0; taken < kShare && read_end_.valid();) {
    const std::size_t got = read_some(log);
    if (got == 0) return;
    taken += got;
  }
}

std::size_t PipeLog::read_some(RecordLog& log) {
  char buffer[16384];
  ssize_t got;
  do {
    got = ::read(read_end_.get(), buffer, sizeof buffer);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return 0;
  if (got <= 0) {
    read_end_.reset();
    log_tail(log);
    return 0;
  }
  take(log, {buffer, static_cast<std::size_t>(got)});
  return static_cast<std::size_t>(got);
}

void PipeLog::take(RecordLog& log, std::string_view text) {
  const std::size_t head = printed_ < kHead ? std::min<std::size_t>(text.size(), kHead - printed_) : 0;
  printed_ += text.size();
  partial_ += text.substr(0, head);
  log_lines(log);
  tail_ += text.substr(head);
  if (tail_.size() > 2 * kTail) tail_.erase(0, tail_.size() - kTail);
}

void PipeLog::log_lines(RecordLog& log) {
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = partial_.find('\n', begin);
    const std::size_t length = (end == std::string::npos ? partial_.size() : end) - begin;
    if (length > kLongestLine) {
      log.log(stream_, partial_.substr(begin, kLongestLine));
      begin += kLongestLine;
    } else if (end == std::string::npos) {
      break;
    } else {
      log.log(stream_, partial_.substr(begin, length));
      begin = end + 1;
    }
  }
  partial_.erase(0, begin);
}

// Lines of it may lie in the head in part: then they are whole only where nothing is missing in between.
void PipeLog::log_tail(RecordLog& log) {
  const std::uint64_t after_head = printed_ - std::min<std::uint64_t>(printed_, kHead);
  if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
  dropped_ = after_head - tail_.size();
  if (dropped_ != 0) {
    if (!partial_.empty()) log.log(stream_, std::exchange(partial_, {}));
    log.log(stream_, fmt::format("({} bytes of the output are not kept)", dropped_));
    if (const std::size_t whole = tail_.find('\n'); whole != std::string::npos) tail_.erase(0, whole + 1);
  }
  partial_ += std::exchange(tail_, {});
  if (!partial_.empty() && partial_.back() != '\n') partial_ += '\n';
  log_lines(log);
}

void PipeLog::begin_test() {
  printed_before_ = printed_;
  test_began_ = monotonic_now();
}

void PipeLog::end_test() {
  if (test_began_.count() == 0) return;
  test_printed_ = printed_ - printed_before_;
  test_took_ = monotonic_now() - test_began_;
}

void PipeLog::finish(RecordLog& log) {
  if (std::exchange(finished_, true)) return;
  std::size_t taken = 0;
  while (read_end_.valid() && taken < kMostAtTheEnd) {
    const std::size_t got = read_some(log);
    if (got == 0) break;
    taken += got;
  }
  if (read_end_.valid()) log_tail(log);
  read_end_.reset();
  if (dropped_ == 0 && test_printed_ <= kMuch) return;
  log.write(RecordType::kOutput, OutputRecord{.stream = stream_,
                                              .printed = printed_,
                                              .dropped = dropped_,
                                              .test_printed = test_printed_,
                                              .test_ns = static_cast<std::uint64_t>(test_took_.count())});
}

}  // namespace ktstr::guest
