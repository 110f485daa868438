// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/scenario_size.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenario/ops/op_table.h"

namespace ktstr {

namespace {

// kernel.threads-max: an eighth of the memory in kernel stacks of 16 KiB (set_max_threads() in kernel/fork.c).
constexpr Bytes kMemoryPerTask = Bytes{128} << 10;
// What a worker that is a process takes of the guest (stack, page tables, its copies of our pages: measured), and what
// kernel, agent and body have for themselves.
constexpr Bytes kMemoryPerProcess = Bytes{256} << 10, kMemoryOfOthers = Bytes{96} << 20;
// In det mode one takes 10 to 20 ms of guest time to start and as much to end: see the next.
constexpr std::int64_t kMostProcesses = 1000;
// In det mode one with three controllers takes 8 ms of guest time to come and go: these need more than half of the 30 s
// that a body has beside the scenario's duration.
constexpr std::int64_t kMostCgroups = 2048;
// kernel.pid_max (pid_idr_init() in kernel/pid.c).
constexpr std::int64_t kPids = 32768, kPidsPerCpu = 1024;

void add(ScenarioSize& size, const WorkSpec& work) {
  size.tasks += work.workers;
  size.processes += work.pcomm ? 1 : work.workers;
}

void add(ScenarioSize& size, const Payload&) {
  ++size.tasks;
  ++size.processes;
}

void add(ScenarioSize& size, const PlannedCgroup& cgroup) {
  ++size.cgroups;
  for (const WorkSpec& work : cgroup.work) add(size, work);
  if (cgroup.payload) add(size, *cgroup.payload);
}

void add(ScenarioSize& size, const Ctx& ctx, const Op& op) {
  for (const CgroupDef* def : values_of<CgroupDef>(op)) {
    std::vector<std::string> mistakes;
    add(size, plan_cgroup(*def, ctx, 0, mistakes));
  }
  for (const WorkSpec* work : values_of<WorkSpec>(op)) add(size, *work);
  for (const Payload* payload : values_of<Payload>(op)) add(size, *payload);
  if (std::holds_alternative<op::AddCgroup>(op.kind())) ++size.cgroups;
}

ScenarioSize size_of(const Ctx& ctx, const PlannedStep& step) {
  ScenarioSize size;
  for (const PlannedCgroup& cgroup : step.cgroups) add(size, cgroup);
  if (std::none_of(step.ops.begin(), step.ops.end(),
                   [](const Op& op) { return row_of(op).effect == OpEffect::kMakesRoom; }))
    for (const Op& op : step.ops) add(size, ctx, op);
  return size;
}

std::string in_whole_mib(Bytes bytes) { return fmt::format("{}M", (bytes + (Bytes{1} << 20) - 1) >> 20); }

}  // namespace

ScenarioSize size_of(const Ctx& ctx, const ScenarioPlan& plan) {
  ScenarioSize most;
  for (const PlannedStep& step : plan.steps) {
    const ScenarioSize size = size_of(ctx, step);
    most.tasks = std::max(most.tasks, size.tasks);
    most.processes = std::max(most.processes, size.processes);
    most.cgroups = std::max(most.cgroups, size.cgroups);
  }
  const ScenarioSize backdrop = size_of(ctx, plan.backdrop);
  most.tasks += backdrop.tasks + static_cast<std::int64_t>(plan.backdrop_payloads.size());
  most.processes += backdrop.processes + static_cast<std::int64_t>(plan.backdrop_payloads.size());
  most.cgroups += backdrop.cgroups;
  return most;
}

Status check_size(const ScenarioSize& size, Bytes memory, int cpus) {
  if (const std::int64_t pids = std::max(kPids, kPidsPerCpu * cpus); size.tasks >= pids)
    return fail(ErrorCode::kInvalidArgument,
                "{} workers and payloads at a time: the kernel has numbers for {} tasks "
                "(kernel.pid_max)",
                size.tasks, pids)
        .with_hint("have fewer of them");
  const Bytes needed = static_cast<Bytes>(size.tasks) * kMemoryPerTask;
  if (needed > memory)
    return fail(ErrorCode::kInvalidArgument,
                "{} workers and payloads at a time: a guest with {} can hold {}, one task per {} (kernel.threads-max)",
                size.tasks, format_bytes(memory), memory / kMemoryPerTask, format_bytes(kMemoryPerTask))
        .with_hint(fmt::format("have fewer of them, or give the guest more than {} of memory (`memory`, --memory)",
                               in_whole_mib(needed)));
  const Bytes for_processes = static_cast<Bytes>(size.processes) * kMemoryPerProcess + kMemoryOfOthers;
  if (size.processes > kMostProcesses)
    return fail(ErrorCode::kInvalidArgument, "{} processes at a time; at most {}", size.processes, kMostProcesses)
        .with_hint(
            "have fewer of them, or make them threads of one process (pcomm): to start and end more takes longer "
            "than a test's body may");
  if (size.processes > 1 && for_processes > memory)
    return fail(ErrorCode::kInvalidArgument, "{} processes at a time: a guest with {} has no room for them, {} each",
                size.processes, format_bytes(memory), format_bytes(kMemoryPerProcess))
        .with_hint(fmt::format("have fewer of them, or give the guest {} of memory (`memory`, --memory)",
                               in_whole_mib(for_processes)));
  if (size.cgroups > kMostCgroups)
    return fail(ErrorCode::kInvalidArgument, "{} cgroups at a time; at most {}", size.cgroups, kMostCgroups)
        .with_hint("have fewer of them: to make and remove more takes longer than a test's body may");
  return ok();
}

}  // namespace ktstr
