// SPDX-License-Identifier: Apache-2.0
//
// What a body in host mode writes into its pipe, in pieces as they may come.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "wire/record_pipe.h"
#include "wire/records.h"

using namespace ktstr;

namespace {

struct Ends {
  Fd read_end, write_end;
};

Ends open_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) __builtin_trap();
  return {Fd(fds[0]), Fd(fds[1])};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Ends ends = open_pipe();
  RecordPipeReader reader(std::move(ends.read_end));
  const std::size_t piece = data[0] + std::size_t{1};
  for (std::size_t at = 1; at < size; at += piece) {
    const std::size_t length = std::min(piece, size - at);
    if (::write(ends.write_end.get(), data + at, length) != static_cast<ssize_t>(length)) return 0;
    const auto records = reader.read();
    for (const Record& record : records)
      if (record.payload.size() > kMaxPayloadBytes) __builtin_trap();
    if (!reader.sound()) return 0;
  }
  return 0;
}
