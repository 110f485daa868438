// SPDX-License-Identifier: Apache-2.0
#include "mutated.h"
#include "runner/event_file.h"
#include "runner/event_text.h"

using namespace ktstr;

namespace {

ByteVector some_events() {
  const ByteVector line = encode(LogRecord{LogRecord::Stream::kBody, "line"});
  return pack_events({{RecordType::kLog, mailbox::Lane::kAgent, 0, 1, line},
                      {RecordType::kLog, mailbox::Lane::kBody, 0, 2, line},
                      {RecordType::kEnd, mailbox::Lane::kAgent, 1, 3, {}}});
}

}  // namespace

// events.bin: what one reader takes, the other takes as well, and it is written again as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ByteVector> bases{some_events()};
  static const std::vector<Record> untouched = *unpack_events(bases.front());
  const auto records = unpack_events(fuzz::mutated(bases, data, size));
  if (!records) return 0;
  std::size_t seen = 0;
  for (const Record& record : *records) seen += describe(record).size();
  if (const auto difference = first_difference(untouched, *records)) seen += difference->size();
  const auto again = unpack_events(pack_events(*records));
  if (!again || again->size() != records->size()) __builtin_trap();
  return seen == SIZE_MAX ? -1 : 0;
}
