// SPDX-License-Identifier: Apache-2.0
//
// For tests: random scenarios, of which a good share has no mistake. They run through the double
// (random_scenario_test.cpp) and on a real kernel (tests/guest/random_scenario_tests.cpp), so whoever runs them says
// what there is to make them of.
#pragma once

#include <fmt/format.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "ktstr/scenario.h"

namespace ktstr {

struct RandomScenario {
  Backdrop backdrop;
  std::vector<Step> steps;
};

// What a machine has for them.
struct ScenarioParts {
  int llcs = 2;
  int most_workers = 3;           // of one cgroup's definition
  double held = 0.9;              // of the duration; what it takes to set up and tear down needs the rest
  std::vector<Payload> payloads;  // several may have one name
  std::chrono::nanoseconds loop_interval{};
};

// Makes its choices with rapidcheck: to be used in a property or in rc::gen::exec().
class ScenarioMaker {
 public:
  explicit ScenarioMaker(ScenarioParts parts) : parts_(std::move(parts)) {}

  RandomScenario scenario() const {
    RandomScenario made;
    for (const char* name : {"a", "b", "c"})
      if (*rc::gen::inRange(0, 4) != 0) made.backdrop.push_cgroup(def(name));
    const int steps = *rc::gen::inRange(1, 4);
    for (int i = 0; i < steps; ++i) made.steps.push_back(step(steps));
    return made;
  }
  static std::string cgroup() { return *rc::gen::element<std::string>("a", "b", "c", "a/x"); }
  Payload payload() const { return *rc::gen::elementOf(parts_.payloads); }

 private:
  std::string payload_name() const { return payload().name(); }
  CpusetSpec cpuset() const { return CpusetSpec::llc(*rc::gen::inRange(0, parts_.llcs)); }

  CgroupDef def(const std::string& name) const {
    CgroupDef made = CgroupDef::named(name);
    if (*rc::gen::inRange(0, 4) == 0)
      made.no_workers();
    else
      made.workers(*rc::gen::inRange(1, parts_.most_workers + 1));
    if (*rc::gen::inRange(0, 3) == 0) made.pcomm("threads");
    if (*rc::gen::arbitrary<bool>()) made.cpuset(cpuset());
    if (*rc::gen::arbitrary<bool>()) made.cpu_weight(50);
    if (*rc::gen::inRange(0, 5) == 0) made.workload(payload());
    return made;
  }

  Op op() const {
    switch (*rc::gen::inRange(0, 18)) {
      case 0:
        return Op::add_cgroup(cgroup());
      case 1:
        return Op::add_cgroup_def(def(cgroup()));
      case 2:
        return Op::remove_cgroup(cgroup());
      case 3:
        return Op::stop_cgroup(cgroup());
      case 4:
        return Op::kill_cgroup(cgroup());
      case 5:
        return Op::move_all_tasks(cgroup(), cgroup());
      case 6:
        return Op::freeze_cgroup(cgroup());
      case 7:
        return Op::unfreeze_cgroup(cgroup());
      case 8:
        return Op::set_weight(cgroup(), 70);
      case 9:
        return Op::set_cpuset(cgroup(), cpuset());
      case 10:
        return Op::swap_cpusets(cgroup(), cgroup());
      case 11:
        return Op::set_affinity(cgroup(), AffinityIntent::single_cpu());
      case 12:
        return Op::spawn_workers(cgroup(), {.workers = 2});
      case 13:
        return Op::spawn_host({.workers = 1});
      case 14:
        return Op::run_payload_in_cgroup(cgroup(), payload());
      case 15:
        return Op::wait_payload(payload_name(), std::chrono::milliseconds(10));
      case 16:
        return Op::kill_payload(payload_name());
      default:
        return Op::set_nice(cgroup(), 3);
    }
  }

  Step step(int of) const {
    Step made{.hold = HoldSpec::fraction(parts_.held / of)};
    // Names of a step's own are mostly fresh, so that a good share of scenarios has no mistake.
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) made.setup.push_back(def(fmt::format("s{}", i)));
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) made.ops.push_back(op());
    if (of == 1 && *rc::gen::inRange(0, 4) == 0) made.hold = HoldSpec::loop(parts_.loop_interval);
    return made;
  }

  ScenarioParts parts_;
};

// The same for the same seed.
inline RandomScenario random_scenario(const ScenarioParts& parts, std::uint64_t seed) {
  const auto any = rc::gen::exec([maker = ScenarioMaker(parts)] { return maker.scenario(); });
  return any(rc::Random(seed)).value();
}

}  // namespace ktstr
