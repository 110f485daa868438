// SPDX-License-Identifier: Apache-2.0
//
// What people get to read when a scenario is refused, compared with golden/refused.txt: it shall say what is wrong,
// where, and what would do. After a change that is meant: KTSTR_APPROVE=1 scenario_test, then read the difference.
#include "scenario_file/testing/refused.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "base/testing/approved.h"
#include "scenario/testing/fake_world.h"
#include "scenario_file/scenario_file.h"

namespace ktstr::refused {

Case in_cgroup(std::string what, std::function<void(CgroupDef&)> declare, std::string lines) {
  Case made{.what = std::move(what)};
  if (declare)
    made.cpp = [declare = std::move(declare)] {
      CgroupDef def = CgroupDef::named("a");
      declare(def);
      return Scenario{.steps = {{.setup = {def}}}};
    };
  if (!lines.empty()) made.toml = fmt::format("topology = '{}'\n[[cgroup]]\nname = 'a'\n{}\n", kTopology, lines);
  return made;
}

Payload program() { return Payload::program("p", "true").known_flags({"--runtime"}); }

Case in_op(std::string what, std::function<std::vector<Op>()> ops, std::string lines) {
  Case made{.what = std::move(what)};
  if (ops)
    made.cpp = [ops = std::move(ops)] {
      return Scenario{.backdrop = {.cgroups = {CgroupDef::named("a"), CgroupDef::named("b")}},
                      .steps = {{.ops = ops()}}};
    };
  if (!lines.empty())
    made.toml = fmt::format(
        "topology = '{}'\n[[payload]]\nname = 'p'\nprogram = 'true'\nknown_flags = ['--runtime']\n[backdrop]\n"
        "[[backdrop.cgroup]]\nname = 'a'\n[[backdrop.cgroup]]\nname = 'b'\n[[step]]\nhold = 'full'\n[[step.op]]\n{}\n",
        kTopology, lines);
  return made;
}

Case of_one_op(std::string what, Op made, std::string lines) {
  return in_op(
      std::move(what), [made = std::move(made)] { return std::vector{made}; }, std::move(lines));
}

namespace {

std::string in_cpp(const Case& refused) {
  FakeWorld world;
  world.topology = TestTopology::expected_for(*Topology::parse(kTopology));
  std::string said = "NOT REFUSED";
  try {
    const Scenario scenario = refused.cpp();
    world.duration = scenario.duration;
    if (const auto result = world.run(scenario.backdrop, scenario.steps); !result) {
      EXPECT_EQ(result.error().code(), ErrorCode::kInvalidArgument) << refused.what;
      said = result.error().render();
    }
  } catch (const std::invalid_argument& thrown) {
    said = fmt::format("throws: {}", thrown.what());
  }
  EXPECT_THAT(world.ops.calls(), testing::IsEmpty()) << refused.what;
  EXPECT_THAT(world.log, testing::IsEmpty()) << refused.what;
  return said;
}

std::string in_toml(const Case& refused) {
  const auto file = parse_scenario(refused.toml, "t.toml");
  return file ? "NOT REFUSED" : file.error().render();
}

std::string section(const char* title, const std::vector<Case>& cases) {
  std::string text = fmt::format("== {}\n", title);
  std::set<std::string> seen;
  for (const Case& refused : cases) {
    EXPECT_TRUE(seen.insert(refused.what).second) << refused.what;
    text += fmt::format("\n{}\n", refused.what);
    if (refused.cpp) text += fmt::format("  C++:  {}\n", in_cpp(refused));
    if (!refused.toml.empty()) text += fmt::format("  TOML: {}\n", in_toml(refused));
  }
  return text + "\n";
}

TEST(Refused, SaysWhatIsWrongWhereAndTheWayOut) {
  const std::string text = section("names", names()) + section("holds", holds()) + section("cpusets", cpusets()) +
                           section("limits", limits()) + section("workers", workers()) +
                           section("policies", policies()) + section("ops on cgroups", cgroup_ops()) +
                           section("ops on workers", worker_ops()) + section("payloads", payloads()) +
                           section("ops on the machine", machine_ops());
  EXPECT_EQ(text.find("NOT REFUSED"), std::string::npos);
  expect_approved("refused", text);
}

}  // namespace
}  // namespace ktstr::refused
