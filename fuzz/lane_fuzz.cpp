// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "engine/watch/record_stream.h"
#include "wire/records.h"

using namespace ktstr;

namespace {

// The guest writes where it likes, at any time; only the beginning of each lane is edited, so that it is quick.
constexpr std::size_t kEdited = 512;

ByteVector& guest_memory() {
  static ByteVector memory(mailbox::kDeliveryOffset);
  return memory;
}

void write_some_records(mailbox::View view) {
  for (const auto lane : {mailbox::Lane::kAgent, mailbox::Lane::kBody}) {
    view.layout().lanes[static_cast<std::size_t>(lane)] = {};
    LaneWriter writer(view, lane, [](auto, auto) {});
    for (int i = 0; i < 6; ++i) writer.append(RecordType::kLog, 7, encode(LogRecord{LogRecord::Stream::kBody, "line"}));
  }
}

}  // namespace

// Triples: where (16 bits) and the new value; 0xffff stands for a look of the host.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mailbox::View view(guest_memory());
  write_some_records(view);
  std::size_t seen = 0;
  RecordStream stream(view, [&](const Record& record) {
    if (record.payload.size() > kMaxPayloadBytes) __builtin_trap();
    ++seen;
    return ok();
  });
  auto* blocks = reinterpret_cast<std::byte*>(view.layout().lanes.data());
  for (std::size_t at = 0; at + 3 <= size; at += 3) {
    const std::size_t where = data[at] | std::size_t{data[at + 1]} << 8;
    const auto value = static_cast<std::byte>(data[at + 2]);
    if (where == 0xffff) {
      if (!stream.drain()) break;
    } else if (where < sizeof(view.layout().lanes)) {
      blocks[where] = value;
    } else {
      view.lane(where % 2 == 0 ? mailbox::Lane::kAgent : mailbox::Lane::kBody)[where / 2 % kEdited] = value;
    }
  }
  (void)stream.drain();
  return seen > 1'000'000 || stream.dropped() == 1 ? -1 : 0;
}
