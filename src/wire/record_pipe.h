// SPDX-License-Identifier: Apache-2.0
//
// Records of a body that runs on this machine, in a pipe: the frames that a guest's body writes into its lane. The
// reader trusts the writer no more than a guest, and the pipe's size is the most that waits to be read.
#pragma once

#include <vector>

#include "base/fd.h"
#include "wire/frame.h"

namespace ktstr {

class RecordPipeWriter {
 public:
  explicit RecordPipeWriter(Fd pipe) : pipe_(std::move(pipe)) {}
  // Blocks while the pipe is full. A payload above kMaxPayloadBytes is dropped and counted, as in a lane. After a
  // failure nothing more is written.
  void append(RecordType type, std::uint64_t time_ns, ByteSpan payload);
  // Whether all that was not dropped was written.
  const Status& written() const { return written_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  Fd pipe_;
  std::uint32_t sequence_ = 0;
  std::uint64_t dropped_ = 0;
  Status written_ = ok();
};

class RecordPipeReader {
 public:
  // Of the body's lane. `pipe` does not block.
  explicit RecordPipeReader(Fd pipe) : pipe_(std::move(pipe)) {}
  const Fd& pipe() const { return pipe_; }
  // What has come since the last call, up to bytes that are not what a writer writes. The start of a record whose
  // writer died in the middle of it is none.
  std::vector<Record> read();
  // kCorruptData once there were such bytes; kSystem (errno) of a pipe that cannot be read. Nothing is read after it.
  const Status& sound() const { return sound_; }

 private:
  Fd pipe_;
  FrameReader frames_{mailbox::Lane::kBody};
  Status sound_ = ok();
  ByteVector unread_;
  std::uint64_t consumed_ = 0;
};

}  // namespace ktstr
