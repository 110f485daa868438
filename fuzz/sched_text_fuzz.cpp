// SPDX-License-Identifier: Apache-2.0
#include "mutated.h"
#include "replay/replay_scenario.h"
#include "replay/sched_text.h"

using namespace ktstr;

// What others print, as it is and with mistakes, up to the scenario file that is made of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> bases{
      "  a b   12 [002]     1.234567:       sched:sched_switch: prev_comm=a b prev_pid=12 prev_prio=120 prev_state=S "
      "==> "
      "next_comm=c next_pid=34 next_prio=110\n"
      "c 34 [002] 1.3: sched:sched_waking: comm=a b pid=12 prio=120 target_cpu=003\n"
      "  c-34      (   10) [002] dNh3 1.4: sched_switch: c:34 [110] R ==> a b:12 [120]\n"
      "a b-12 [002] d..2. 1.5: sched_switch: prev_comm=a b prev_pid=12 prev_prio=120 prev_state=D|K ==> "
      "next_comm=swapper/2 next_pid=0 next_prio=120\n"};
  const std::string text = fuzz::mutated_text(bases, data, size);
  const auto recording = read_sched_text(text);
  if (!recording) return 0;
  const auto made = replay_scenario(*recording, {.name = "fuzz"});
  return made && made->toml.empty() ? -1 : 0;
}
