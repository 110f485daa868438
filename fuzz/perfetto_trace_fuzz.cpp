// SPDX-License-Identifier: Apache-2.0
#include "mutated.h"
#include "replay/perfetto_trace.h"
#include "replay/replay_scenario.h"
#include "trace/export/proto_writer.h"

using namespace ktstr;

namespace {

// A packet with a switch, a waking, and both as lists.
ByteVector some_packet() {
  ProtoWriter out;
  const std::size_t packet = out.open(1), bundle = out.open(1);
  out.number(1, 2);
  for (const std::uint32_t kind : {4U, 20U}) {
    const std::size_t event = out.open(2);
    out.number(1, 1000 * kind);
    const std::size_t fields = out.open(kind);
    out.text(1, "comm");
    out.number(2, 12);
    out.number(4, 1);
    out.number(6, 34);
    out.close(fields);
    out.close(event);
  }
  const std::size_t compact = out.open(4);
  out.text(5, "comm");
  for (const std::uint32_t list : {1U, 2U, 3U, 4U, 6U, 7U, 8U, 9U, 10U, 11U, 12U})
    out.text(list, std::string("\x01\x00", 2));
  out.close(compact);
  out.close(bundle);
  out.close(packet);
  return {out.bytes().begin(), out.bytes().end()};
}

}  // namespace

// A trace of Perfetto, up to the scenario file that is made of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ByteVector> bases{some_packet()};
  const ByteVector bytes = fuzz::mutated(bases, data, size);
  const auto recording = read_perfetto(bytes);
  if (!recording) return 0;
  const auto made = replay_scenario(*recording, {.name = "fuzz"});
  return made && made->toml.empty() ? -1 : 0;
}
