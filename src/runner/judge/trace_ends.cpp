// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/trace_ends.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "sched_ext/dump.h"
#include "trace/story/explain.h"
#include "trace/story/trace_end.h"

namespace ktstr {

namespace {

constexpr std::uint64_t kMoment = 20'000'000, kLongWait = 10'000'000;  // ns
// enum scx_exit_kind
constexpr std::uint32_t kExitByItself = 65, kExitError = 1024, kExitStall = 1026;  // 66: for a CPU that came or went

class EndTeller {
 public:
  EndTeller(const fs::path& trace, const GuestStory& story, RunRecord& record)
      : trace_(trace), story_(story), record_(record) {}

  void tell() {
    for (const Detail& detail : record_.details) {
      if (detail.verdict <= Verdict::kPass || is_traced(detail)) continue;
      Result<TracedFinding> traced = fail(ErrorCode::kNotFound, "no end");
      if (detail.kind == DetailKind::kSchedulerStalled)
        traced = stall(detail);
      else if (detail.kind == DetailKind::kSchedulerCrashed)
        traced = scheduler_exit(detail, kExitError, UINT32_MAX);
      else if (detail.kind == DetailKind::kSchedulerExited)
        traced = scheduler_exit(detail, 1, kExitByItself);
      else if (is_of_end(detail))
        traced = end_of_trace(detail);
      else
        continue;
      if (traced)
        record_.traced.push_back(*std::move(traced));
      else
        log_info("the trace does not show {}: {}", to_string(detail.kind), traced.error().message());
    }
  }

 private:
  bool is_traced(const Detail& detail) const {
    return std::any_of(record_.traced.begin(), record_.traced.end(),
                       [&](const TracedFinding& one) { return one.is_of(detail); });
  }
  bool guest_was_lost() const { return record_.end_of_guest != "completed"; }
  bool is_of_end(const Detail& detail) const {
    switch (detail.kind) {
      case DetailKind::kKernelPanic:
      case DetailKind::kKernelStall:
      case DetailKind::kKernelHang:
      case DetailKind::kTimeout:
        return true;
      case DetailKind::kStuck:  // programs that keep the agent from running
        return guest_was_lost() && detail.cgroup.empty();
      default:
        return false;
    }
  }

  Result<TraceEnd> end_at(EndAsked asked) const {
    KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_));
    asked.exit_after_ns = story_.body_start_ns;
    if (story_.body_end_ns > story_.body_start_ns) asked.until_ns = story_.body_end_ns;
    return trace_end(reader, asked);
  }

  // The task that the kernel names waited from some moment on until the kernel ended the scheduler.
  Result<TracedFinding> stall(const Detail& detail) const {
    const DumpTask named = stalled_task(record_.scheduler().exit_message);
    if (named.pid == 0) return scheduler_exit(detail, kExitStall, kExitStall);
    KTSTR_TRY_ASSIGN(const TraceEnd end, end_at({.exit_reasons = {{kExitStall, kExitStall}}, .pid = named.pid}));
    if (!end.scheduler_exit_ns) return fail(ErrorCode::kNotFound, "it has no end of the scheduler");
    if (!end.task || end.task->phase != TaskPhase::kWaiting)
      return fail(ErrorCode::kNotFound, "{} (pid {}) did not wait then", named.comm, named.pid);
    TracedFinding traced = traced_of(detail, named.pid, end.task->since_ns, *end.scheduler_exit_ns);
    KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_));
    KTSTR_TRY_ASSIGN(const WaitStory wait, explain(reader, named.pid, traced.from_ns, traced.to_ns));
    traced.cause = cause_of(wait);
    traced.words =
        fmt::format("{} (pid {}) from {} on: {}", wait.comm, named.pid, into_body(traced.from_ns), with_cause(wait));
    return traced;
  }

  // A moment: what ran when the kernel ended it.
  Result<TracedFinding> scheduler_exit(const Detail& detail, std::uint32_t least, std::uint32_t most) const {
    KTSTR_TRY_ASSIGN(const TraceEnd end, end_at({.exit_reasons = {{least, most}}}));
    if (!end.scheduler_exit_ns) return fail(ErrorCode::kNotFound, "it has no end of the scheduler");
    const std::uint64_t at = *end.scheduler_exit_ns;
    const DumpTask named = misplaced_task(record_.scheduler().exit_message);
    TracedFinding traced = traced_of(detail, named.pid, at - std::min(at, kMoment), at);
    traced.words = fmt::format("the scheduler ended {}: {}", into_body(at), to_text(end, story_.body_start_ns));
    if (named.pid == 0) return traced;
    KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_));
    KTSTR_TRY_ASSIGN(WaitStory of_task, explain(reader, named.pid, traced.from_ns, traced.to_ns));
    // Who put it there.
    of_task.guilty = Guilty::kScheduler;
    of_task.sched_class = SchedClass::kExt;
    traced.cause = cause_of(of_task);
    traced.words +=
        fmt::format("; the kernel names {} (pid {}), which may run on {}", named.comm, named.pid, cpu_list(of_task));
    return traced;
  }

  Result<TracedFinding> end_of_trace(const Detail& detail) const {
    KTSTR_TRY_ASSIGN(const TraceEnd end, end_at({}));
    const bool one_waits = !end.waiting.empty() && end.waiting.front().since_ns + kLongWait <= end.at_ns;
    std::uint64_t from = end.at_ns;
    if (one_waits) from = end.waiting.front().since_ns;
    for (const CpuAtEnd& cpu : end.cpus)
      if (cpu.pid != 0 && cpu.online && cpu.since_ns != 0 && (!one_waits || cpu.cpu == end.waiting.front().cpu))
        from = std::min(from, cpu.since_ns);
    TracedFinding traced = traced_of(detail, one_waits ? end.waiting.front().pid : 0,
                                     std::max(from, std::min(story_.body_start_ns, end.at_ns)), end.at_ns);
    const bool of_body = story_.body_end_ns > story_.body_start_ns;
    const std::string stood = to_text(end, story_.body_start_ns);
    traced.words = of_body && !end.is_cut_off ? "when the body was ended, " + stood
                                              : fmt::format("the trace ends {}: {}", into_body(end.at_ns), stood);
    return traced;
  }

  std::string into_body(std::uint64_t at_ns) const {
    return fmt::format("{:.6f} s into the body",
                       static_cast<double>(at_ns - std::min(at_ns, story_.body_start_ns)) / 1e9);
  }

  const fs::path& trace_;
  const GuestStory& story_;
  RunRecord& record_;
};

}  // namespace

TracedFinding traced_of(const Detail& detail, int pid, std::uint64_t from_ns, std::uint64_t to_ns) {
  return {.kind = detail.kind,
          .cgroup = detail.cgroup,
          .worker = detail.worker,
          .step = detail.step,
          .headline = detail.message,
          .pid = pid,
          .from_ns = from_ns,
          .to_ns = to_ns};
}

void trace_ends(const fs::path& trace, const GuestStory& story, RunRecord& record) {
  if (story.body_start_ns == 0) return;
  EndTeller(trace, story, record).tell();
}

}  // namespace ktstr
