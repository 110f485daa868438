// SPDX-License-Identifier: Apache-2.0
#include "wire/record_pipe.h"

#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace ktstr {

namespace {

constexpr std::size_t kShare = 1 << 20;  // read at most so much at a time

}  // namespace

void RecordPipeWriter::append(RecordType type, std::uint64_t time_ns, ByteSpan payload) {
  if (!written_) return;
  if (payload.size() > kMaxPayloadBytes)
    ++dropped_;
  else
    written_ = write_all(pipe_.get(), make_frame(type, sequence_++, time_ns, payload));
}

std::vector<Record> RecordPipeReader::read() {
  std::vector<Record> records;
  if (!sound_) return records;
  std::byte buffer[65536];
  ssize_t got = 0;
  for (std::size_t all = 0; all < kShare && (got = ::read(pipe_.get(), buffer, sizeof buffer)) > 0;) {
    unread_.insert(unread_.end(), buffer, buffer + got);
    all += static_cast<std::size_t>(got);
  }
  if (got < 0 && errno != EAGAIN && errno != EINTR) sound_ = fail_errno("cannot read the body's records");
  std::size_t used = 0;
  for (;;) {
    auto record = frames_.next(ByteSpan(unread_).subspan(used));
    if (!record) {
      sound_ = std::move(record).error().context(fmt::format("record at byte {} of the body's", consumed_ + used));
      break;
    }
    if (!*record) break;
    used += frame_bytes((*record)->payload.size());
    records.push_back(**std::move(record));
  }
  consumed_ += used;
  unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(used));
  return records;
}

}  // namespace ktstr
