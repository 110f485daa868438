// SPDX-License-Identifier: Apache-2.0
#include "scenario/executor_hooks.h"

#include <unistd.h>

#include <map>

#include "base/file.h"
#include "base/system/open_files.h"
#include "scenario/scheduler_end.h"
#include "workload/task/core_sched.h"
#include "workload/task/sched_class.h"
#include "workload/task/task_sched.h"

namespace ktstr {

namespace {

class SpawnedWorkers final : public RunningWorkers {
 public:
  explicit SpawnedWorkers(WorkerGroup group) : group_(std::move(group)) {}
  int count() const override { return group_.size(); }
  std::vector<int> pids() const override { return group_.pids(); }
  std::vector<int> processes() const override { return group_.processes(); }
  std::uint64_t iterations() const override { return group_.iterations(); }
  void release() override { group_.release(); }
  void request_stop() override { group_.request_stop(); }
  Status stop(Nanoseconds grace) override { return group_.stop(grace); }
  Result<std::vector<WorkerReport>> collect() override { return group_.collect(); }
  void set_allowed(const CpuSet& cpus) override { group_.set_allowed(cpus); }
  Status set_nice(int nice) override { return group_.set_nice(nice); }
  Status set_policy(const SchedPolicy& policy) override { return group_.set_policy(policy); }
  Status set_affinity(const std::vector<CpuSet>& per_worker) override { return group_.set_affinity(per_worker); }
  Status set_uclamp(int min, int max) override { return group_.set_uclamp(min, max); }
  Status send_signal(int number) override { return group_.send_signal(number); }
  void set_frozen(bool frozen) override { group_.set_frozen(frozen); }
  void expect_kill() override { group_.expect_kill(); }
  void note_sched_class() override { group_.note_sched_class(); }

 private:
  WorkerGroup group_;
};

Verdict verdict_of(PayloadFinding::Kind kind) {
  switch (kind) {
    case PayloadFinding::Kind::kBreach:
      return Verdict::kFail;
    case PayloadFinding::Kind::kNotJudged:
      return Verdict::kInconclusive;
    case PayloadFinding::Kind::kNote:
      return Verdict::kPass;
  }
  return Verdict::kFail;
}

class PayloadRun final : public RunningPayload {
 public:
  explicit PayloadRun(PayloadProcess process) : process_(std::move(process)) {}
  int pid() const override { return process_.pid(); }
  Result<std::optional<PayloadReport>> wait(Nanoseconds at_most) override { return process_.wait(at_most); }
  Result<PayloadReport> kill() override { return process_.kill(); }

  AssertResult judge(const PayloadReport& report, PayloadKill why) const override {
    const Payload& payload = process_.payload();
    AssertResult result;
    for (PayloadFinding& finding : evaluate(payload, report, why))
      result.details.push_back(
          {.verdict = verdict_of(finding.kind),
           .kind = finding.kind == PayloadFinding::Kind::kNote ? DetailKind::kNote : DetailKind::kPayload,
           .message = std::move(finding.message),
           .cgroup = report.cgroup,
           .measured = finding.measured,
           .limit = finding.limit});
    result.checked.push_back({fmt::format("payload {}: {}", payload.name(), describe_checks(payload))});
    return result;
  }

 private:
  PayloadProcess process_;
};

Result<std::unique_ptr<RunningPayload>> start_program(const PayloadStart& start) {
  KTSTR_TRY_ASSIGN(PayloadProcess process, PayloadProcess::start(start));
  return std::unique_ptr<RunningPayload>(std::make_unique<PayloadRun>(std::move(process)));
}

Result<std::unique_ptr<RunningWorkers>> spawn_workers(const std::vector<WorkerPart>& parts, int first_index,
                                                      const std::shared_ptr<LiveWorkers>& live) {
  KTSTR_TRY_ASSIGN(WorkerGroup group, WorkerGroup::spawn(parts, first_index, live));
  return std::unique_ptr<RunningWorkers>(std::make_unique<SpawnedWorkers>(std::move(group)));
}

// `find`: see Ctx::Init::find_scheduler. A scheduler can be loaded with no process of its own left.
Result<std::optional<int>> successor_of(const std::function<Result<int>()>& find) {
  // What a script has left behind need not be its scheduler.
  const std::string state = read_attribute("/sys/kernel/sched_ext/state").value_or("");
  if (state != "enabled" && state != "enabling") return std::optional<int>();
  if (!find) return std::optional(0);
  KTSTR_TRY_ASSIGN(const int pid, find());
  return std::optional(pid);
}

// One watch a scheduler process, opened when it is first asked for: a scenario that swaps schedulers has several.
class Watches {
 public:
  explicit Watches(std::function<Result<int>()> find) : find_(std::move(find)) {}
  Result<SchedulerWatch*> of(int pid) {
    if (const auto known = watches_.find(pid); known != watches_.end()) return &known->second;
    KTSTR_TRY_ASSIGN(SchedulerWatch opened, SchedulerWatch::open(pid, [this] { return successor_of(find_); }));
    return &watches_.emplace(pid, std::move(opened)).first->second;
  }

 private:
  std::function<Result<int>()> find_;
  std::map<int, SchedulerWatch> watches_;
};

}  // namespace

Result<ExecutorHooks> ExecutorHooks::real(int scheduler_pid, std::function<Result<int>()> find_scheduler,
                                          std::shared_ptr<LiveWorkers> live_workers) {
  allow_many_open_files();
  const auto watches = std::make_shared<Watches>(std::move(find_scheduler));
  KTSTR_TRY(watches->of(scheduler_pid));
  const auto probe = std::make_shared<ExitProbe>(ExitProbe::open("/dev/kmsg"));
  const auto oom_log = std::make_shared<OomLog>(OomLog::open("/dev/kmsg"));
  ExecutorHooks hooks;
  hooks.spawn = [live = std::move(live_workers)](const std::vector<WorkerPart>& parts, int first_index) {
    return spawn_workers(parts, first_index, live);
  };
  hooks.start_payload = start_program;
  hooks.sched_class = [](int pid) -> std::string {
    const auto state = read_attribute("/sys/kernel/sched_ext/state");
    if (!state || *state != "enabled") return "";
    const auto sched = read_task_sched(pid, "");
    return sched ? SchedClassReader("/proc").of(pid, sched->policy.kind) : "";
  };
  hooks.core_create = [](const std::vector<int>& pids) { return core_sched_create(pids); };
  hooks.core_clear = [](const std::vector<int>& pids) { return core_sched_clear(pids); };
  hooks.core_share = [](int from, const std::vector<int>& pids) { return core_sched_share(from, pids); };
  hooks.pause = sleep_for;
  hooks.scheduler_alive = [watches](int pid) -> Result<bool> {
    KTSTR_TRY_ASSIGN(SchedulerWatch * found, watches->of(pid));
    return found->alive();
  };
  hooks.hold_until = [watches](int pid, Nanoseconds deadline) -> Result<HoldEnd> {
    KTSTR_TRY_ASSIGN(SchedulerWatch * found, watches->of(pid));
    return found->hold_until(deadline);
  };
  hooks.scheduler_end = [probe] { return probe->look(); };
  hooks.oom_kills = [oom_log]() -> const std::vector<OomKill>& { return oom_log->look(); };
  hooks.now = monotonic_now;
  hooks.memory = static_cast<Bytes>(::sysconf(_SC_PHYS_PAGES)) * static_cast<Bytes>(::sysconf(_SC_PAGESIZE));
  return hooks;
}

}  // namespace ktstr
