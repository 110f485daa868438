// SPDX-License-Identifier: Apache-2.0
#include "mutated.h"
#include "workload/types/replay_tasks.h"

using namespace ktstr;

// The tasks of a Replay as text: what is read is shown as a text that gives the same, and can be judged.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> bases{"name:ui+nice:-5+run:1ms+wake:1+sleep:3ms|fifo:20+wait+run:2.5ms",
                                              "wait+run:1us+wake:1|wake:0+wait"};
  const std::string text = fuzz::mutated_text(bases, data, size);
  const auto tasks = read_replay_tasks(text);
  if (!tasks) return 0;
  const auto again = read_replay_tasks(show_replay_tasks(*tasks));
  if (check_replay({.tasks = *tasks}) && (!again || *again != *tasks)) __builtin_trap();
  return 0;
}
