// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_trace.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "runner/judge/detail_text.h"
#include "trace/explain.h"
#include "trace/invariants.h"

namespace ktstr {

namespace {

struct Row {
  Invariant invariant;
  DetailKind kind;
};
constexpr Row kRows[] = {
    {Invariant::kWorkConservation, DetailKind::kWorkConservation},
    {Invariant::kWaitAge, DetailKind::kWaitAge},
    {Invariant::kAllowedCpu, DetailKind::kAllowedCpu},
};

constexpr int kMostExplained = 3;
constexpr std::chrono::milliseconds kMaxIdleOfKernel{1000};

std::string milliseconds(std::uint64_t ns) { return fmt::format("{:.1f} ms", static_cast<double>(ns) / 1e6); }

class TraceJudge {
 public:
  TraceJudge(const fs::path& trace, const RunRequest& request, const GuestStory& story, RunRecord& record)
      : trace_(trace), request_(request), story_(story), record_(record) {}

  Status judge() {
    KTSTR_TRY_ASSIGN(const Invariants invariants, follow());
    for (const Row& row : kRows)
      if (is_judged(row.invariant) && is_shown(row.invariant))
        judge(row, invariants.results()[static_cast<std::size_t>(row.invariant)]);
    for (std::size_t i = 0; i < record_.details.size(); ++i) explain_worker(record_.details[i]);
    return ok();
  }

 private:
  Result<Invariants> follow() {
    KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_));
    missing_ = reader.header().missing;
    const Checks& checks = request_.settings.checks;
    auto ns = [](std::chrono::milliseconds limit) { return static_cast<std::uint64_t>(limit.count()) * 1'000'000; };
    Invariants invariants(
        {.idle_wait_ns = ns(idle_limit()), .wait_ns = ns(checks.max_wait.value_or(std::chrono::milliseconds(0)))});
    bool begun = false;
    std::uint64_t seen_until = story_.body_start_ns;
    for (;;) {
      KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, reader.next());
      if (!event) break;
      if (event->time_ns > story_.body_end_ns) continue;  // whether all were stored is known at the end
      if (!begun && event->time_ns >= story_.body_start_ns) {
        invariants.begin(story_.body_start_ns);
        begun = true;
      }
      invariants.add(*event);
      seen_until = std::max(seen_until, event->time_ns);
    }
    if (reader.cut_short()) return fail(ErrorCode::kCorruptData, "the trace is cut short");
    if (!begun) invariants.begin(story_.body_start_ns);
    const bool whole = reader.not_stored() == 0;
    invariants.end(whole ? story_.body_end_ns : seen_until);
    if (!whole)
      record_.details.push_back(
          {.verdict = Verdict::kPass,
           .kind = DetailKind::kNote,
           .message = fmt::format("the trace became too large: what the recorder saw is judged up to {:.3f} s of the "
                                  "body's {:.3f} s",
                                  into_body(seen_until), into_body(story_.body_end_ns))});
    return invariants;
  }

  // The kernel's own scheduler looks for work elsewhere ever more seldom where it finds none that it may take: every
  // 512 ms (MAX_PINNED_INTERVAL in kernel/sched/fair.c), and on wide machines every 2 ms a CPU.
  std::chrono::milliseconds idle_limit() const {
    const Checks& checks = request_.settings.checks;
    if (checks.max_idle || !request_.scheduler.empty()) return checks.idle_limit();
    return std::max(kMaxIdleOfKernel, std::chrono::milliseconds(4 * request_.settings.topology.cpus()));
  }

  // Whether this kernel shows what it is judged by.
  bool is_shown(Invariant invariant) {
    for (const TraceGap& gap : missing_) {
      for (const TraceKind needed : kinds_needed(invariant)) {
        if (!gap.field.empty() || gap.kind != to_string(needed)) continue;
        record_.details.push_back({.verdict = Verdict::kPass,
                                   .kind = DetailKind::kNote,
                                   .message = fmt::format("{} is not judged: this kernel does not show {}: {}",
                                                          to_string(invariant), gap.kind, gap.why)});
        return false;
      }
    }
    return true;
  }

  bool is_judged(Invariant invariant) const {
    const Checks& checks = request_.settings.checks;
    if (invariant == Invariant::kWorkConservation) return idle_limit().count() > 0;
    if (invariant == Invariant::kWaitAge) return checks.max_wait && checks.max_wait->count() > 0;
    return true;
  }

  void judge(const Row& row, const InvariantResult& found) {
    if (found.holds()) {
      const std::string longest =
          found.worst ? fmt::format("{} of {}", milliseconds(found.worst->length_ns()), found.seen) : "none";
      std::string text(to_string(row.invariant));
      if (found.limit > 0) text += fmt::format(": longest {}, limit {} ms", longest, found.limit / 1'000'000);
      record_.checked.push_back({std::move(text)});
      return;
    }
    const Breach& worst = *found.worst;
    const auto story = explain(worst.pid, worst.from_ns, std::max(worst.to_ns, worst.from_ns + 1));
    Detail detail = failure(row.kind, "");
    name_worker(worst.pid, detail);
    const std::string who = name_of(worst.pid, story ? story->comm : "?");
    const std::string when = fmt::format("{:.6f} s into the body", into_body(worst.from_ns));
    if (row.invariant == Invariant::kAllowedCpu) {
      detail.message = fmt::format("{} ran on CPU {}, {}, where it may not run", who, worst.cpu, when);
    } else {
      detail.message = row.invariant == Invariant::kWaitAge
                           ? fmt::format("{} waited {}", who, milliseconds(worst.length_ns()))
                           : fmt::format("CPU {} was idle for {} while {} or others waited that may run there",
                                         worst.cpu, milliseconds(worst.length_ns()), who);
      detail.message += fmt::format(" from {} on (limit {} ms)", when, found.limit / 1'000'000);
      detail.measured = static_cast<double>(worst.length_ns()) / 1e6;
      detail.limit = static_cast<double>(found.limit) / 1e6;
      detail.unit = "ms";
    }
    if (found.too_long > 1) detail.message += fmt::format(", the longest of {}", found.too_long);
    if (story && row.invariant != Invariant::kAllowedCpu) detail.message += ": " + with_cause(*story);
    record_.details.push_back(std::move(detail));
  }

  // A worker that was away for too long: why.
  void explain_worker(Detail& detail) {
    // Each takes a reading of the whole trace.
    if (detail.kind != DetailKind::kStuck || detail.verdict <= Verdict::kPass || explained_ == kMostExplained) return;
    for (const WorkerReport& worker : record_.workers) {
      if (worker.cgroup != detail.cgroup || worker.index != detail.worker || worker.step != detail.step) continue;
      const std::uint64_t to = worker.max_gap_ended_ns();
      const auto story = explain(worker.pid, to - std::min(to, worker.max_gap_ns), to);
      ++explained_;
      if (story) detail.message += "; " + with_cause(*story);
      return;
    }
  }

  std::string with_cause(const WaitStory& story) const {
    std::string text = to_text(story);
    if (story.guilty == Guilty::kNobody) return text;
    const bool own = story.guilty == Guilty::kScheduler;
    const std::string scheduler =
        story.sched_class == SchedClass::kExt ? "the BPF scheduler" : "the kernel's scheduler";
    return text + fmt::format("; cause: {}", own ? scheduler : std::string(to_string(story.guilty)));
  }

  Result<WaitStory> explain(std::int32_t pid, std::uint64_t from_ns, std::uint64_t to_ns) {
    KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_));
    return ktstr::explain(reader, pid, from_ns, to_ns);
  }

  const WorkerReport* worker_of(std::int32_t pid) const {
    for (const WorkerReport& worker : record_.workers)
      if (worker.pid == pid) return &worker;
    return nullptr;
  }
  void name_worker(std::int32_t pid, Detail& detail) const {
    const WorkerReport* const worker = worker_of(pid);
    if (worker == nullptr) return;
    detail.cgroup = worker->cgroup;
    detail.worker = worker->index;
    detail.step = worker->step;
  }
  std::string name_of(std::int32_t pid, const std::string& comm) const {
    if (const WorkerReport* const worker = worker_of(pid))
      return fmt::format("worker {}/{} (pid {})", worker->cgroup, worker->index, pid);
    return fmt::format("{} (pid {})", comm, pid);
  }
  double into_body(std::uint64_t at_ns) const {
    return static_cast<double>(at_ns - std::min(at_ns, story_.body_start_ns)) / 1e9;
  }

  const fs::path& trace_;
  const RunRequest& request_;
  const GuestStory& story_;
  RunRecord& record_;
  std::vector<TraceGap> missing_;
  int explained_ = 0;
};

}  // namespace

void judge_trace(const fs::path& trace, const RunRequest& request, const GuestStory& story, RunRecord& record) {
  if (story.body_end_ns <= story.body_start_ns || story.body_start_ns == 0) return;
  auto lost = [&](const std::string& what) {
    record.details.push_back({.verdict = Verdict::kInconclusive, .kind = DetailKind::kLostEvidence, .message = what});
  };
  if (!record.why_no_trace.empty()) return lost("the recorder saw no more from some point on: " + record.why_no_trace);
  const Status judged = TraceJudge(trace, request, story, record).judge();
  if (!judged) lost("what the recorder saw cannot be judged: " + judged.error().message());
}

}  // namespace ktstr
