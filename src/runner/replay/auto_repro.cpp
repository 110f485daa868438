// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/auto_repro.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/activity.h"
#include "report/likely_cause.h"
#include "runner/collector.h"
#include "runner/replay/crash_stack.h"
#include "runner/replay/replay.h"
#include "sched_ext/dump.h"
#include "trace/story/last_calls.h"

namespace ktstr {

namespace {

constexpr std::uint64_t kDetRuns = 20;
constexpr std::size_t kMostKernelFunctions = 8, kMostTasks = 2;
constexpr std::size_t kCallsOfTask = 8, kCallsOfCpu = 4;

// What the guest said, once more, from the run's directory.
Result<GuestStory> story_of(const fs::path& run_dir) {
  KTSTR_TRY_ASSIGN(const ByteVector bytes, read_bytes(run_dir / "events.bin"));
  EventReader reader(bytes);
  Collector collector;
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<Record> record, reader.next());
    if (!record) break;
    KTSTR_TRY(collector.add(*record));
  }
  return collector.story();
}

// The kernel's own log has the stack of a scheduler's end, and of its own; else the dump that the scheduler printed.
std::vector<StackFunction> stack_of(const GuestStory& story) {
  const std::vector<StackFunction> stack = crash_stack(story.kernel_log);
  return stack.empty() ? crash_stack(story.scheduler_log) : stack;
}

std::string probes_for(const RunRequest& request, const std::vector<StackFunction>& stack) {
  std::string probes = request.has_scheduler() ? "bpf:ops.* -> ret" : "";
  std::size_t functions = 0;
  for (const StackFunction& function : stack) {
    if (!function.bpf && functions++ >= kMostKernelFunctions) continue;
    probes += fmt::format("{}{}{}{} -> ret", probes.empty() ? "" : "; ", function.bpf ? "bpf:" : "?", function.name,
                          function.bpf ? "" : "(*)");
  }
  return probes;
}

// The failure that explains the others.
const Detail* cause_in(const RunRecord& record) {
  const auto found = findings(record);
  return found.empty() ? nullptr : found.front();
}

bool failed_alike(const RunRecord& a, const RunRecord& b) {
  const Detail* const of_a = cause_in(a);
  const Detail* const of_b = cause_in(b);
  return of_a != nullptr && of_b != nullptr && of_a->kind == of_b->kind && a.outcome == b.outcome;
}

struct Wanted {
  std::int32_t pid = 0;
  std::string why;
};

std::vector<Wanted> tasks_of(const RunRecord& record) {
  std::vector<Wanted> tasks;
  const auto add = [&](int pid, std::string why) {
    const auto same = [&](const Wanted& one) { return one.pid == pid; };
    if (pid != 0 && tasks.size() < kMostTasks && std::none_of(tasks.begin(), tasks.end(), same))
      tasks.push_back({pid, std::move(why)});
  };
  const std::string& said = record.scheduler().exit_message;
  add(stalled_task(said).pid, "which the kernel names");
  add(misplaced_task(said).pid, "which the kernel names");
  for (const TracedFinding& traced : record.traced) add(traced.pid, fmt::format("of {}", to_string(traced.kind)));
  return tasks;
}

Repro::Part part_of(std::string what, const CallsOf& calls) {
  Repro::Part part{.what = std::move(what), .pid = calls.pid, .calls = calls.calls, .lines = {}};
  for (const CallLine& line : calls.lines)
    part.lines.push_back({.at_ns = line.at_ns,
                          .cpu = line.cpu,
                          .depth = line.depth,
                          .words = line.words,
                          .took_ns = line.took_ns,
                          .is_open = line.is_open});
  return part;
}

// The story that the replay's trace tells.
Status tell(const RunRecord& replayed, Repro& repro) {
  const std::vector<Wanted> wanted = tasks_of(replayed);
  AskedCalls asked{.pids = {}, .from_ns = replayed.body_start_ns, .most = kCallsOfTask};
  for (const Wanted& one : wanted) asked.pids.push_back(one.pid);
  const fs::path trace = fs::path(replayed.run_dir) / kTraceFileName;
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace));
  KTSTR_TRY_ASSIGN(LastCalls calls, last_calls(reader, asked));
  if (calls.exit_pid != 0 && wanted.empty()) {  // who ran where it ended
    asked.pids = {calls.exit_pid};
    KTSTR_TRY_ASSIGN(TraceReader again, TraceReader::open(trace));
    KTSTR_TRY_ASSIGN(calls, last_calls(again, asked));
  }
  for (std::size_t i = 0; i < calls.tasks.size(); ++i) {
    const CallsOf& task = calls.tasks[i];
    const std::string name = task.task.empty() ? fmt::format("pid {}", task.pid) : task.task;
    repro.parts.push_back(
        part_of(fmt::format("{}, {}", name, i < wanted.size() ? wanted[i].why : "which ran where it was ended"), task));
  }
  if (!calls.exit_cpu) return ok();
  calls.at_exit.lines.erase(
      calls.at_exit.lines.begin(),
      calls.at_exit.lines.end() - static_cast<std::ptrdiff_t>(std::min(calls.at_exit.lines.size(), 2 * kCallsOfCpu)));
  repro.parts.push_back(part_of(fmt::format("CPU {}, where it was ended", *calls.exit_cpu), calls.at_exit));
  return ok();
}

// Of a mode that does not repeat: until a run in det mode fails the same way.
Result<RunRecord> in_det_mode(const RunRequest& request, const RunRecord& failed, const RunnerEnvironment& environment,
                              std::uint64_t& runs) {
  RunRequest det = request;
  det.mode = "det";
  det.auto_repro = det.trace = false;
  det.replay_of = failed.id;
  KTSTR_TRY_ASSIGN(det.packed, pack_inputs(det, environment));
  for (runs = 0; runs < kDetRuns && !interrupted(); ++det.settings.seed) {
    ++runs;
    RunRecord record = run(det, environment);
    if (failed_alike(failed, record)) return record;
    if (record.outcome == Outcome::kBadInput || record.outcome == Outcome::kInfrastructure)
      return fail(ErrorCode::kInvalidArgument, "it cannot run in det mode: {}", record.error);
  }
  return fail(ErrorCode::kNotFound,
              "it ran in {} mode, and of {} runs in det mode (seeds {} to {}) none failed the same way", failed.mode,
              runs, request.settings.seed, det.settings.seed - 1);
}

Status replay_with_probes(const RunRequest& request, const RunRecord& failed, const RunnerEnvironment& environment,
                          Repro& repro) {
  KTSTR_TRY_ASSIGN(const StoredRun stored, load_stored_run(failed.run_dir));
  std::vector<StackFunction> stack;
  if (auto story = story_of(failed.run_dir)) stack = stack_of(*story);
  for (const StackFunction& function : stack) repro.stack.push_back(function.name);
  KTSTR_TRY_ASSIGN(ReplayPlan plan, plan_replay(stored, {}, environment));
  if (!plan.exact())
    return fail(ErrorCode::kUnsupported, "not all that decides the run is as it was:\n{}", table_of(plan.differences));
  plan.request.probes = probes_for(request, stack);
  if (plan.request.probes.empty())
    return fail(ErrorCode::kUnsupported,
                "there is nothing to probe: no BPF scheduler, and the kernel printed no stack");
  const Replayed again = replay(stored, plan, environment);
  repro.run = again.record.id;
  repro.digest = again.record.digest;
  if (!again.record.error.empty()) return fail(ErrorCode::kInternal, "its replay failed: {}", again.record.error);
  if (!failed_alike(failed, again.record)) return fail(ErrorCode::kInternal, "its replay did not fail the same way");
  return tell(again.record, repro);
}

}  // namespace

bool can_reproduce(const RunRequest& request, const RunRecord& failed) {
  return request.auto_repro && failed.outcome == Outcome::kFail && !request.on_host && request.replay_of.empty() &&
         !failed.run_dir.empty() && cause_in(failed) != nullptr && !interrupted();
}

Repro reproduce(const RunRequest& request, const RunRecord& failed, const RunnerEnvironment& environment) {
  const Activity again("replaying the failure with probes");
  Repro repro;
  const auto steps = [&]() -> Status {
    if (failed.mode == "det") return replay_with_probes(request, failed, environment, repro);
    KTSTR_TRY_ASSIGN(const RunRecord in_det, in_det_mode(request, failed, environment, repro.det_runs));
    return replay_with_probes(request, in_det, environment, repro);
  };
  if (const Status status = steps(); !status) repro.why_not = status.error().message();
  return repro;
}

}  // namespace ktstr
