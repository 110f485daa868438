// SPDX-License-Identifier: Apache-2.0
//
// For the tests of the executor: a world without processes in which time passes only in holds. Everything that happens
// is written down in one list together with the marks, so that a test reads the order of things from it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cgroup/recording_cgroup_ops.h"
#include "scenario/event_sink.h"
#include "scenario/executor.h"

namespace ktstr {

class FakeWorld final : public EventSink {
 public:
  RecordingCgroupOps ops;
  TestTopology topology = TestTopology::expected_for(Topology{1, 2, 2, 1});
  Nanoseconds duration = std::chrono::seconds(1);
  Checks checks;
  int scheduler_pid = 0;
  std::uint64_t seed = 1;
  VarySet vary = VarySet::all();

  Nanoseconds time = std::chrono::seconds(100);
  Nanoseconds spawn_takes{}, collect_takes{};
  std::map<std::string, Error> spawn_fails, collect_fails;  // by cgroup
  Nanoseconds scheduler_ends = Nanoseconds::max();          // on the clock `time`
  std::optional<Error> hold_fails;
  bool pauses_take_time = false;
  bool idle_workers = false;  // workers report that they did nothing

  std::vector<std::string> log;
  std::vector<StepMark> marks;
  std::vector<std::uint64_t> seeds;
  std::vector<WorkerPlacement> placements;
  std::vector<std::pair<int, WorkerReport>> reports;
  std::vector<Nanoseconds> graces, pauses;

  Result<AssertResult> run(const std::vector<Step>& steps) {
    Ctx ctx({.topology = &topology,
             .cgroups = &ops,
             .events = this,
             .duration = duration,
             .seed = seed,
             .vary = vary,
             .checks = checks,
             .scheduler_pid = scheduler_pid});
    return run_scenario(ctx, steps, checks, hooks());
  }

  ExecutorHooks hooks() {
    return {.spawn = [this](const WorkSpec& spec, const WorkerPlacement& placement, int first,
                            std::uint64_t s) { return spawn(spec, placement, first, s); },
            .pause =
                [this](Nanoseconds length) {
                  pauses.push_back(length);
                  if (pauses_take_time) time += length;
                },
            .scheduler_alive = [this]() -> Result<bool> { return time < scheduler_ends; },
            .hold_until = [this](Nanoseconds deadline) { return hold(deadline); },
            .now = [this] { return time; }};
  }

  void mark(const StepMark& mark) override {
    static constexpr const char* kNames[] = {"scenario start", "step start", "hold start", "step end", "scenario end"};
    marks.push_back(mark);
    log.push_back(fmt::format("{} {}: {} cgroups, {} workers", kNames[static_cast<int>(mark.kind)], mark.step,
                              mark.cgroups, mark.workers));
  }
  void worker(int phase, const WorkerReport& report) override { reports.emplace_back(phase, report); }

 private:
  Result<RunningWorkers> spawn(const WorkSpec& spec, const WorkerPlacement& placement, int first, std::uint64_t s) {
    const std::string name = placement.cgroup;
    seeds.push_back(s);
    placements.push_back(placement);
    log.push_back("spawn " + name);
    time += spawn_takes;
    if (const auto failing = spawn_fails.find(name); failing != spawn_fails.end()) return failing->second;
    return RunningWorkers{
        .count = spec.workers,
        .release = [this, name] { log.push_back("release " + name); },
        .request_stop = [this, name] { log.push_back("stop " + name); },
        .collect = [this, name, spec, first](Nanoseconds grace) { return collect(name, spec, first, grace); }};
  }

  Result<std::vector<WorkerReport>> collect(const std::string& name, const WorkSpec& spec, int first,
                                            Nanoseconds grace) {
    log.push_back("collect " + name);
    graces.push_back(grace);
    time += collect_takes;
    if (const auto failing = collect_fails.find(name); failing != collect_fails.end()) return failing->second;
    std::vector<WorkerReport> all;
    for (int i = 0; i < spec.workers; ++i) {
      WorkerReport report;
      report.cgroup = name;
      report.index = first + i;
      report.work_units = idle_workers ? 0 : 10;
      report.wall_time_ns = report.cpu_time_ns = 1'000'000;
      all.push_back(report);
    }
    return all;
  }

  Result<HoldEnd> hold(Nanoseconds deadline) {
    if (hold_fails) return *hold_fails;
    log.push_back(fmt::format("hold {} ms", (deadline - time) / Milliseconds(1)));
    if (scheduler_ends <= deadline) {
      time = std::max(time, scheduler_ends);
      return HoldEnd::kSchedulerGone;
    }
    time = deadline;
    return HoldEnd::kTimeOver;
  }
};

}  // namespace ktstr
