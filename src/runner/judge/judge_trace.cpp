// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "runner/judge/breach_text.h"
#include "runner/judge/detail_text.h"
#include "runner/judge/trace_ends.h"
#include "runner/judge/trace_limits.h"
#include "runner/judge/traced_shares.h"
#include "trace/invariants/invariants.h"
#include "trace/story/event_words.h"
#include "trace/story/explain.h"

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
    {Invariant::kStarvation, DetailKind::kStarvation},
    {Invariant::kLostTask, DetailKind::kLostTask},
    {Invariant::kMaxSlice, DetailKind::kMaxSlice},
    {Invariant::kPingPong, DetailKind::kPingPong},
    {Invariant::kWeightOrder, DetailKind::kWeightOrder},
    {Invariant::kWeightShare, DetailKind::kWeightShare},
    {Invariant::kBandwidth, DetailKind::kBandwidth},
    {Invariant::kQueueDepth, DetailKind::kQueueDepth},
};

constexpr int kMostExplained = 3;

bool is_about_peers(Invariant invariant) {
  return invariant == Invariant::kStarvation || invariant == Invariant::kMaxSlice ||
         invariant == Invariant::kWeightOrder || invariant == Invariant::kWeightShare;
}

// What others had is excluded where it is judged already: they are not its cause, whatever else they had.
bool is_the_schedulers(Invariant invariant) {
  return invariant != Invariant::kMaxSlice && invariant != Invariant::kWaitAge && invariant != Invariant::kQueueDepth;
}

bool is_about_one_cpu(Invariant invariant) {
  return invariant == Invariant::kWorkConservation || invariant == Invariant::kAllowedCpu ||
         invariant == Invariant::kMaxSlice;
}

std::string comm_in(const WaitStory& story, std::int32_t pid) {
  for (const CpuStory& cpu : story.cpus)
    for (const CpuUser& user : cpu.users)
      if (user.pid == pid) return user.comm;
  return "?";
}

class TraceJudge {
 public:
  TraceJudge(const fs::path& trace, const RunRequest& request, const GuestStory& story, RunRecord& record)
      : trace_(trace),
        request_(request),
        story_(story),
        record_(record),
        limits_(trace_limits(request, story)),
        shares_(trace, record) {}

  // What a guest saw of itself in real time, on a loaded host maybe, and not all of it: it explains, and is not judged.
  void explain_workers() {
    for (std::size_t i = 0; i < record_.details.size(); ++i) explain_worker(record_.details[i]);
  }

  Status judge() {
    KTSTR_TRY_ASSIGN(const Invariants invariants, follow());
    for (const Row& row : kRows)
      if (is_judged(row.invariant, limits_, request_) && is_shown(row.invariant))
        judge(row, invariants.results()[static_cast<std::size_t>(row.invariant)]);
    for (std::size_t i = 0; i < record_.details.size(); ++i) explain(record_.details[i]);
    return ok();
  }

 private:
  Result<Invariants> follow() {
    KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_));
    missing_ = reader.header().missing;
    Invariants invariants(limits_);
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

  // Whether this kernel shows what it is judged by.
  bool is_shown(Invariant invariant) {
    for (const TraceGap& gap : missing_) {
      const bool of_group = gap.kind == to_string(TraceKind::kEnqueue) && gap.field == "group";
      bool lacks = of_group && is_about_peers(invariant);
      for (const TraceKind needed : kinds_needed(invariant))
        lacks = lacks || (gap.field.empty() && gap.kind == to_string(needed));
      if (!lacks) continue;
      const bool is_missed = is_asked_for(invariant, request_.settings.checks);
      record_.details.push_back({.verdict = is_missed ? Verdict::kInconclusive : Verdict::kPass,
                                 .kind = is_missed ? DetailKind::kLostEvidence : DetailKind::kNote,
                                 .message = fmt::format("{} is not judged: this kernel does not show {}: {}",
                                                        to_string(invariant), gap.kind, gap.why)});
      return false;
    }
    return true;
  }

  void judge(const Row& row, const InvariantResult& found) {
    if (found.holds()) {
      record_.checked.push_back({checked_text(found)});
      return;
    }
    const Breach& worst = *found.worst;
    const auto story = explain(worst.pid, worst.from_ns, std::max(worst.to_ns, worst.from_ns + 1));
    Detail detail = failure(row.kind, "");
    name_worker(worst.pid, detail);
    const std::string who = name_of(worst.pid, story ? story->comm : "?");
    const std::string other = other_of(row.invariant, worst, story ? comm_in(*story, worst.other) : "?");
    detail.message = breach_text(found, who, other, into_body(worst.from_ns));
    if (found.limit > 0) {
      const bool is_time = !is_count(row.invariant);
      detail.measured = static_cast<double>(worst.size()) / (is_time ? 1e6 : 1);
      detail.limit = static_cast<double>(found.limit) / (is_time ? 1e6 : 1);
      detail.unit = is_time ? "ms" : row.invariant == Invariant::kQueueDepth ? "tasks" : "/s";
    }
    TracedFinding traced = traced_of(detail, worst.pid, worst.from_ns, worst.to_ns);
    if (is_about_one_cpu(row.invariant)) traced.cpu = worst.cpu;
    if (story && row.invariant != Invariant::kAllowedCpu) {
      WaitStory blamed = *story;
      if (blamed.guilty == Guilty::kNobody || is_the_schedulers(row.invariant)) blamed.guilty = Guilty::kScheduler;
      detail.message += ": " + with_cause(blamed);
      traced.cause = cause_of(blamed);
    }
    record_.traced.push_back(std::move(traced));
    record_.details.push_back(std::move(detail));
  }

  void explain(Detail& detail) {
    if (detail.kind == DetailKind::kShare)
      explain_share(detail);
    else
      explain_worker(detail);
  }

  // How much the recorder saw, and of a cgroup that got too little who had it instead.
  void explain_share(Detail& detail) {
    if (detail.verdict != Verdict::kFail || detail.cgroup.empty() || !detail.measured || !detail.limit) return;
    const auto share = shares_.of(detail);
    if (!share) return;
    detail.message += fmt::format("; the recorder saw {:.1f}%", share->pct);
    if (*detail.measured > *detail.limit || explained_ == kMostExplained) return;
    const auto story = explain(share->least, share->from_ns, share->to_ns);
    ++explained_;
    if (!story) return;
    WaitStory blamed = *story;
    blamed.guilty = Guilty::kScheduler;  // other classes would leave no share defined
    TracedFinding traced = traced_of(detail, share->least, share->from_ns, share->to_ns);
    traced.cause = cause_of(blamed);
    record_.traced.push_back(std::move(traced));
    detail.message += fmt::format("; {}: {}", name_of(share->least, story->comm), with_cause(blamed));
  }

  // A worker that was away for too long, that does not end, or that did nothing at all: why.
  void explain_worker(Detail& detail) {
    const bool is_gap = detail.kind == DetailKind::kStuck;
    // Each takes a reading of the whole trace.
    if ((!is_gap && detail.kind != DetailKind::kNoProgress) || detail.verdict <= Verdict::kPass ||
        explained_ == kMostExplained)
      return;
    const WorkerReport* const worker = worker_of(detail);
    if (worker == nullptr) return;
    const bool has_gap = is_gap && worker->max_gap_began_ns() < worker->max_gap_ended_ns();
    const auto [from, to] = has_gap ? std::pair(worker->max_gap_began_ns(), worker->max_gap_ended_ns()) : worker->ran();
    if (from >= to) return;
    const auto story = explain(worker->pid, from, to);
    ++explained_;
    if (!story) return;
    TracedFinding traced = traced_of(detail, worker->pid, from, to);
    traced.cause = cause_of(*story);
    record_.traced.push_back(std::move(traced));
    detail.message += "; " + (detail.worker < 0 ? name_of(worker->pid, "") + ": " : "") + with_cause(*story);
  }

  // Of a finding about several that do not end the first.
  const WorkerReport* worker_of(const Detail& detail) const {
    for (const WorkerReport& worker : record_.workers) {
      const auto& [cgroup, index, step] = worker.who();
      if (cgroup.empty() || cgroup != detail.cgroup || step != detail.step) continue;
      if (index == detail.worker || (detail.worker < 0 && !worker.gone)) return &worker;
    }
    return nullptr;
  }

  // What it is about beside the task.
  std::string other_of(Invariant invariant, const Breach& breach, const std::string& comm) const {
    if (invariant == Invariant::kQueueDepth) return dsq_text(breach.group, breach.cpu);
    if (invariant != Invariant::kBandwidth) return name_of(breach.other, comm);
    const auto path = cgroup_in(breach.group);
    return path ? *path : fmt::format("{}", breach.group);
  }

  // Its name as the scenario has it, where it is one of the scenario's.
  Result<std::string> cgroup_in(std::uint64_t cgroup) const {
    KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_));
    TaskTable table;
    for (;;) {
      KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, reader.next());
      if (!event) break;
      if (event->kind == TraceKind::kCgroupSeen || event->kind == TraceKind::kCgroupMove) table.follow(*event);
    }
    return named_part(table.cgroup_path(cgroup));
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
    if (const WorkerReport* const worker = worker_of(pid))
      std::tie(detail.cgroup, detail.worker, detail.step) = worker->who();
  }
  std::string name_of(std::int32_t pid, const std::string& comm) const {
    if (const WorkerReport* const worker = worker_of(pid)) {
      const auto& [cgroup, index, step] = worker->who();
      return fmt::format("worker {}/{} (pid {})", cgroup, index, pid);
    }
    return fmt::format("{} (pid {})", comm, pid);
  }
  double into_body(std::uint64_t at_ns) const {
    return static_cast<double>(at_ns - std::min(at_ns, story_.body_start_ns)) / 1e9;
  }

  const fs::path& trace_;
  const RunRequest& request_;
  const GuestStory& story_;
  RunRecord& record_;
  const InvariantLimits limits_;
  TracedShares shares_;
  std::vector<TraceGap> missing_;
  int explained_ = 0;
};

std::string not_judged(const RunRecord& record) {
  std::string text =
      "the guest's kernel has traced itself (tracefs), which disturbed it: what it saw explains, and is not judged";
  if (record.trace_lost > 0) text += fmt::format("; {} events were lost", record.trace_lost);
  return text + (record.why_no_trace.empty() ? "" : "; " + record.why_no_trace);
}

}  // namespace

void judge_trace(const fs::path& trace, const RunRequest& request, const GuestStory& story, RunRecord& record) {
  trace_ends(trace, story, record);
  if (record.trace_source == kTracefs) {
    TraceJudge(trace, request, story, record).explain_workers();
    record.details.push_back({.verdict = Verdict::kPass, .kind = DetailKind::kNote, .message = not_judged(record)});
    return;
  }
  if (story.body_end_ns <= story.body_start_ns || story.body_start_ns == 0) return;
  auto lost = [&](const std::string& what) {
    record.details.push_back({.verdict = Verdict::kInconclusive, .kind = DetailKind::kLostEvidence, .message = what});
  };
  if (!record.why_no_trace.empty()) return lost("the recorder saw no more from some point on: " + record.why_no_trace);
  const Status judged = TraceJudge(trace, request, story, record).judge();
  if (!judged) lost("what the recorder saw cannot be judged: " + judged.error().message());
}

bool is_of_trace(DetailKind kind) {
  return std::any_of(std::begin(kRows), std::end(kRows), [&](const Row& row) { return row.kind == kind; });
}

}  // namespace ktstr
