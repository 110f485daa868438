// SPDX-License-Identifier: Apache-2.0
#include "scenario/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "scenario/def_rules.h"
#include "scenario/machine.h"
#include "scenario/table_reader.h"

namespace ktstr {

namespace {

constexpr std::string_view kSchedulerIsNoPayload =
    "is a scheduler and no payload; a scheduler is what the test declares (`scheduler =`, --scheduler)";

struct Group {
  bool of_backdrop = false;
  bool workers = false;
  bool payload = false;
  CpuSet cpuset;  // empty: all CPUs
};

struct LivePayload {
  bool of_backdrop = false;
  bool surely = true;  // false: a wait with a time limit may have seen its end
  std::string surface;
};

class Rehearsal {
 public:
  Rehearsal(const Ctx& ctx, const ScenarioPlan& plan) : ctx_(ctx), plan_(plan), online_(ctx.topology().cpus) {}

  std::vector<PlanMistake> run() {
    in_backdrop_ = true;
    set_up(plan_.backdrop);
    do_ops(plan_.backdrop);
    for (std::size_t i = 0; i < plan_.backdrop_payloads.size(); ++i) {
      at_ = {0, Place::Part::kPayload, static_cast<int>(i)};
      start_payload(plan_.backdrop_payloads[i], {}, "", "Backdrop::payloads");
    }
    in_backdrop_ = false;
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) go_through(plan_.steps[i], static_cast<int>(i) + 1);
    return std::move(mistakes_);
  }

 private:
  void go_through(const PlannedStep& step, int number) {
    number_ = number;
    if (step.interval) {
      set_up(step);
      do_ops(step);
      repeating_ = true;
      do_ops(step);
      repeating_ = false;
    } else {
      for (const PlannedCgroup& cgroup : step.cgroups) later_.insert(cgroup.name);
      do_ops(step);
      later_.clear();
      set_up(step);
    }
    leave_step();
  }

  void leave_step() {
    std::erase_if(groups_, [](const auto& each) { return !each.second.of_backdrop; });
    std::erase_if(payloads_, [](const auto& each) { return !each.second.of_backdrop; });
    if (!outside_of_backdrop_) outside_workers_ = false;
    online_ = online_after_backdrop_.value_or(ctx_.topology().cpus);
  }

  void set_up(const PlannedStep& step) {
    for (std::size_t i = 0; i < step.cgroups.size(); ++i) {
      at_ = {number_, Place::Part::kCgroup, static_cast<int>(i)};
      add_group(step.cgroups[i]);
    }
  }

  void do_ops(const PlannedStep& step) {
    for (std::size_t i = 0; i < step.ops.size(); ++i) {
      at_ = {number_, Place::Part::kOp, static_cast<int>(i)};
      op_ = &step.ops[i];
      std::visit([this](const auto& op) { rehearse(op); }, op_->kind());
      op_ = nullptr;
    }
    if (in_backdrop_) online_after_backdrop_ = online_;
  }

  template <typename... Args>
  void mistake(fmt::format_string<Args...> format, Args&&... args) {
    std::string message = fmt::format(format, std::forward<Args>(args)...);
    if (op_ != nullptr) message = fmt::format("{}: {}", op_->name(), message);
    if (repeating_) message += " (when the loop repeats its ops)";
    for (const PlanMistake& each : mistakes_)
      if (each.at == at_) return;  // one an op: what follows from the first is no news
    mistakes_.push_back({at_, std::move(message)});
  }
  void mistake_from(const Status& status) {
    if (!status) mistake("{}", status.error().message());
  }

  // --- names

  std::string known_names() const {
    std::string names;
    for (const auto& [name, group] : groups_) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", name);
    return names.empty() ? "there are none at this point" : "there are " + names;
  }

  // Null with a mistake when there is no such group now.
  Group* find(const std::string& name) {
    const auto found = groups_.find(name);
    if (found != groups_.end()) return &found->second;
    if (later_.contains(name))
      mistake("the cgroup '{}' is only created by this step's set-up, which comes after its ops; create it in an earlier "
              "step or in the Backdrop, or hold with a loop, whose set-up comes first",
              name);
    else if (removed_.contains(name))
      mistake("the cgroup '{}' is gone by now; {}", name, known_names());
    else
      mistake("there is no cgroup '{}'; {}", name, known_names());
    return nullptr;
  }

  // Null with a mistake when it has nobody that an op could act on.
  Group* find_with_workers(const std::string& name) {
    Group* group = find(name);
    if (group != nullptr && !group->workers) {
      mistake("the cgroup '{}' has no workers at this point", name);
      return nullptr;
    }
    return group;
  }

  bool has_children(const std::string& name) const {
    const auto next = groups_.lower_bound(name + "/");
    return next != groups_.end() && next->first.starts_with(name + "/");
  }

  bool check_new_name(const std::string& name) {
    if (const Status valid = check_cgroup_path(name); !valid) {
      mistake_from(valid);
      return false;
    }
    if (const auto found = groups_.find(name); found != groups_.end()) {
      mistake("a cgroup '{}' is there already{}", name,
              found->second.of_backdrop && !in_backdrop_ ? ", in the Backdrop" : "");
      return false;
    }
    if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) {
      const std::string parent = name.substr(0, slash);
      const Group* group = find(parent);
      if (group == nullptr) return false;
      if (group->workers || group->payload) {
        mistake("'{}' has processes of its own, so the kernel gives no controllers to cgroups inside of it; declare it "
                "with no_workers() (workers = 0) and put the workers into its children",
                parent);
        return false;
      }
    }
    return true;
  }

  void add_group(const PlannedCgroup& cgroup) {
    if (!check_new_name(cgroup.name)) return;
    removed_.erase(cgroup.name);
    groups_[cgroup.name] = {.of_backdrop = in_backdrop_,
                            .workers = !cgroup.work.empty(),
                            .cpuset = cgroup.cpuset.value_or(CpuSet())};
    if (cgroup.payload) start_payload(*cgroup.payload, {}, cgroup.name, "CgroupDef::workload");
  }

  void check_no_children_for_processes(const std::string& name) {
    if (has_children(name))
      mistake("'{}' has child cgroups, and the kernel allows no processes in a cgroup that hands controllers on", name);
  }

  // --- payloads

  void start_payload(const Payload& payload, const std::vector<std::string>& args, const std::string& cgroup,
                     std::string surface) {
    if (payload.kind() == Payload::Kind::kScheduler) return mistake("'{}' {}", payload.name(), kSchedulerIsNoPayload);
    if (const Status valid = payload.check_args(args); !valid) return mistake_from(valid);
    if (!cgroup.empty()) {
      Group* group = find(cgroup);
      if (group == nullptr) return;
      check_no_children_for_processes(cgroup);
      group->payload = true;
    }
    const auto key = std::pair(payload.name(), cgroup);
    const auto live = payloads_.find(key);
    if (live != payloads_.end() && live->second.surely)
      return mistake("the payload '{}' runs {} already, started by {}", payload.name(), where(cgroup),
                     live->second.surface);
    payloads_[key] = {in_backdrop_, true, std::move(surface)};
  }

  static std::string where(const std::string& cgroup) {
    return cgroup.empty() ? "outside of the scenario's cgroups" : fmt::format("in '{}'", cgroup);
  }

  void end_payload(const std::string& name, const std::optional<std::string>& cgroup, bool surely) {
    if (cgroup) {
      const auto found = payloads_.find({name, *cgroup});
      if (found == payloads_.end())
        return mistake("no payload '{}' runs {} at this point", name, where(*cgroup));
      return ended(found, surely);
    }
    std::vector<std::string> places;
    auto last = payloads_.end();
    for (auto each = payloads_.begin(); each != payloads_.end(); ++each)
      if (each->first.first == name) {
        places.push_back(where(each->first.second));
        last = each;
      }
    if (places.empty()) return mistake("no payload '{}' runs at this point", name);
    if (places.size() > 1)
      return mistake("the payload '{}' runs {}; say which by its cgroup", name, fmt::join(places, " and "));
    ended(last, surely);
  }

  using LivePayloads = std::map<std::pair<std::string, std::string>, LivePayload>;
  void ended(LivePayloads::iterator payload, bool surely) {
    if (surely)
      payloads_.erase(payload);
    else
      payload->second.surely = false;
  }

  void end_payloads_in(const std::string& cgroup) {
    std::erase_if(payloads_, [&](const auto& each) { return each.first.second == cgroup; });
  }

  // --- CPUs

  void check_cpu(Cpu cpu) {
    if (!ctx_.topology().cpus.contains(cpu))
      mistake("there is no CPU {}: the machine has {}", cpu, ctx_.topology().cpus.to_string());
  }

  bool is_mine_to_remove(const std::string& name, const Group& group) {
    if (group.of_backdrop && !in_backdrop_) {
      mistake("'{}' belongs to the Backdrop, which lives until the scenario's end", name);
      return false;
    }
    return true;
  }

  // --- one function an op

  void rehearse(const op::AddCgroup& op) {
    if (!check_new_name(op.cgroup)) return;
    removed_.erase(op.cgroup);
    groups_[op.cgroup] = {.of_backdrop = in_backdrop_};
  }
  void rehearse(const op::AddCgroupDef& op) {
    std::vector<std::string> messages;
    const PlannedCgroup planned =
        plan_cgroup(op.def, ctx_, placement_seed(ctx_, number_, op.def.name()), messages);
    if (!messages.empty()) return mistake("{}", messages.front());
    add_group(planned);
  }
  void rehearse(const op::RemoveCgroup& op) {
    const Group* group = find(op.cgroup);
    if (group == nullptr || !is_mine_to_remove(op.cgroup, *group)) return;
    if (has_children(op.cgroup)) return mistake("'{}' has child cgroups; remove those first", op.cgroup);
    end_payloads_in(op.cgroup);
    groups_.erase(op.cgroup);
    removed_.insert(op.cgroup);
  }
  void rehearse(const op::StopCgroup& op) { empty_group(op.cgroup); }
  void rehearse(const op::KillCgroup& op) { empty_group(op.cgroup); }
  void empty_group(const std::string& name) {
    Group* group = find(name);
    if (group == nullptr) return;
    if (!group->workers && !group->payload) return mistake("the cgroup '{}' is empty at this point", name);
    group->workers = group->payload = false;
    end_payloads_in(name);
  }
  void rehearse(const op::MoveAllTasks& op) {
    if (op.from == op.to) return mistake("from and to are both '{}'", op.from);
    const Group outside{outside_of_backdrop_, outside_workers_, false, {}};
    const Group* from = op.from.empty() ? &outside : find_with_workers(op.from);
    if (op.from.empty() && !outside_workers_) return mistake("no workers run outside of the scenario's cgroups");
    Group* to = op.to.empty() ? nullptr : find(op.to);
    if (from == nullptr || (to == nullptr && !op.to.empty())) return;
    const bool to_backdrop = to != nullptr ? to->of_backdrop : from->of_backdrop;
    if (from->of_backdrop && !to_backdrop && !in_backdrop_)
      return mistake("'{}' belongs to the Backdrop and '{}' to this step: the workers would end with the step", op.from,
                     op.to);
    if (!op.to.empty()) check_no_children_for_processes(op.to);
    if (op.from.empty())
      outside_workers_ = false;
    else
      groups_[op.from].workers = false;
    if (op.to.empty()) {
      outside_workers_ = true;
      outside_of_backdrop_ = to_backdrop;
    } else {
      to->workers = true;
    }
  }
  void rehearse(const op::FreezeCgroup& op) { find(op.cgroup); }
  void rehearse(const op::UnfreezeCgroup& op) { find(op.cgroup); }
  void rehearse(const op::SetKnob& op) {
    if (find(op.cgroup) != nullptr) mistake_from(check_knob(op.setting.knob, op.setting.value));
  }
  void rehearse(const op::CaptureCgroupProcs& op) {
    if (op.tag.empty()) return mistake("a capture needs a tag to be found by");
    find(op.cgroup);
  }
  void rehearse(const op::SetCpuset& op) {
    Group* group = find(op.cgroup);
    if (group == nullptr) return;
    const auto cpus = op.cpus.resolve(ctx_.topology(), placement_seed(ctx_, number_, op.cgroup));
    if (!cpus) return mistake("cpuset {}: {}", op.cpus.describe(), cpus.error().message());
    group->cpuset = *cpus;
  }
  void rehearse(const op::ClearCpuset& op) {
    if (Group* group = find(op.cgroup)) group->cpuset = {};
  }
  void rehearse(const op::SwapCpusets& op) {
    if (op.a == op.b) return mistake("'{}' and '{}' are the same cgroup", op.a, op.b);
    Group *a = find(op.a), *b = find(op.b);
    if (a != nullptr && b != nullptr) std::swap(a->cpuset, b->cpuset);
  }
  void rehearse(const op::SetAffinity& op) {
    const Group* group = find_with_workers(op.cgroup);
    if (group == nullptr) return;
    if (const auto cpus = op.affinity.resolve(ctx_.topology(), group->cpuset, 0, 0); !cpus)
      mistake("affinity {}: {}", op.affinity.describe(), cpus.error().message());
  }
  void rehearse(const op::Spawn& op) {
    if (op.cgroup.empty() && op.work.workers_pct)
      return mistake("workers_pct counts the CPUs of a cgroup's cpuset; outside of the cgroups say a number of workers");
    Group* group = op.cgroup.empty() ? nullptr : find(op.cgroup);
    if (group == nullptr && !op.cgroup.empty()) return;
    std::vector<std::string> messages;
    plan_work(op.work, ctx_, group != nullptr ? group->cpuset : CpuSet(), messages);
    if (!messages.empty()) return mistake("{}", messages.front());
    if (group == nullptr) {
      outside_workers_ = true;
      outside_of_backdrop_ = in_backdrop_ || outside_of_backdrop_;
    } else {
      check_no_children_for_processes(op.cgroup);
      group->workers = true;
    }
  }
  void rehearse(const op::SetNice& op) {
    if (find_with_workers(op.cgroup) != nullptr) mistake_from(check_nice(op.nice));
  }
  void rehearse(const op::SetPolicy& op) {
    if (find_with_workers(op.cgroup) != nullptr) mistake_from(op.policy.validate());
  }
  void rehearse(const op::SetUclamp& op) {
    if (find_with_workers(op.cgroup) != nullptr) mistake_from(check_uclamp(op.min, op.max));
  }
  void rehearse(const op::CoreSchedCreate& op) { find_with_workers(op.cgroup); }
  void rehearse(const op::CoreSchedShare& op) {
    if (op.from == op.to) return mistake("from and to are both '{}'", op.from);
    if (find_with_workers(op.from) != nullptr) find_with_workers(op.to);
  }
  void rehearse(const op::CoreSchedClear& op) { find_with_workers(op.cgroup); }
  void rehearse(const op::SignalStorm& op) {
    if (find_with_workers(op.cgroup) == nullptr) return;
    if (op.count < 1) return mistake("a storm of {} signals cannot be; at least 1", op.count);
    if (op.interval.count() <= 0) mistake("a storm needs an interval longer than 0s");
  }
  void rehearse(const op::RunPayload& op) { start_payload(op.payload, op.args, op.cgroup, "Op::run_payload"); }
  void rehearse(const op::WaitPayload& op) { end_payload(op.payload, op.cgroup, !op.timeout); }
  void rehearse(const op::KillPayload& op) { end_payload(op.payload, op.cgroup, true); }
  void rehearse(const op::CpuOffline& op) {
    check_cpu(op.cpu);
    if (op.cpu == 0) return mistake("CPU 0 cannot go offline");
    online_ = online_.minus({op.cpu});
  }
  void rehearse(const op::CpuOnline& op) {
    check_cpu(op.cpu);
    online_.add(op.cpu);
  }
  void rehearse(const op::SetSmt&) {
    const auto& llcs = ctx_.topology().llcs;
    const bool smt = std::any_of(llcs.begin(), llcs.end(), [](const TestTopology::Llc& llc) {
      return std::any_of(llc.cores.begin(), llc.cores.end(), [](const auto& core) { return core.threads.size() > 1; });
    });
    if (!smt) mistake("the machine has one thread a core; ask for a topology like 1n1l2c2t");
  }
  void rehearse(const op::WriteSysctl& op) { mistake_from(check_sysctl_name(op.name)); }
  void rehearse(const op::SteerIrq& op) {
    if (op.irq.empty()) return mistake("an interrupt is named by its number or by words of its line in /proc/interrupts");
    check_cpu(op.cpu);
  }

  const Ctx& ctx_;
  const ScenarioPlan& plan_;
  std::vector<PlanMistake> mistakes_;
  Place at_;
  const Op* op_ = nullptr;
  int number_ = 0;
  bool in_backdrop_ = false, repeating_ = false;
  std::map<std::string, Group> groups_;
  std::set<std::string> later_, removed_;
  LivePayloads payloads_;
  bool outside_workers_ = false, outside_of_backdrop_ = false;
  CpuSet online_;
  std::optional<CpuSet> online_after_backdrop_;
};

}  // namespace

std::vector<PlanMistake> rehearse(const Ctx& ctx, const ScenarioPlan& plan) { return Rehearsal(ctx, plan).run(); }

}  // namespace ktstr
