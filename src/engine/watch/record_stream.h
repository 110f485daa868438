// SPDX-License-Identifier: Apache-2.0
//
// The records of all lanes as one stream.
#pragma once

#include <functional>

#include "base/result.h"
#include "wire/lane.h"

namespace ktstr {

class RecordStream {
 public:
  using Sink = std::function<Status(const Record&)>;
  RecordStream(mailbox::View view, Sink sink);

  // Hands on what has come since the last call, in the order of (time, lane) as far as the lanes' own order allows.
  Status drain();
  // Of all lanes; never wraps.
  std::uint64_t dropped() const;

 private:
  std::vector<LaneReader> readers_;
  Sink sink_;
};

}  // namespace ktstr
