// SPDX-License-Identifier: Apache-2.0
#include "trace/accounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace ktstr {

namespace {

template <typename V, FieldsOf<TaskAccount> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
  v("comm", t.comm);
  v("cgroup", t.cgroup);
  v("ran_ns", t.ran_ns);
  v("waited_ns", t.waited_ns);
  v("slept_ns", t.slept_ns);
  v("kept_off_ns", t.kept_off_ns);
  v("ran_by_clock_ns", t.ran_by_clock_ns);
  v("waited_by_clock_ns", t.waited_by_clock_ns);
  v("runs", t.runs);
  v("preemptions", t.preemptions);
  v("wakeups", t.wakeups);
  v("moved_awake", t.moved_awake);
  v("moved_asleep", t.moved_asleep);
  v("longest_wait_ns", t.longest_wait_ns);
  v("longest_run_ns", t.longest_run_ns);
  v("whole_life", t.whole_life);
  v("ran_off_ns", t.ran_off_ns);
  v("waited_off_ns", t.waited_off_ns);
}
template <typename V, FieldsOf<CpuAccount> T>
void fields(V& v, T& t) {
  v("busy_ns", t.busy_ns);
  v("idle_ns", t.idle_ns);
  v("irq_ns", t.irq_ns);
  v("switches", t.switches);
}

struct ToJson {
  nlohmann::json& json;
  void operator()(const char* name, const auto& value) { json[name] = value; }
};
template <typename T>
nlohmann::json json_of(const T& value) {
  nlohmann::json json;
  ToJson visit{json};
  fields(visit, value);
  return json;
}

class Accountant {
 public:
  Accountant(std::uint64_t from_ns, std::uint64_t to_ns) : to_ns_(to_ns) {
    accounts_.from_ns = from_ns;
    accounts_.to_ns = from_ns;
  }

  void add(const TraceEvent& event) {
    pass(std::min(std::max(event.time_ns, accounts_.to_ns), to_ns_));
    if (event.kind == TraceKind::kCgroupMove) leave_cgroup(event_as<trace::CgroupMove>(event).pid);
    now_.add(event, [this](const Transition& one) { note(one); });
    names_.follow(event);
    if (event.kind == TraceKind::kSwitch && inside()) ++cpu(event.cpu).switches;
    if (event.kind == TraceKind::kFork && inside()) born_.insert(event_as<trace::Fork>(event).pid);
    if (event.kind == TraceKind::kReleased && inside()) compare(event_as<trace::Released>(event));
    note_name(event);
  }

  // What still lasts at the end counts up to there.
  Accounts finish() {
    std::vector<std::pair<std::int32_t, TaskNow>> left(now_.tasks().begin(), now_.tasks().end());
    for (const auto& [pid, now] : left) {
      add_phase(pid, now, accounts_.to_ns);
      take_kernels(task(pid), now.kernel);
    }
    for (const auto& [pid, account] : tasks_)
      if (account.ran_ns != 0 || account.waited_ns != 0) accounts_.tasks.push_back(account);
    for (const auto& [cgroup, ran_ns] : ran_in_)
      accounts_.cgroups_ns[cgroup == 0 ? std::string() : names_.cgroup_path(cgroup)] += ran_ns;
    std::stable_sort(accounts_.tasks.begin(), accounts_.tasks.end(),
                     [](const TaskAccount& a, const TaskAccount& b) { return a.ran_ns > b.ran_ns; });
    return std::move(accounts_);
  }

 private:
  bool inside() const { return now_.now_ns() >= accounts_.from_ns && now_.now_ns() <= to_ns_; }
  CpuAccount& cpu(std::size_t number) {
    if (number >= accounts_.cpus.size()) accounts_.cpus.resize(number + 1);
    return accounts_.cpus[number];
  }
  TaskAccount& task(std::int32_t pid) {
    TaskAccount& account = tasks_[pid];
    account.pid = pid;
    return account;
  }

  // CPUs stay as they are until `until_ns`.
  void pass(std::uint64_t until_ns) {
    if (until_ns <= accounts_.to_ns) return;
    const std::uint64_t passed = until_ns - accounts_.to_ns;
    const std::vector<CpuNow>& cpus = now_.cpus();
    for (std::size_t i = 0; i < cpus.size(); ++i) {
      if (!cpus[i].known) continue;
      (cpus[i].current == 0 ? cpu(i).idle_ns : cpu(i).busy_ns) += passed;
      if (cpus[i].irq_depth > 0) cpu(i).irq_ns += passed;
    }
    for (const std::int32_t pid : waiting_) {
      const TaskNow* const now = now_.task(pid);
      if (now != nullptr && (!now->queued || now_.is_throttled(now->cgroup, now->cpu))) task(pid).kept_off_ns += passed;
    }
    accounts_.to_ns = until_ns;
  }

  // A task was in a phase up to `until_ns`.
  void add_phase(std::int32_t pid, const TaskNow& was, std::uint64_t until_ns) {
    const std::uint64_t since = std::max(was.since_ns, accounts_.from_ns);
    const std::uint64_t until = std::min(until_ns, to_ns_);
    if (until < since || until < accounts_.from_ns) return;
    const std::uint64_t length = until - since;
    TaskAccount& account = task(pid);
    if (was.phase == TaskPhase::kSleeping) account.slept_ns += length;
    if (was.phase == TaskPhase::kRunning) {
      account.ran_ns += length;
      count_in_cgroup(pid, was, since, until);
      account.longest_run_ns = std::max(account.longest_run_ns, length);
    }
    if (was.phase != TaskPhase::kWaiting) return;
    account.waited_ns += length;
    account.longest_wait_ns = std::max(account.longest_wait_ns, length);
  }

  // A stretch of running, or what is left of it since the task was moved.
  void count_in_cgroup(std::int32_t pid, const TaskNow& was, std::uint64_t since, std::uint64_t until) {
    if (const auto moved = moved_ns_.find(pid); moved != moved_ns_.end()) since = std::max(since, moved->second);
    if (until > since) ran_in_[was.cgroup] += until - since;
  }

  void leave_cgroup(std::int32_t pid) {
    const TaskNow* const now = now_.task(pid);
    if (now == nullptr || now->phase != TaskPhase::kRunning) return;
    count_in_cgroup(pid, *now, std::max(now->since_ns, accounts_.from_ns), accounts_.to_ns);
    moved_ns_[pid] = accounts_.to_ns;
  }

  void note(const Transition& one) {
    add_phase(one.pid, one.before, one.at_ns);
    moved_ns_.erase(one.pid);
    if (one.after == TaskPhase::kWaiting)
      waiting_.insert(one.pid);
    else
      waiting_.erase(one.pid);
    if (!inside()) return;
    TaskAccount& account = task(one.pid);
    const TaskNow& was = one.before;
    take_kernels(account, was.kernel);
    if (one.after == TaskPhase::kRunning) {
      ++account.runs;
      if (const auto from = waits_from_.find(one.pid); from != waits_from_.end() && from->second != one.cpu)
        ++account.moved_awake;
      waits_from_.erase(one.pid);
    }
    if (one.after != TaskPhase::kWaiting) return;
    waits_from_[one.pid] = one.cpu;
    if (was.phase == TaskPhase::kRunning) {
      ++account.preemptions;
      return;
    }
    ++account.wakeups;
    if (was.phase != TaskPhase::kUnknown && was.cpu != one.cpu) ++account.moved_asleep;
  }

  // Of what it counts from now on.
  void take_kernels(TaskAccount& account, const KernelAccount& now) {
    const KernelAccount& before = before_.try_emplace(account.pid, now).first->second;
    account.ran_by_clock_ns = now.ran_ns - before.ran_ns;
    account.waited_by_clock_ns = now.waited_ns - before.waited_ns;
  }

  // Of one that has not come to its last switch the kernel itself does not know all yet.
  void compare(const trace::Released& kernels) {
    if (born_.erase(kernels.pid) == 0 || now_.task(kernels.pid) != nullptr) return;
    TaskAccount& account = task(kernels.pid);
    account.whole_life = true;
    account.ran_off_ns = static_cast<std::int64_t>(kernels.ran - account.ran_by_clock_ns);
    account.waited_off_ns = static_cast<std::int64_t>(kernels.waited - account.waited_by_clock_ns);
  }

  void note_name(const TraceEvent& event) {
    auto name = [&](std::int32_t pid) {
      const TracedTask* const known = names_.task(pid);
      if (known == nullptr || pid == 0) return;
      TaskAccount& account = task(pid);
      if (!known->comm.empty()) account.comm = known->comm;
      if (const std::uint64_t cgroup = names_.cgroup_of(pid); cgroup != 0) account.cgroup = names_.cgroup_path(cgroup);
    };
    switch (event.kind) {
      case TraceKind::kTaskSeen:
      case TraceKind::kFork:
      case TraceKind::kRename:
        name(static_cast<std::int32_t>(event.values[0]));
        break;
      case TraceKind::kCgroupMove:
        // One that ends goes to no cgroup.
        if (event_as<trace::CgroupMove>(event).cgroup != 0) name(static_cast<std::int32_t>(event.values[0]));
        break;
      default:
        break;
    }
  }

  std::uint64_t to_ns_;
  Scheduling now_;
  TaskTable names_;
  std::set<std::int32_t> waiting_, born_;
  std::map<std::int32_t, std::uint16_t> waits_from_;  // where those that wait began to
  std::map<std::int32_t, KernelAccount> before_;      // what the kernel had counted before
  std::map<std::int32_t, TaskAccount> tasks_;
  std::map<std::uint64_t, std::uint64_t> ran_in_;   // by cgroup
  std::map<std::int32_t, std::uint64_t> moved_ns_;  // when a task that still runs came into its cgroup
  Accounts accounts_;
};

double ms(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }

}  // namespace

Result<Accounts> account(TraceReader& trace, std::uint64_t from_ns, std::uint64_t to_ns) {
  for (const TraceGap& gap : trace.header().missing)
    if (gap.kind == kLostEvents)
      return Error(ErrorCode::kUnsupported, "the trace has holes, and what tasks had does not add up: " + gap.why)
          .with_hint("--text and the picture show what there is");
  std::optional<Accountant> accountant;
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, trace.next());
    if (!event) break;
    if (!accountant) accountant.emplace(std::max(from_ns, event->time_ns), to_ns);
    accountant->add(*event);
    if (event->time_ns > to_ns) break;
  }
  if (!accountant) return fail(ErrorCode::kNotFound, "the trace is empty");
  return accountant->finish();
}

std::string to_text(const Accounts& accounts) {
  std::string text =
      fmt::format("{:>7} {:<16} {:<24} {:>10} {:>10} {:>10} {:>10} {:>7} {:>7} {:>7} {:>6}\n", "pid", "task", "cgroup",
                  "ran ms", "waited ms", "slept ms", "longest", "runs", "preempt", "wakeups", "moves");
  for (const TaskAccount& task : accounts.tasks)
    text += fmt::format("{:>7} {:<16} {:<24} {:>10.3f} {:>10.3f} {:>10.3f} {:>10.3f} {:>7} {:>7} {:>7} {:>6}\n",
                        task.pid, task.comm, task.cgroup, ms(task.ran_ns), ms(task.waited_ns), ms(task.slept_ns),
                        ms(task.longest_wait_ns), task.runs, task.preemptions, task.wakeups,
                        task.moved_awake + task.moved_asleep);
  text += fmt::format("\n{:>7} {:>10} {:>10} {:>10} {:>9}\n", "CPU", "busy ms", "idle ms", "irq ms", "switches");
  for (std::size_t cpu = 0; cpu < accounts.cpus.size(); ++cpu) {
    const CpuAccount& one = accounts.cpus[cpu];
    text += fmt::format("{:>7} {:>10.3f} {:>10.3f} {:>10.3f} {:>9}\n", cpu, ms(one.busy_ns), ms(one.idle_ns),
                        ms(one.irq_ns), one.switches);
  }
  text += fmt::format("\n{:<32} {:>10}\n", "cgroup", "ran ms");
  for (const auto& [cgroup, ran] : accounts.cgroups_ns)
    text += fmt::format("{:<32} {:>10.3f}\n", cgroup.empty() ? "?" : cgroup, ms(ran));
  return text;
}

std::string to_json(const Accounts& accounts) {
  nlohmann::json json = {{"from_ns", accounts.from_ns}, {"to_ns", accounts.to_ns}, {"cgroups", accounts.cgroups_ns}};
  json["tasks"] = nlohmann::json::array();
  for (const TaskAccount& task : accounts.tasks) json["tasks"].push_back(json_of(task));
  json["cpus"] = nlohmann::json::array();
  for (const CpuAccount& cpu : accounts.cpus) json["cpus"].push_back(json_of(cpu));
  return json.dump();
}

}  // namespace ktstr
