// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/rehearsed_world.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "scenario/plan/definition_rules.h"

namespace ktstr {

namespace {

std::string where(const std::string& cgroup) {
  return cgroup.empty() ? "outside of the scenario's cgroups" : fmt::format("in '{}'", cgroup);
}

}  // namespace

void RehearsedWorld::begin_step(int number) { number_ = number; }

void RehearsedWorld::end_step() {
  std::erase_if(groups_, [](const auto& each) { return !each.second.of_backdrop; });
  std::erase_if(payloads_, [](const auto& each) { return !each.second.of_backdrop; });
  if (!outside_.of_backdrop) outside_.workers = false;
}

void RehearsedWorld::go_to(Place place, std::string before, std::string after) {
  at_ = place;
  before_ = std::move(before);
  after_ = std::move(after);
}

void RehearsedWorld::add_mistake(const std::string& message) {
  // One an op: what follows from the first is no news.
  if (std::any_of(mistakes_.begin(), mistakes_.end(), [&](const PlanMistake& each) { return each.at == at_; })) return;
  mistakes_.push_back({at_, before_ + message + after_});
}

// --- cgroups

std::string RehearsedWorld::known_names() const {
  std::string names;
  for (const auto& [name, group] : groups_) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", name);
  return names.empty() ? "there are none at this point" : "there are " + names;
}

RehearsedWorld::Group* RehearsedWorld::find(const std::string& name) {
  const auto found = groups_.find(name);
  if (found != groups_.end()) return &found->second;
  if (later_.contains(name))
    mistake(
        "the cgroup '{}' is only created by this step's set-up, which comes after its ops; create it in an earlier "
        "step or in the Backdrop, or hold with a loop, whose set-up comes first",
        name);
  else if (removed_.contains(name))
    mistake("the cgroup '{}' is gone by now; {}", name, known_names());
  else
    mistake("there is no cgroup '{}'; {}", name, known_names());
  return nullptr;
}

RehearsedWorld::Group* RehearsedWorld::find_with_workers(const std::string& name) {
  Group* group = find(name);
  if (group == nullptr || group->workers) return group;
  mistake("the cgroup '{}' has no workers at this point", name);
  return nullptr;
}

bool RehearsedWorld::has_children(const std::string& name) const {
  const auto next = groups_.lower_bound(name + "/");
  return next != groups_.end() && next->first.starts_with(name + "/");
}

bool RehearsedWorld::has_processes(const std::string& name, const Group& group) const {
  return group.workers ||
         std::any_of(payloads_.begin(), payloads_.end(), [&](const auto& each) { return each.first.second == name; });
}

bool RehearsedWorld::check_new_name(const std::string& name) {
  if (const Status valid = check_cgroup_path(name); !valid) {
    mistake_from(valid);
    return false;
  }
  if (const auto found = groups_.find(name); found != groups_.end()) {
    mistake("a cgroup '{}' is there already{}; give this one another name", name,
            found->second.of_backdrop && !in_backdrop() ? ", in the Backdrop" : "");
    return false;
  }
  const std::size_t slash = name.rfind('/');
  if (slash == std::string::npos) return true;
  const std::string parent = name.substr(0, slash);
  const Group* group = find(parent);
  if (group == nullptr) return false;
  if (!has_processes(parent, *group)) return true;
  mistake(
      "'{}' has processes of its own, so the kernel gives no controllers to cgroups inside of it; declare it with "
      "no_workers() (workers = 0) and put the workers into its children",
      parent);
  return false;
}

void RehearsedWorld::add_group(const PlannedCgroup& cgroup) {
  if (!check_new_name(cgroup.name)) return;
  removed_.erase(cgroup.name);
  groups_[cgroup.name] = {
      .of_backdrop = in_backdrop(), .workers = !cgroup.work.empty(), .cpuset = cgroup.cpuset.value_or(CpuSet())};
  if (cgroup.payload) start_payload(*cgroup.payload, {}, cgroup.name, "CgroupDef::workload");
}

void RehearsedWorld::remove_group(const std::string& name) {
  const Group* group = find(name);
  if (group == nullptr) return;
  if (group->of_backdrop && !in_backdrop())
    return mistake("'{}' belongs to the Backdrop, which lives until the scenario's end; stop_cgroup empties it", name);
  if (has_children(name)) return mistake("'{}' has child cgroups; remove those first", name);
  end_payloads_in(name);
  groups_.erase(name);
  removed_.insert(name);
}

void RehearsedWorld::empty_group(const std::string& name) {
  Group* group = find(name);
  if (group == nullptr) return;
  if (!has_processes(name, *group))
    return mistake("the cgroup '{}' is empty at this point: there is nobody to end", name);
  group->workers = false;
  end_payloads_in(name);
}

void RehearsedWorld::kill_group(const std::string& name) {
  if (find(name) == nullptr) return;
  bool any = false;
  for (auto& [below, group] : groups_) {
    if (below != name && !below.starts_with(name + "/")) continue;
    any = any || has_processes(below, group);
    group.workers = false;
    end_payloads_in(below);
  }
  if (!any) mistake("the cgroup '{}' is empty at this point: there is nobody to end", name);
}

void RehearsedWorld::check_takes_processes(const std::string& name) {
  if (has_children(name))
    mistake(
        "'{}' has child cgroups, and the kernel allows no processes in a cgroup that hands controllers on; use one of "
        "the "
        "children",
        name);
}

// --- payloads

void RehearsedWorld::start_payload(const Payload& payload, const std::vector<std::string>& args,
                                   const std::string& cgroup, std::string surface) {
  if (payload.kind() == Payload::Kind::kScheduler)
    return mistake(
        "'{}' is a scheduler and no payload; a scheduler is what the test declares (`scheduler =`, --scheduler)",
        payload.name());
  if (const Status valid = payload.validate(); !valid) return mistake_from(valid);
  if (const Status valid = payload.check_args(args); !valid) return mistake_from(valid);
  if (!cgroup.empty()) {
    if (find(cgroup) == nullptr) return;
    check_takes_processes(cgroup);
  }
  const auto key = std::pair(payload.name(), cgroup);
  const auto live = payloads_.find(key);
  if (live != payloads_.end() && live->second.surely)
    return mistake(
        "the payload '{}' runs {} already, started by {}; end that one before, or run this one "
        "elsewhere or under another name",
        payload.name(), where(cgroup), live->second.surface);
  payloads_[key] = {in_backdrop(), true, std::move(surface)};
}

void RehearsedWorld::end_payload(const std::string& name, const std::optional<std::string>& cgroup, bool surely) {
  std::vector<std::string> places;
  auto last = payloads_.end();
  for (auto each = payloads_.begin(); each != payloads_.end(); ++each) {
    if (each->first.first != name || (cgroup && each->first.second != *cgroup)) continue;
    places.push_back(where(each->first.second));
    last = each;
  }
  if (places.empty())
    return mistake("no payload '{}' runs {}at this point; start it before", name, cgroup ? where(*cgroup) + " " : "");
  if (places.size() > 1)
    return mistake("the payload '{}' runs {}; say which by its cgroup", name, fmt::join(places, " and "));
  if (surely)
    payloads_.erase(last);
  else
    last->second.surely = false;
}

void RehearsedWorld::end_payloads_in(const std::string& cgroup) {
  std::erase_if(payloads_, [&](const auto& each) { return each.first.second == cgroup; });
}

// --- CPUs

void RehearsedWorld::attach_scheduler() {
  if (ctx_.on_host()) mistake("host mode loads no scheduler");
  scheduler_ = true;
}

void RehearsedWorld::detach_scheduler() {
  if (ctx_.on_host()) return mistake("host mode loads no scheduler");
  if (scheduler_ == false) mistake("no scheduler is attached any more: an op before this one ended it");
  scheduler_ = false;
}

void RehearsedWorld::check_cpu(Cpu cpu) {
  if (!ctx_.topology().cpus.contains(cpu))
    mistake("there is no CPU {}: the machine has {}", cpu, ctx_.topology().cpus.to_string());
}

}  // namespace ktstr
