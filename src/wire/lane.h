// SPDX-License-Identifier: Apache-2.0
//
// Records in a lane. A lane is written from its start; when the next record does not fit, the writer rings the
// doorbell, stands still while the host reads everything, and starts again at the beginning. So the writer never looks
// at how far the host has read, and a slow host changes nothing in the guest.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "wire/frame.h"
#include "wire/mailbox.h"

namespace ktstr {

// Guest side.
class LaneWriter {
 public:
  // `ring` blocks until the host has emptied the lane and answered.
  using Ring = std::function<void(mailbox::BellReason reason, mailbox::Lane lane)>;
  LaneWriter(mailbox::View view, mailbox::Lane lane, Ring ring);

  // A payload above kMaxPayloadBytes is dropped and counted: the host reports that.
  void append(RecordType type, std::uint64_t time_ns, ByteSpan payload);

 private:
  mailbox::View view_;
  mailbox::Lane lane_;
  Ring ring_;
  std::uint64_t used_ = 0;
  std::uint32_t sequence_ = 0;
};

// Host side. read() returns what has come since the last call.
class LaneReader {
 public:
  LaneReader(mailbox::View view, mailbox::Lane lane) : view_(view), lane_(lane), frames_(lane) {}

  // What has come since the last call, up to a frame that does not check out.
  std::vector<Record> read();
  // kCorruptData once a frame did not check out: the guest has overwritten it, or lies. Nothing is read after it.
  const Status& sound() const { return sound_; }
  // The most that the guest has ever said it had to drop.
  std::uint64_t dropped() const;

 private:
  Status read_into(std::vector<Record>& records);

  mailbox::View view_;
  mailbox::Lane lane_;
  FrameReader frames_;
  Status sound_ = ok();
  std::uint64_t generation_ = 0;
  std::uint64_t consumed_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace ktstr
