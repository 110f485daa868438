// SPDX-License-Identifier: Apache-2.0
//
// The guest's event stream as a file (events.bin), its digest, and where two streams first differ.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
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

ByteVector pack_events(const std::vector<Record>& records);
Result<std::vector<Record>> unpack_events(ByteSpan bytes);

// One line for people: "body lane, record 17 (worker) at 2.104551 s: ...".
std::string describe(const Record& record);
// The first record, lane by lane, in which two streams differ, both shown; empty when they are equal.
std::optional<std::string> first_difference(const std::vector<Record>& a, const std::vector<Record>& b);

}  // namespace ktstr
