// SPDX-License-Identifier: Apache-2.0
#include "script_export/script_work.h"

#include <fmt/format.h>

#include <array>

namespace ktstr {

namespace {

std::int64_t microseconds(std::chrono::nanoseconds time) { return (time.count() + 999) / 1000; }

// A stressor of stress-ng that does something of the kind, one instance for so many workers.
struct Stressor {
  std::string_view type, words;
  int workers_each;
};
constexpr std::array kStressors = {
    Stressor{"YieldHeavy", "--yield 1", 1},
    Stressor{"AluHot", "--cpu 1 --cpu-method int64", 1},
    Stressor{"PipeIo", "--pipe 1", 2},
    Stressor{"FutexPingPong", "--futex 1", 2},
    Stressor{"CachePipe", "--pipe 1", 2},
    Stressor{"CachePressure", "--cache 1", 1},
    Stressor{"PageFaultChurn", "--fault 1", 1},
    Stressor{"ForkExit", "--fork 1", 1},
    Stressor{"MutexContention", "--mutex 1", 4},
    Stressor{"EpollStorm", "--epoll 1", 3},
    Stressor{"AffinityChurn", "--affinity 1", 1},
    Stressor{"WakeChain", "--switch 1", 4},
    Stressor{"IoSyncWrite", "--hdd 1 --hdd-opts fsync", 1},
};

struct InShell {
  std::string name;

  ScriptWork operator()(const SpinWait&) const { return {.command = "work_spin"}; }
  ScriptWork operator()(const SmtSiblingSpin&) const { return {.command = "work_spin"}; }
  ScriptWork operator()(const Bursty& work) const { return phases(work.burst, work.sleep); }
  ScriptWork operator()(const IdleChurn& work) const { return phases(work.burst, work.sleep); }
  ScriptWork operator()(const TimerLatency& work) const {
    return {.command = fmt::format("work_periodic 0 {} 0", microseconds(work.interval)),
            .otherwise = "no latencies are measured"};
  }
  ScriptWork operator()(const Periodic& work) const {
    ScriptWork made{.command = fmt::format("work_periodic {} {} {}", microseconds(work.run), microseconds(work.period),
                                           microseconds(work.phase))};
    made.otherwise = "spins by the clock, not by CPU time, and no latencies are measured";
    if (work.jitter.count() > 0) made.otherwise += "; without the jitter";
    return made;
  }
  ScriptWork operator()(const Sequence& work) const {
    ScriptWork made{.command = "work_phases"};
    for (const WorkPhase& phase : work.phases) {
      const bool sleeps = phase.kind == WorkPhase::Kind::kSleep || phase.kind == WorkPhase::Kind::kTimer;
      if (phase.kind != WorkPhase::Kind::kSleep && phase.kind != WorkPhase::Kind::kSpin)
        made.otherwise = "a phase that is neither spin nor sleep becomes one of them";
      made.command += fmt::format(" {}:{}", sleeps ? "sleep" : "spin", microseconds(phase.length));
    }
    return made;
  }
  ScriptWork operator()(const auto&) const {
    for (const Stressor& each : kStressors)
      if (each.type == name)
        return {.command = fmt::format("work_stress {}", each.words),
                .workers_each = each.workers_each,
                .otherwise = fmt::format("'stress-ng {}' instead, whose sizes and rates are others", each.words)};
    return {.command = "work_spin", .otherwise = "a busy loop instead"};
  }

  static ScriptWork phases(std::chrono::nanoseconds burst, std::chrono::nanoseconds sleep) {
    return {.command = fmt::format("work_phases spin:{} sleep:{}", microseconds(burst), microseconds(sleep))};
  }
};

}  // namespace

ScriptWork script_work(const WorkType& type) { return std::visit(InShell{std::string(name_of(type))}, type); }

}  // namespace ktstr
