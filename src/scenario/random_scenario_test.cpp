// SPDX-License-Identifier: Apache-2.0
//
// Random scenarios through the double, with a failure anywhere: whatever happens, afterwards there is what there was
// before.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "scenario/executor.h"
#include "scenario/fake_world.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

std::string any_name() { return *rc::gen::element<std::string>("a", "b", "c", "a/x"); }
std::string any_payload() { return *rc::gen::element<std::string>("p", "q"); }

CgroupDef any_def(const std::string& name) {
  CgroupDef def = CgroupDef::named(name);
  if (*rc::gen::inRange(0, 4) == 0)
    def.no_workers();
  else
    def.workers(*rc::gen::inRange(1, 4));
  if (*rc::gen::arbitrary<bool>()) def.cpuset(CpusetSpec::llc(*rc::gen::inRange(0, 2)));
  if (*rc::gen::arbitrary<bool>()) def.cpu_weight(50);
  if (*rc::gen::inRange(0, 5) == 0) def.workload(Payload::program(any_payload(), "/bin/p"));
  return def;
}

Op any_op() {
  switch (*rc::gen::inRange(0, 18)) {
    case 0: return Op::add_cgroup(any_name());
    case 1: return Op::add_cgroup_def(any_def(any_name()));
    case 2: return Op::remove_cgroup(any_name());
    case 3: return Op::stop_cgroup(any_name());
    case 4: return Op::kill_cgroup(any_name());
    case 5: return Op::move_all_tasks(any_name(), any_name());
    case 6: return Op::freeze_cgroup(any_name());
    case 7: return Op::unfreeze_cgroup(any_name());
    case 8: return Op::set_weight(any_name(), 70);
    case 9: return Op::set_cpuset(any_name(), CpusetSpec::llc(1));
    case 10: return Op::swap_cpusets(any_name(), any_name());
    case 11: return Op::set_affinity(any_name(), AffinityIntent::single_cpu());
    case 12: return Op::spawn_workers(any_name(), {.workers = 2});
    case 13: return Op::spawn_host({.workers = 1});
    case 14: return Op::run_payload_in_cgroup(any_name(), Payload::program(any_payload(), "/bin/p"));
    case 15: return Op::wait_payload(any_payload(), 10ms);
    case 16: return Op::kill_payload(any_payload());
    default: return Op::set_nice(any_name(), 3);
  }
}

Step any_step(int of) {
  Step step{.hold = HoldSpec::fraction(0.9 / of)};
  // Names of a step's own are mostly fresh, so that a good share of scenarios has no mistake.
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) step.setup.push_back(any_def(fmt::format("s{}", i)));
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) step.ops.push_back(any_op());
  if (of == 1 && *rc::gen::inRange(0, 4) == 0) step.hold = HoldSpec::loop(300ms);
  return step;
}

struct Scenario {
  Backdrop backdrop;
  std::vector<Step> steps;
};

Scenario any_scenario() {
  Scenario scenario;
  for (const char* name : {"a", "b", "c"})
    if (*rc::gen::inRange(0, 4) != 0) scenario.backdrop.push_cgroup(any_def(name));
  const int steps = *rc::gen::inRange(1, 4);
  for (int i = 0; i < steps; ++i) scenario.steps.push_back(any_step(steps));
  return scenario;
}

// A failure somewhere, or none.
void break_something(FakeWorld& world) {
  const Error refused = Error::from_errno(EIO, "refused");
  switch (*rc::gen::inRange(0, 6)) {
    case 0: return world.ops.fail_call(*rc::gen::inRange<std::size_t>(1, 40), refused);
    case 1: world.spawn_fails.emplace(any_name(), refused); return;
    case 2: world.payload_fails.emplace(any_payload(), refused); return;
    case 3: world.change_fails.emplace("set_nice", refused); return;
    case 4: world.scheduler_ends = world.time + *rc::gen::inRange(0, 1000) * 1ms; return;
    default: return;
  }
}

RC_GTEST_PROP(RandomScenarios, LeaveWhatTheyFoundWhateverFails, ()) {
  FakeWorld world;
  world.scheduler_pid = 7;
  const Scenario scenario = any_scenario();
  break_something(world);
  const auto result = world.run(scenario.backdrop, scenario.steps);
  RC_CLASSIFY(!result, "refused");
  RC_CLASSIFY(result && result->verdict() == Verdict::kPass, "passed");
  RC_CLASSIFY(result && result->verdict() == Verdict::kFail, "failed");
  if (!result) {
    // Refused before anything was touched; a controller that cannot be enabled comes before the first step too.
    RC_ASSERT(world.log.empty());
    RC_ASSERT(world.ops.calls().size() <= 1u);
    return;
  }
  // The one removal that was made to fail leaves its group, and that is said.
  std::size_t said = 0;
  for (const Detail& detail : result->details)
    if (detail.message.starts_with("clean-up")) ++said;
  RC_ASSERT(world.ops.groups().size() <= said);
  RC_ASSERT(world.alive == 0);
  for (const StepMark& mark : world.marks)
    if (mark.kind == StepMark::Kind::kScenarioEnd) RC_ASSERT(mark.workers == 0);
}

}  // namespace
}  // namespace ktstr
