// SPDX-License-Identifier: Apache-2.0
//
// The host's side of the doorbell. The guest writes kBellRingBytes to a port whose chardev is a FIFO that holds one
// byte less, so it stands still inside the device model, at one fixed instruction, until the host takes bytes out. In
// det mode all vCPUs then stand still; what the host does meanwhile costs no guest time.
//
// A pipe of one page gets room again only when it is empty: what is read from its middle leaves no space. So when the
// next ring begins before the last byte of the one before was taken, that ring stands still a byte earlier.
//
// Several guest processes may ring at once. Their bytes mix, but nobody gets kBellRingBytes through without one whole
// answer in between, which is all that a ring promises.
#pragma once

#include <filesystem>
#include <functional>

#include "base/fd.h"
#include "base/result.h"
#include "wire/mailbox.h"

namespace ktstr {

class Doorbell {
 public:
  // Makes the FIFO and opens its reading end. Before QEMU starts: QEMU's open would wait for a reader.
  static Result<Doorbell> create(const std::filesystem::path& fifo);

  // Readable (poll) when somebody rings.
  int fd() const { return reader_.get(); }

  enum class State {
    kQuiet,     // poll fd() for the next ring
    kFilling,   // a ring has begun or is ending: call again in a millisecond, fd() stays readable
    kAnswered,  // one ring was answered; call again in a millisecond
  };
  // Where a whole ring is there, calls `on_ring`, answers in the mailbox and lets the guest go on. An error of
  // `on_ring` is returned, and the guest stays where it is.
  Result<State> serve(mailbox::View view, const std::function<Status()>& on_ring);

 private:
  explicit Doorbell(Fd reader) : reader_(std::move(reader)) {}
  Result<std::size_t> waiting() const;
  Status take(std::size_t count);
  Status take_owed();

  Fd reader_;
  std::size_t owed_ = 0;       // bytes of an answered ring that have yet to come
  std::size_t used_up_ = 0;    // bytes of the page that were read and give no room; at most one too many
  std::size_t last_seen_ = 0;  // bytes waiting at the last look
};

}  // namespace ktstr
