// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "mutated.h"
#include "trace/testing/resealed_trace.h"
#include "trace/testing/sample_stream.h"
#include "trace/trace_file.h"

using namespace ktstr;

namespace {

ByteVector some_trace() {
  char name[] = "/tmp/ktstr-fuzz.XXXXXX";
  const int fd = ::mkstemp(name);
  if (fd < 0) __builtin_trap();
  const Fd file(fd);
  auto writer =
      TraceWriter::create(name, {.kernel = "7.3.4", .cpus = 2, .source = "plugin", .missing = {{"a", "b", "c"}}});
  for (const TraceEvent& event : sample_stream(40, {.cpus = 2, .tasks = 3})) writer->add(event);
  const bool whole = writer->finish().has_value();
  const auto bytes = read_bytes(name);
  fs::remove(name);
  if (!whole || !bytes) __builtin_trap();
  return *bytes;
}

std::uint64_t read(ByteSpan bytes) {
  auto reader = TraceReader::over(bytes);
  if (!reader) return 0;
  std::uint64_t seen = reader->header().missing.size();
  for (;;) {
    const auto event = reader->next();
    if (!event || !*event) break;
    if ((*event)->count > kMostTraceValues) __builtin_trap();
    seen += to_text(**event).size();
  }
  return seen + reader->not_stored();
}

}  // namespace

// trace.bin as it is, and with hashes that are right, so that what is behind them is looked at. The bytes are also
// read as the inside of a block, which zstd would not let through.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ByteVector> bases{some_trace()};
  ByteVector bytes = fuzz::mutated(bases, data, size);
  std::uint64_t seen = read(bytes);
  TraceDecoder decoder(known_trace_kinds());
  decoder.begin_block(bytes);
  TraceEvent event;
  while (!decoder.at_end() && decoder.next(event) != TraceDecoder::Outcome::kDamaged) seen += event.values[0];
  seen += read(resealed_trace(std::move(bytes)));
  return seen == UINT64_MAX ? -1 : 0;
}
