// SPDX-License-Identifier: Apache-2.0
//
// The world as a rehearsal knows it: which cgroups, workers and payloads there are at this point, by name, and the
// mistakes that were found until then. It begins in the Backdrop's set-up.
#pragma once

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text/error_line.h"
#include "scenario/plan/plan.h"

namespace ktstr {

class RehearsedWorld {
 public:
  struct Group {
    bool of_backdrop = false;
    bool workers = false;
    CpuSet cpuset;  // empty: all CPUs
  };

  explicit RehearsedWorld(const Ctx& ctx) : ctx_(ctx) {}
  const Ctx& ctx() const { return ctx_; }

  // --- where the rehearsal is
  // Until end_step(), what is created belongs to the step; else to the Backdrop.
  void begin_step(int number);
  void end_step();
  bool in_backdrop() const { return number_ == 0; }
  int number() const { return number_; }
  // Of the next mistakes: their place, and words before and after them.
  void go_to(Place place, std::string before = "", std::string after = "");
  // These cgroups come with the step's set-up, after its ops.
  void expect_later(std::set<std::string> names) { later_ = std::move(names); }

  // --- mistakes
  template <typename... Args>
  void mistake(fmt::format_string<Args...> format, Args&&... args) {
    add_mistake(fmt::format(format, std::forward<Args>(args)...));
  }
  void mistake_from(const Status& status) {
    if (!status) add_mistake(in_one_line(status.error()));
  }
  std::vector<PlanMistake> take_mistakes() { return std::move(mistakes_); }

  // --- cgroups
  // Null with a mistake when there is no such group now.
  Group* find(const std::string& name);
  // Null with a mistake when it has nobody that an op could act on.
  Group* find_with_workers(const std::string& name);
  void add_group(const PlannedCgroup& cgroup);
  void remove_group(const std::string& name);
  // Its workers and payloads end.
  void empty_group(const std::string& name);
  // The same, of the cgroups below it as well.
  void kill_group(const std::string& name);
  bool has_children(const std::string& name) const;
  // A mistake where the kernel allows no processes in it.
  void check_takes_processes(const std::string& name);
  // The place outside of the scenario's cgroups.
  Group& outside() { return outside_; }

  // --- payloads
  void start_payload(const Payload& payload, const std::vector<std::string>& args, const std::string& cgroup,
                     std::string surface);
  // Not `surely`: a wait with a time limit may have seen its end.
  void end_payload(const std::string& name, const std::optional<std::string>& cgroup, bool surely);

  // --- CPUs
  void check_cpu(Cpu cpu);

  // --- the scheduler; a mistake on a host, and to end one where there is none
  void attach_scheduler();
  void detach_scheduler();

 private:
  struct LivePayload {
    bool of_backdrop = false;
    bool surely = true;
    std::string surface;
  };
  // By name and cgroup.
  using LivePayloads = std::map<std::pair<std::string, std::string>, LivePayload>;

  void add_mistake(const std::string& message);
  std::string known_names() const;
  bool check_new_name(const std::string& name);
  bool has_processes(const std::string& name, const Group& group) const;
  void end_payloads_in(const std::string& cgroup);

  const Ctx& ctx_;
  std::vector<PlanMistake> mistakes_;
  Place at_;
  std::string before_, after_;
  int number_ = 0;
  std::map<std::string, Group> groups_;
  Group outside_;
  std::set<std::string> later_, removed_;
  LivePayloads payloads_;
  std::optional<bool> scheduler_;  // whether one is attached, where that is known
};

}  // namespace ktstr
