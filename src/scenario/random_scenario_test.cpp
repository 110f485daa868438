// SPDX-License-Identifier: Apache-2.0
//
// Random scenarios through the double, with a failure anywhere: whatever happens, afterwards there is what there was
// before.
#include "scenario/testing/random_scenario.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "scenario/executor.h"
#include "scenario/testing/fake_world.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

ScenarioMaker maker() {
  return ScenarioMaker(
      {.payloads = {Payload::program("p", "/bin/p"), Payload::program("q", "/bin/p")}, .loop_interval = 300ms});
}

// A failure somewhere, or none.
void break_something(FakeWorld& world) {
  const Error refused = Error::from_errno(EIO, "refused");
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return world.ops.fail_call(*rc::gen::inRange<std::size_t>(1, 40), refused);
    case 1:
      world.spawn_fails.emplace(ScenarioMaker::cgroup(), refused);
      return;
    case 2:
      world.payload_fails.emplace(*rc::gen::element<std::string>("p", "q"), refused);
      return;
    case 3:
      world.change_fails.emplace("set_nice", refused);
      return;
    case 4:
      world.scheduler_ends = world.time + *rc::gen::inRange(0, 1000) * 1ms;
      return;
    default:
      return;
  }
}

RC_GTEST_PROP(RandomScenarios, LeaveWhatTheyFoundWhateverFails, ()) {
  FakeWorld world;
  world.scheduler_pid = 7;
  const RandomScenario scenario = maker().scenario();
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
    if (detail.message.starts_with("clean-up") || detail.kind == DetailKind::kStuck) ++said;
  RC_ASSERT(world.ops.groups().size() <= said);
  RC_ASSERT(world.alive == 0);
  for (const StepMark& mark : world.marks)
    if (mark.kind == StepMark::Kind::kScenarioEnd) RC_ASSERT(mark.workers == 0);
}

}  // namespace
}  // namespace ktstr
