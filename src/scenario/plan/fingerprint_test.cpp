// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/fingerprint.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/file.h"
#include "scenario/plan/worker_attributes.h"
#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

std::string fingerprint_of(const Backdrop& backdrop, const std::vector<Step>& steps, Nanoseconds duration) {
  const TestTopology machine = TestTopology::expected_for(Topology{1, 2, 2, 1});
  const Ctx ctx({.topology = &machine, .settings = {.duration = duration, .seed = 1}});
  ScenarioPlan plan;
  const auto mistakes = plan_scenario(ctx, backdrop, steps, plan);
  EXPECT_TRUE(mistakes.empty()) << describe(mistakes);
  return fingerprint(ctx, plan);
}

std::string fingerprint_of_text(const std::string& text) {
  const auto file = parse_scenario(text, "scenario.toml");
  if (!file) return file.error().render();
  return fingerprint_of(file->backdrop, file->steps, file->settings.duration);
}

std::string fingerprint_of(const std::string& example) {
  return fingerprint_of_text(read_text(fs::path(KTSTR_EXAMPLES) / example).value_or(""));
}

TEST(Fingerprint, IsTheSameForAnExampleInTomlAndInCpp) {
  EXPECT_EQ(fingerprint_of("two_cgroups.toml"),
            fingerprint_of({},
                           {{.setup = {CgroupDef::named("cg_0").workers(2).cpuset(CpusetSpec::llc(0)),
                                       CgroupDef::named("cg_1").workers(2).cpuset(CpusetSpec::llc(1))}}},
                           2s));
  const Backdrop backdrop{
      .cgroups = {CgroupDef::named("service").workers(2).work_type(Bursty{.burst = 2ms, .sleep = 5ms}),
                  CgroupDef::named("left").workers(2).cpuset(CpusetSpec::llc(0)),
                  CgroupDef::named("right").workers(2).cpuset(CpusetSpec::llc(1))}};
  EXPECT_EQ(
      fingerprint_of("changes.toml"),
      fingerprint_of(backdrop,
                     {{.ops = {Op::swap_cpusets("left", "right")}, .hold = HoldSpec::fixed(800ms), .name = "swap"},
                      {.ops = {Op::move_all_tasks("left", "right"), Op::freeze_cgroup("service")},
                       .hold = HoldSpec::fixed(800ms),
                       .name = "move and freeze"},
                      {.ops = {Op::unfreeze_cgroup("service"), Op::cpu_offline(3)}, .name = "thaw, with a CPU less"}},
                     3s));
}

// It is stored with runs: a change of the program is no change of the scenario.
TEST(Fingerprint, StaysTheSameFromVersionToVersion) {
  EXPECT_EQ(fingerprint_of("changes.toml"), "c5e02c8b5310c7a7");
  EXPECT_EQ(fingerprint_of("hackbench.toml"), "dd08529f41764d3f");
  EXPECT_EQ(fingerprint_of("lost_wakeup.toml"), "1fe60b67b33dbb3f");
  EXPECT_EQ(fingerprint_of("mixed_work.toml"), "53c5ace04a35a556");
  EXPECT_EQ(fingerprint_of("payload.toml"), "cd3f5a0207b33cb7");
  EXPECT_EQ(fingerprint_of("two_cgroups.toml"), "b6b7b415f028a66f");
  const std::string head = "[[payload]]\nname = 'p'\nprogram = 'true'\nargs = ['-v']\n[[step]]\n[[step.op]]\nop = ";
  EXPECT_EQ(
      fingerprint_of_text(head + "'spawn'\ncgroup = ''\nwork = { type = 'Mixed', workers = 3, policy = 'batch' }"),
      "9e255f2a3444f9df");
  EXPECT_EQ(fingerprint_of_text(head + "'run_payload'\npayload = 'p'\nargs = ['x', 'y']"), "478235e12eb6c8fa");
  EXPECT_EQ(fingerprint_of_text(head + "'add_cgroup_def'\ndef = { name = 'a', cpuset = 'llc:1', cpu_weight = 7 }"),
            "e19a309f44539495");
}

TEST(Fingerprint, DiffersInEachPart) {
  const auto of = [](CgroupDef def, HoldSpec hold = HoldSpec::full()) {
    return fingerprint_of({}, {{.setup = {std::move(def)}, .hold = hold}}, 1s);
  };
  const std::string base = of(CgroupDef::named("a"));
  EXPECT_EQ(base, of(CgroupDef::named("a")));
  EXPECT_NE(base, of(CgroupDef::named("b")));
  EXPECT_NE(base, of(CgroupDef::named("a").workers(2)));
  EXPECT_NE(base, of(CgroupDef::named("a").cpu_weight(99)));
  EXPECT_NE(base, of(CgroupDef::named("a").nice(1)));
  EXPECT_NE(base, of(CgroupDef::named("a").pcomm("web")));
  EXPECT_NE(of(CgroupDef::named("a").pcomm("web")), of(CgroupDef::named("a").pcomm("db")));
  EXPECT_NE(base, of(CgroupDef::named("a"), HoldSpec::fraction(0.5)));
  EXPECT_NE(base, fingerprint_of({}, {{.setup = {CgroupDef::named("a")}, .ops = {Op::spawn_host({})}}}, 1s));
}

TEST(Fingerprint, DiffersInEachAttributeOfWorkers) {
  const std::string cgroup = "[[cgroup]]\nname = 'a'\n";
  std::set<std::string> different = {fingerprint_of_text(cgroup)};
  for (const WorkerAttribute& row : worker_attributes()) {
    const std::string print = fingerprint_of_text(cgroup + std::string(row.written));
    EXPECT_EQ(print.size(), 16u) << print;
    EXPECT_TRUE(different.insert(print).second) << row.written;
  }
}

TEST(Fingerprint, DiffersInEachPartOfAPayload) {
  const auto of = [](const std::function<void(Payload&)>& change) {
    Payload payload = Payload::program("p", "true");
    payload.output(Payload::Output::kJson).metric({.name = "m"}).known_flags({"--a"});
    change(payload);
    return fingerprint_of({.payloads = {payload}}, {{.setup = {CgroupDef::named("a")}}}, 1s);
  };
  const std::string base = of([](Payload&) {});
  EXPECT_EQ(base, of([](Payload& p) { p.file_limit(Payload::kDefaultFileLimit); }));
  EXPECT_NE(base, of([](Payload& p) { p.args({"x"}); }));
  EXPECT_NE(base, of([](Payload& p) { p.check(PayloadCheck::exists("m")); }));
  EXPECT_NE(base, of([](Payload& p) { p.metric({.name = "n"}); }));
  EXPECT_NE(base, of([](Payload& p) { p.known_flags({"--a", "--b"}); }));
  EXPECT_NE(base, of([](Payload& p) { p.include({"/etc/hosts"}); }));
  EXPECT_NE(base, of([](Payload& p) { p.file_limit(1 << 20); }));
}

}  // namespace
}  // namespace ktstr
