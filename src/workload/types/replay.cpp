// SPDX-License-Identifier: Apache-2.0
//
// Recorded loads: workers that do what tasks have done, in the times that these took, and wake each other as they did.
#include <algorithm>
#include <deque>
#include <mutex>

#include "workload/types/families.h"
#include "workload/types/replay_tasks.h"

namespace ktstr {

namespace {

std::size_t size_of_replay(const Replay& type) { return std::max<std::size_t>(1, type.tasks.size()); }

const ReplayTask* replayed_by(const WorkType& work, std::size_t index) {
  const Replay& type = std::get<Replay>(work);
  return type.tasks.empty() ? nullptr : &type.tasks[index % type.tasks.size()];
}

// Each worker's word counts what it was woken for and has not waited for yet.
Status prepare_replay(const Replay&, GroupResources& shared) {
  shared.add_words(shared.workers());
  return ok();
}

// No two do the same. Made as they are needed, since they live as long as the program.
const std::string& role_of_replayed(const Replay& type, std::size_t index) {
  static std::mutex mutex;
  static std::deque<std::string> roles;
  const std::lock_guard lock(mutex);
  const std::size_t number = index % size_of_replay(type);
  while (roles.size() <= number) roles.push_back(fmt::format("task {}", roles.size()));
  return roles[number];
}

std::optional<SchedPolicy> policy_of_replayed(const WorkType& work, std::size_t index) {
  const ReplayTask* const task = replayed_by(work, index);
  if (task == nullptr || task->fifo == 0) return {};
  return SchedPolicy::fifo(static_cast<int>(task->fifo));
}

// `cpu_time`: what the runs of this loop until now shall have taken.
void run_replay_phase(const ReplayPhase& phase, std::size_t first, std::uint64_t& cpu_time, WorkerRun& run) {
  switch (phase.kind) {
    case ReplayPhase::Kind::kRun:
      cpu_time += static_cast<std::uint64_t>(phase.length.count());
      return run.spin_to(cpu_time);
    case ReplayPhase::Kind::kSleep:
      return run.sleep_for(phase.length);
    case ReplayPhase::Kind::kWake:
      return run.give(run.word(first + phase.task), 1);
    case ReplayPhase::Kind::kWait:
      run.take(run.word(run.index()));
      return;
  }
}

// A loop that took longer than the period moves none of those after it: they are late until they have caught up.
void run_replay(const Replay& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), type.tasks.size());
  const std::size_t first = group * type.tasks.size();
  const auto period = static_cast<std::uint64_t>(type.period.count());
  for (std::uint64_t due = run.checkpoint(); !run.stopping();) {
    std::uint64_t cpu_time = run.cpu_time_ns();
    for (const ReplayPhase& phase : type.tasks[member].phases) {
      run_replay_phase(phase, first, cpu_time, run);
      if (run.stopping()) return;
    }
    run.end_unit();
    const std::uint64_t now = run.checkpoint();
    run.note(0, now - due);
    run.end_iteration();
    if (period == 0) {
      due = now;
      continue;
    }
    due += period;
    if (now > due)
      run.miss();
    else
      run.sleep_until(due);
  }
}

WorkParameter replayed_tasks() {
  return {.name = "tasks",
          .read = [](std::string_view text, WorkType& type) -> Status {
            KTSTR_TRY_ASSIGN(std::get<Replay>(type).tasks, read_replay_tasks(text));
            return ok();
          },
          .show = [](const WorkType& type) { return show_replay_tasks(std::get<Replay>(type).tasks); },
          .possible = [](const WorkType&, std::int64_t, std::int64_t) { return true; },  // check_replay()
          .rule = [](std::int64_t, std::int64_t) { return std::string("what each task does, and repeats"); },
          .joint = '|'};
}

}  // namespace

std::vector<WorkTypeRow> replay_types() {
  WorkTypeRow row =
      with_roles<Replay, role_of_replayed>(sharing<Replay, prepare_replay>(in_groups<Replay, size_of_replay>(
          measuring(work_row<Replay, run_replay>(
                        "Replay", "recorded tasks, which run, sleep and wake each other as they did",
                        "how late it wakes up; how long each loop takes; loops that took longer than the period",
                        "run: system calls that ask how long it has run, one every 3 us in its last 100 us; sleep: 3 "
                        "looks at the clock; wake: 1; wait: 1 or 3; 1 a loop",
                        {replayed_tasks(), work_parameter<&Replay::period>("period", 0)}),
                    {"loop"}))));
  row.check = [](const WorkType& type) { return check_replay(std::get<Replay>(type)); };
  row.policy = policy_of_replayed;
  row.nice = [](const WorkType& type, std::size_t index) -> std::optional<int> {
    const ReplayTask* const task = replayed_by(type, index);
    return task == nullptr || !task->nice ? std::nullopt : std::optional<int>(*task->nice);
  };
  row.comm = [](const WorkType& type, std::size_t index) {
    const ReplayTask* const task = replayed_by(type, index);
    return task == nullptr ? std::string() : task->name;
  };
  return {std::move(row)};
}

}  // namespace ktstr
