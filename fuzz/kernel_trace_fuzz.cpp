// SPDX-License-Identifier: Apache-2.0
//
// A guest that says what it likes of how its kernel has traced itself: formats of events, and parts of its rings. What
// comes out of it is a trace that can be written and read.
#include <cstdlib>

#include "mutated.h"
#include "trace/scheduling.h"
#include "trace/testing/made_ring.h"
#include "trace/tracefs/kernel_trace.h"

using namespace ktstr;

namespace {

ByteVector some_pages() {
  ByteVector move = MadeEvent(kMoveId).number32(0).number32(1).number64(77).number32(7).number32(36 | 3 << 16).bytes();
  move.resize(36);
  for (const char one : {'/', 'x', '\0', '\0'}) move.push_back(static_cast<std::byte>(one));
  return made_pages({MadePart(100)
                         .event(0, switch_event("a", 7, 1, "b", 8))
                         .word(30 | 3 << 5)
                         .word(2)
                         .event(1, wakeup_event("a", 7, 1))
                         .word(29 | 1 << 5)
                         .word(4)
                         .event(1, MadeEvent(kNewTaskId, 7).number32(9).text("c").number32(0).number64(0x10000).bytes())
                         .bytes(),
                     MadePart(200).event(1, move).word(0).word(12).word(1).word(2).word(29).bytes(3)});
}

void read(KernelTrace& trace, ByteSpan pages) {
  ignore_result(trace.add_pages(0, pages), "it is damaged");
  ignore_result(trace.add_pages(1, pages), "it is damaged");
  trace.add_lost(1, 5);
  if (trace.gaps().size() > 1000) std::abort();
  Scheduling now;
  std::uint64_t last = 0;
  const auto give = [&](const TraceEvent& event) {
    if (event.time_ns < last || event.count > kMostTraceValues) std::abort();
    last = event.time_ns;
    now.add(event);
  };
  ignore_result(trace.read(give), "it is damaged");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteVector pages = some_pages();
  const bool of_formats = (data[0] & 1) != 0;
  const std::vector<std::string> formats = {switch_format(), wakeup_format(), new_task_format(), move_format()};
  const char* const names[] = {"sched/sched_switch", "sched/sched_wakeup", "task/task_newtask",
                               "cgroup/cgroup_attach_task"};
  KernelTrace trace(2);
  for (std::size_t i = 0; i < formats.size(); ++i) ignore_result(trace.add_format(names[i], formats[i]), "it is sound");
  if (of_formats) {
    const std::string edited = fuzz::mutated_text(formats, data + 1, size - 1);
    for (const char* const name : {names[0], names[1], names[2], names[3], "ktstr/nice_1", "header_page"})
      ignore_result(trace.add_format(name, edited), "it is damaged");
    read(trace, pages);
  } else {
    const ByteVector edited = fuzz::mutated({pages}, data + 1, size - 1);
    read(trace, edited);
  }
  return 0;
}
