// SPDX-License-Identifier: Apache-2.0
//
// The guest's event stream as a file (events.bin), its digest, and where two streams first differ. A stream may be as
// long as a hostile guest makes it, so it is written as it comes, and compared without being held in memory.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"
#include "wire/lane.h"
#include "wire/records.h"

namespace ktstr {

// Hashes every record of every lane: type, order, guest time and contents. Lanes are hashed apart, so that how the host
// happened to interleave its reads does not matter.
class StreamDigest {
 public:
  void add(const Record& record);
  std::string finish();

 private:
  std::array<Sha256, mailbox::kLaneCount> lanes_;
};

// Writes the file while the records come.
class EventWriter {
 public:
  static Result<EventWriter> create(const fs::path& path);
  // After a failure nothing more is written, and finish() says why.
  void add(const Record& record);
  // Without it the file can be read as far as it goes.
  Status finish();

 private:
  explicit EventWriter(Fd fd) : fd_(std::move(fd)) {}
  void flush();
  Fd fd_;
  ByteWriter buffer_;
  std::uint32_t count_ = 0;
  Status written_ = ok();
};

// Reads a file record by record; does not own the bytes.
class EventReader {
 public:
  explicit EventReader(ByteSpan bytes);
  // Empty: that was all. kCorruptData where the bytes are no event file.
  Result<std::optional<Record>> next();

 private:
  ByteReader in_;
  std::uint32_t left_;
  bool unfinished_;
};

ByteVector pack_events(const std::vector<Record>& records);
Result<std::vector<Record>> unpack_events(ByteSpan bytes);

// One line for people: "body lane, record 17 (worker) at 2.104551 s: ...".
std::string describe(const Record& record);
// The first record, lane by lane, in which two streams differ, both shown; empty when they are equal.
std::optional<std::string> first_difference(const std::vector<Record>& a, const std::vector<Record>& b);
// The same of two event files.
Result<std::optional<std::string>> first_difference(const fs::path& a, const fs::path& b);

}  // namespace ktstr
