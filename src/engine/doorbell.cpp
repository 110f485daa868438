// SPDX-License-Identifier: Apache-2.0
#include "engine/doorbell.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/file.h"

namespace ktstr {

Result<Doorbell> Doorbell::create(const fs::path& fifo) {
  if (::mkfifo(fifo.c_str(), 0600) != 0) return fail_errno("cannot make the FIFO {}", fifo.string());
  KTSTR_TRY_ASSIGN(Fd reader, open_file(fifo, O_RDONLY | O_NONBLOCK));
  const int size = ::fcntl(reader.get(), F_SETPIPE_SZ, static_cast<int>(mailbox::kBellPipeBytes));
  if (size < 0) return fail_errno("cannot set the size of the FIFO {}", fifo.string());
  if (size != static_cast<int>(mailbox::kBellPipeBytes))
    return fail(ErrorCode::kUnsupported, "a FIFO on this machine holds at least {} bytes, the doorbell needs {}", size,
                mailbox::kBellPipeBytes);
  return Doorbell(std::move(reader));
}

Result<std::size_t> Doorbell::waiting() const {
  int count = 0;
  if (::ioctl(reader_.get(), FIONREAD, &count) != 0) return fail_errno("cannot ask the doorbell's FIFO how full it is");
  return static_cast<std::size_t>(count);
}

Status Doorbell::take(std::size_t count) {
  std::array<char, mailbox::kBellPipeBytes> sink;
  while (count > 0) {
    const ssize_t got = ::read(reader_.get(), sink.data(), std::min(count, sink.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read the doorbell's FIFO");
    if (got == 0) return fail(ErrorCode::kGuestLost, "QEMU closed the doorbell in the middle of a ring");
    count -= static_cast<std::size_t>(got);
  }
  return ok();
}

Status Doorbell::take_owed() {
  KTSTR_TRY_ASSIGN(const std::size_t before, waiting());
  const std::size_t count = std::min(owed_, before);
  if (count == 0) return ok();
  KTSTR_TRY(take(count));
  owed_ -= count;
  KTSTR_TRY_ASSIGN(const std::size_t after, waiting());
  used_up_ = after == 0 ? 0 : count;
  return ok();
}

Result<Doorbell::State> Doorbell::serve(mailbox::View view, const std::function<Status()>& on_ring) {
  KTSTR_TRY(take_owed());
  KTSTR_TRY_ASSIGN(const std::size_t count, waiting());
  const std::size_t before = std::exchange(last_seen_, count);
  if (count == 0) return owed_ != 0 ? State::kFilling : State::kQuiet;
  // Twice the same, because used_up_ may be one too many: then a byte is still on its way.
  if (count + used_up_ < mailbox::kBellPipeBytes || count != before) return State::kFilling;
  KTSTR_TRY(on_ring());
  auto& bell = view.layout().bell;
  mailbox::store(bell.answered, mailbox::load(bell.rings));
  KTSTR_TRY(take(count));
  owed_ = mailbox::kBellRingBytes - count;
  used_up_ = last_seen_ = 0;
  return State::kAnswered;
}

}  // namespace ktstr
