// SPDX-License-Identifier: Apache-2.0
//
// For the tests of the executor: a world without processes in which time passes only in holds, pauses and waits.
// Everything that happens is written down in one list together with the marks, so that a test reads the order of things
// from it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/text/duration.h"
#include "cgroup/recording_cgroup_ops.h"
#include "model/names.h"
#include "scenario/event_sink.h"
#include "scenario/executor.h"

namespace ktstr {

inline Payload program(const std::string& name) { return Payload::program(name, "/bin/" + name); }

class FakeWorld final : public EventSink {
 public:
  RecordingCgroupOps ops;
  TestTopology topology = TestTopology::expected_for(Topology{1, 2, 2, 1});
  Nanoseconds duration = std::chrono::seconds(1);
  Checks checks;
  int scheduler_pid = 0;
  std::uint64_t seed = 1;
  VarySet vary = VarySet::all();
  int workers_per_cgroup = 1;
  std::filesystem::path root = "/nonexistent";  // of the machine's files

  Nanoseconds time = std::chrono::seconds(100);
  Nanoseconds spawn_takes{}, stop_takes{};
  std::map<std::string, Error> spawn_fails, collect_fails;  // by cgroup
  std::map<std::string, Error> change_fails;                // by the change's name: "set_nice"
  std::map<std::string, Error> payload_fails;               // by payload: starting it
  std::map<std::string, Nanoseconds> payload_ends;          // by payload, on the clock `time`; others run on
  Nanoseconds scheduler_ends = Nanoseconds::max();          // on the clock `time`
  SchedulerEnd scheduler_end = SchedulerEnd::kUnknown;
  std::optional<Error> hold_fails;
  bool pauses_take_time = false;
  bool idle_workers = false;   // workers report that they did nothing
  std::vector<Detail> stalls;  // what host mode's monitor would have seen
  // What the OOM killer ends: payloads, a process 4242 that a payload started, the first worker that is collected.
  bool oom_of_next_payload = false, oom_of_a_child = false, oom_of_first_worker = false;
  bool payloads_die_with_their_cgroup = false;  // before an op kills them themselves
  std::string payload_crash;                    // how a payload has ended before somebody kills it; "": it lives

  std::vector<std::string> log;
  std::vector<StepMark> marks;
  std::vector<Stimulus> stimuli;
  std::vector<std::uint64_t> seeds;
  std::vector<WorkerPlacement> placements;
  std::vector<WorkSpec> specs;
  std::vector<WorkerReport> reports;
  std::vector<PayloadReport> payloads;
  std::vector<std::string> killed_payloads;  // "NAME as asked", "NAME out of time"
  std::vector<OomKill> oom_kills;
  std::vector<Nanoseconds> graces, pauses;
  std::vector<std::size_t> stopped_before_collect;  // how many sets, at each collect
  int next_pid = 1000;
  int alive = 0;  // worker sets and payloads that exist

  Ctx ctx() {
    return Ctx({.topology = &topology,
                .cgroups = &ops,
                .events = this,
                .settings = {.duration = duration,
                             .seed = seed,
                             .vary = vary,
                             .checks = checks,
                             .workers_per_cgroup = workers_per_cgroup},
                .scheduler_pid = scheduler_pid});
  }
  Result<AssertResult> run(const std::vector<Step>& steps) { return run({}, steps); }
  Result<AssertResult> run(const Backdrop& backdrop, const std::vector<Step>& steps) {
    Ctx context = ctx();
    return run_scenario(context, backdrop, steps, checks, hooks());
  }

  ExecutorHooks hooks() {
    ExecutorHooks hooks;
    hooks.spawn = [this](const std::vector<WorkerPart>& parts, int first) { return spawn(parts, first); };
    hooks.start_payload = [this](const PayloadStart& start) { return start_payload(start); };
    hooks.core_create = [this](const std::vector<int>& pids) { return change("core_create", list(pids)); };
    hooks.core_clear = [this](const std::vector<int>& pids) { return change("core_clear", list(pids)); };
    hooks.core_share = [this](int from, const std::vector<int>& pids) {
      return change("core_share", fmt::format("{} -> {}", from, list(pids)));
    };
    hooks.stalls = [this] { return std::exchange(stalls, {}); };
    hooks.pause = [this](Nanoseconds length) {
      pauses.push_back(length);
      if (pauses_take_time) time += length;
    };
    hooks.scheduler_alive = [this](int) -> Result<bool> { return time < scheduler_ends; };
    hooks.hold_until = [this](int, Nanoseconds deadline) { return hold(deadline); };
    hooks.scheduler_end = [this] { return scheduler_end; };
    hooks.oom_kills = [this]() -> const std::vector<OomKill>& { return oom_kills; };
    hooks.now = [this] { return time; };
    hooks.root = root;
    return hooks;
  }

  void mark(const StepMark& mark) override {
    marks.push_back(mark);
    log.push_back(fmt::format("{}: {} cgroups, {} workers", what_happened(mark), mark.cgroups, mark.workers));
  }
  void stimulus(const Stimulus& stimulus) override { stimuli.push_back(stimulus); }
  void worker(const WorkerReport& report) override { reports.push_back(report); }
  void payload(const PayloadReport& report) override { payloads.push_back(report); }

 private:
  class Workers final : public RunningWorkers {
   public:
    Workers(FakeWorld& world, std::vector<WorkerPart> parts, int first)
        : world_(world), parts_(std::move(parts)), cgroup_(parts_.front().placement.cgroup), first_(first) {
      const bool threads = parts_.front().spec.pcomm.has_value();
      if (threads) processes_.push_back(world_.next_pid++);
      for (const WorkerPart& part : parts_)
        for (int i = 0; i < part.spec.workers; ++i) pids_.push_back(world_.next_pid++);
      if (!threads) processes_ = pids_;
      ++world_.alive;
    }
    ~Workers() override {
      --world_.alive;
      for (const int pid : processes_) world_.ops.forget_process(pid);
    }
    int count() const override { return static_cast<int>(pids_.size()); }
    std::vector<int> pids() const override { return pids_; }
    std::vector<int> processes() const override { return processes_; }
    std::uint64_t iterations() const override { return 7 * pids_.size(); }
    void release() override { say("release"); }
    void request_stop() override { say("stop"); }
    Status stop(Nanoseconds grace) override {
      world_.graces.push_back(grace);
      world_.time += world_.stop_takes;
      return ok();
    }
    Result<std::vector<WorkerReport>> collect() override { return world_.collect(parts_, first_, processes_.front()); }
    void set_frozen(bool frozen) override {
      if (std::exchange(frozen_, frozen) != frozen) say(frozen ? "hold" : "let go");
    }
    void expect_kill() override { say("expect kill"); }
    void note_sched_class() override { say("class"); }
    void set_allowed(const CpuSet& cpus) override {
      world_.log.push_back(fmt::format("allow {} {}", cgroup_, cpus.to_string()));
    }
    Status set_nice(int nice) override { return change("set_nice", std::to_string(nice)); }
    Status set_policy(const SchedPolicy& policy) override { return change("set_policy", policy.describe()); }
    Status set_affinity(const std::vector<CpuSet>& per_worker) override {
      std::string text;
      for (const CpuSet& cpus : per_worker) text += (text.empty() ? "" : " ") + cpus.to_string();
      return change("set_affinity", text);
    }
    Status set_uclamp(int min, int max) override { return change("set_uclamp", fmt::format("{} {}", min, max)); }
    Status send_signal(int number) override { return change("signal", std::to_string(number)); }

   private:
    void say(const char* what) { world_.log.push_back(fmt::format("{} {}", what, cgroup_)); }
    Status change(const std::string& what, const std::string& value) {
      return world_.change(what, fmt::format("{} {}", cgroup_, value));
    }
    FakeWorld& world_;
    std::vector<WorkerPart> parts_;
    std::string cgroup_;
    int first_;
    bool frozen_ = false;
    std::vector<int> pids_, processes_;
  };

  class FakePayload final : public RunningPayload {
   public:
    FakePayload(FakeWorld& world, const PayloadStart& start)
        : world_(world),
          name_(start.payload->name()),
          cgroup_(start.cgroup),
          step_(start.step),
          pid_(world.next_pid++) {
      ++world_.alive;
      if (std::exchange(world_.oom_of_next_payload, false)) world_.oom_kills.push_back({pid_, name_, false});
      if (std::exchange(world_.oom_of_a_child, false)) world_.oom_kills.push_back({4242, "hog", false});
    }
    ~FakePayload() override { --world_.alive; }
    int pid() const override { return pid_; }
    Result<std::optional<PayloadReport>> wait(Nanoseconds at_most) override {
      world_.log.push_back(fmt::format("wait {} {}", name_, format_duration(at_most)));
      const auto ends = world_.payload_ends.find(name_);
      if (ends == world_.payload_ends.end() || ends->second > world_.time + at_most) {
        world_.time += at_most;
        return std::optional<PayloadReport>();
      }
      world_.time = std::max(world_.time, ends->second);
      return std::optional(report(false));
    }
    Result<PayloadReport> kill() override {
      world_.log.push_back("kill " + name_);
      PayloadReport killed = report(true);
      if (world_.payloads_die_with_their_cgroup || !world_.payload_crash.empty()) killed.killed = false;
      if (!world_.payload_crash.empty()) killed.exit = world_.payload_crash;
      return killed;
    }
    AssertResult judge(const PayloadReport& report, PayloadKill why) const override {
      if (report.killed)
        world_.killed_payloads.push_back(name_ + (why == PayloadKill::kAsked ? " as asked" : " out of time"));
      AssertResult judged;
      judged.checked.push_back({"payload " + name_});
      return judged;
    }

   private:
    PayloadReport report(bool killed) const {
      PayloadReport report;
      report.name = name_;
      report.cgroup = cgroup_;
      report.step = step_;
      report.pid = pid_;
      report.killed = killed;
      report.exit_code = killed ? -1 : 0;
      report.exit = killed ? "killed by signal 9 (SIGKILL)" : "exited with status 0";
      return report;
    }
    FakeWorld& world_;
    std::string name_, cgroup_;
    int step_, pid_;
  };

  static std::string list(const std::vector<int>& pids) {
    std::string text;
    for (const int pid : pids) text += fmt::format("{}{}", text.empty() ? "" : ",", pid);
    return text;
  }

  Status change(const std::string& what, const std::string& value) {
    log.push_back(what + " " + value);
    if (const auto failing = change_fails.find(what); failing != change_fails.end()) return failing->second;
    return ok();
  }

  Result<std::unique_ptr<RunningWorkers>> spawn(const std::vector<WorkerPart>& parts, int first) {
    const std::string name = parts.front().placement.cgroup;
    for (const WorkerPart& part : parts) {
      seeds.push_back(part.seed);
      placements.push_back(part.placement);
      placements.back().cgroup_dir = nullptr;
      specs.push_back(part.spec);
    }
    log.push_back("spawn " + name);
    time += spawn_takes;
    if (const auto failing = spawn_fails.find(name); failing != spawn_fails.end()) return failing->second;
    return std::unique_ptr<RunningWorkers>(std::make_unique<Workers>(*this, parts, first));
  }

  Result<std::unique_ptr<RunningPayload>> start_payload(const PayloadStart& start) {
    log.push_back(fmt::format("start {} in '{}'", start.payload->name(), start.cgroup));
    if (const auto failing = payload_fails.find(start.payload->name()); failing != payload_fails.end())
      return failing->second;
    return std::unique_ptr<RunningPayload>(std::make_unique<FakePayload>(*this, start));
  }

  Result<std::vector<WorkerReport>> collect(const std::vector<WorkerPart>& parts, int first, int first_process) {
    const std::string& name = parts.front().placement.cgroup;
    log.push_back("collect " + name);
    stopped_before_collect.push_back(graces.size());
    if (const auto failing = collect_fails.find(name); failing != collect_fails.end()) return failing->second;
    std::vector<WorkerReport> all;
    for (const WorkerPart& part : parts)
      for (int i = 0; i < part.spec.workers; ++i) {
        WorkerReport report;
        report.cgroup = name;
        report.index = first++;
        report.spec = part.placement.spec;
        report.work_units = idle_workers ? 0 : 10;
        report.wall_time_ns = report.cpu_time_ns = 1'000'000;
        if (std::exchange(oom_of_first_worker, false)) {
          report.exit = "killed by signal 9 (SIGKILL)";
          oom_kills.push_back({first_process, name, false});
        }
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
