// SPDX-License-Identifier: Apache-2.0
//
// The World's part that tells whether the scheduler had any of the payloads to run, for a scenario without workers. (Of
// workers the reports say it, and the host judges them: runner/judge/judge_use.h.)
#include <fmt/format.h>

#include <algorithm>

#include "scenario/world.h"

namespace ktstr {

// Of a payload the class of its first process is seen, when it starts: its processes inherit that. One that is not
// known may well have been ext.
void World::judge_payload_use() {
  if (ctx_.scheduler_pid() == 0 || !findings_.checks.scheduler_used_on() || had_workers_ || payload_classes_.empty())
    return;
  std::string seen;
  for (const auto& [payload, classes] : payload_classes_) {
    if (classes.empty() || classes.find("ext") != std::string::npos) return;
    seen += fmt::format("{}'{}' {}", seen.empty() ? "" : ", ", payload, classes);
  }
  findings_.result.details.push_back(
      {.verdict = Verdict::kInconclusive,
       .kind = DetailKind::kSchedulerNotUsed,
       .message = fmt::format("the scheduler was enabled and ran none of the payloads, there are no workers, and the "
                              "payloads started in the classes: {}. [checks] scheduler_used = false says that this is "
                              "meant",
                              seen)});
}

}  // namespace ktstr
