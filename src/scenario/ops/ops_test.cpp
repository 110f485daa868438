// SPDX-License-Identifier: Apache-2.0
//
// What each op does, through the recording double; the same on a real kernel is in tests/guest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "scenario/executor.h"
#include "scenario/scope.h"
#include "scenario/testing/fake_world.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

const Error kIoError = Error::from_errno(EIO, "cannot write it");

// Two cgroups with two workers each over which the ops of one step are done.
class Ops : public testing::Test {
 protected:
  AssertResult after(std::vector<Op> ops) {
    const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(2).cpuset(CpusetSpec::llc(0)),
                                        CgroupDef::named("b").workers(2).cpuset(CpusetSpec::llc(1))}};
    auto result = world_.run(backdrop, {{.ops = std::move(ops), .hold = HoldSpec::fraction(0.5)}});
    EXPECT_TRUE(result) << result.error().render();
    EXPECT_THAT(world_.ops.groups(), IsEmpty());
    return result.value_or(AssertResult());
  }
  // The step's single failure.
  std::string failure_of(std::vector<Op> ops) {
    const AssertResult result = after(std::move(ops));
    for (const Detail& detail : result.details)
      if (detail.verdict == Verdict::kFail) return detail.message;
    return "none";
  }
  FakeWorld world_;
};

TEST_F(Ops, AddAndRemoveCgroups) {
  after({Op::add_cgroup("c"), Op::remove_cgroup("c"), Op::add_cgroup("c")});
  EXPECT_EQ(std::count(world_.ops.calls().begin(), world_.ops.calls().end(), "create c"), 2);
  EXPECT_EQ(std::count(world_.ops.calls().begin(), world_.ops.calls().end(), "remove c"), 2);
}

TEST_F(Ops, AddADefinitionWhoseWorkersStartAtOnce) {
  after({Op::add_cgroup_def(CgroupDef::named("c").workers(3).cpu_weight(7)), Op::set_nice("c", 1)});
  EXPECT_THAT(world_.ops.calls(), Contains("set c cpu.weight 7"));
  const auto at = [&](const char* text) { return std::find(world_.log.begin(), world_.log.end(), text); };
  EXPECT_LT(at("release c"), at("set_nice c 1"));
}

TEST_F(Ops, RemoveReportsTheWorkersBeforeTheGroupGoes) {
  const AssertResult result = after({Op::add_cgroup_def(CgroupDef::named("c")), Op::remove_cgroup("c")});
  EXPECT_THAT(world_.log, IsSupersetOf({"stop c", "collect c"}));
  EXPECT_EQ(result.cgroups.at(0).cgroup, "c");
  EXPECT_EQ(result.cgroups.at(0).step, 1);
}

TEST_F(Ops, KillingAParentKillsThoseBelow) {
  const Backdrop family{.cgroups = {CgroupDef::named("outer").no_workers(), CgroupDef::named("outer/in").workers(1)}};
  const auto result =
      world_.run(family, {{.ops = {Op::kill_cgroup("outer"), Op::spawn_workers("outer/in", {.workers = 1})}}});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_THAT(world_.log, Contains("expect kill outer/in"));
  const auto twice = world_.run(family, {{.ops = {Op::kill_cgroup("outer"), Op::kill_cgroup("outer/in")}}});
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message(), HasSubstr("the cgroup 'outer/in' is empty at this point"));
}

TEST_F(Ops, StopLeavesTheGroupEmpty) {
  after({Op::stop_cgroup("a"), Op::spawn_workers("a", {.workers = 1})});
  EXPECT_EQ(std::count(world_.log.begin(), world_.log.end(), "spawn a"), 2);
  EXPECT_EQ(std::count(world_.log.begin(), world_.log.end(), "collect a"), 2);
}

TEST_F(Ops, KillIsNoFaultOfTheScheduler) {
  const AssertResult result = after({Op::kill_cgroup("a")});
  EXPECT_THAT(world_.ops.calls(), Contains("kill a"));
  EXPECT_THAT(world_.log, Contains("expect kill a"));
  EXPECT_THAT(world_.log, Not(Contains("expect kill b")));
  EXPECT_THAT(result.details, IsEmpty());
}

TEST(IsWithin, IsTheCgroupAndThoseBelow) {
  EXPECT_TRUE(is_within("a", "a"));
  EXPECT_TRUE(is_within("a/b", "a"));
  EXPECT_FALSE(is_within("ab", "a"));
  EXPECT_FALSE(is_within("a", "a/b"));
  EXPECT_FALSE(is_within("", "a"));
}

TEST_F(Ops, WorkersMoveIntoACgroupThatWasKilledOnce) {
  after({Op::spawn_workers("a", {.workers = 1}), Op::kill_cgroup("a"), Op::spawn_workers("a", {.workers = 1}),
         Op::spawn_workers("b", {.workers = 1})});
  std::vector<std::pair<std::string, bool>> moves;
  for (const WorkerPlacement& placement : world_.placements) moves.emplace_back(placement.cgroup, placement.moves_in);
  EXPECT_THAT(moves, ElementsAre(std::pair("a", false), std::pair("b", false), std::pair("a", false),
                                 std::pair("a", true), std::pair("b", false)));
}

TEST_F(Ops, WorkersAreHeldFromBeforeAFreezeUntilAfterTheThaw) {
  const AssertResult result = after({Op::freeze_cgroup("a"), Op::unfreeze_cgroup("a")});
  std::vector<std::string> holds;
  for (const std::string& line : world_.log)
    if (line.starts_with("hold a") || line.starts_with("let go")) holds.push_back(line);
  EXPECT_THAT(holds, ElementsAre("hold a", "let go a"));
  EXPECT_THAT(result.details, IsEmpty());
  EXPECT_THAT(result.checked, Contains(Checked{"gap: the 2 workers of a, limit 2000 ms"}));
}

TEST_F(Ops, AFreezeHoldsTheWorkersOfCgroupsBelow) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").no_workers(), CgroupDef::named("a/in").workers(1)}};
  const auto result = world_.run(
      backdrop,
      {{.setup = {CgroupDef::named("a/own").workers(1)}, .hold = HoldSpec::fixed(1ms)},
       {.setup = {CgroupDef::named("ab").workers(1)}, .ops = {Op::freeze_cgroup("a"), Op::unfreeze_cgroup("a")}}});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_THAT(world_.log, IsSupersetOf({"hold a/in", "let go a/in"}));
  EXPECT_THAT(world_.log, Not(Contains("hold ab")));
}

TEST_F(Ops, WorkersThatMoveAreHeldWhereTheyAre) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(1), CgroupDef::named("b").workers(1),
                                      CgroupDef::named("c").no_workers()}};
  const auto result = world_.run(
      backdrop, {{.ops = {Op::freeze_cgroup("b"), Op::move_all_tasks("a", "b"), Op::move_all_tasks("b", "c")}}});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_THAT(world_.log, IsSupersetOf({"hold b", "hold a", "let go a", "let go b"}));
}

TEST_F(Ops, AFreezeThatFailsIsUndone) {
  world_.ops.fail_matching("freeze a", kIoError);
  failure_of({Op::freeze_cgroup("a")});
  EXPECT_THAT(world_.ops.calls(), Contains("thaw a"));
}

TEST_F(Ops, MoveAllTasksComparesWorkersOnlyWithTheirEquals) {
  const AssertResult result = after({Op::move_all_tasks("a", "b")});
  std::vector<std::pair<int, int>> numbers;
  for (const auto& report : world_.reports) numbers.emplace_back(report.spec, report.index);
  EXPECT_THAT(numbers, ElementsAre(std::pair(0, 0), std::pair(0, 1), std::pair(1, 2), std::pair(1, 3)));
  EXPECT_THAT(result.checked,
              Contains(Checked{"spread: not of 2 equal workers of b, which share CPUs and had less than 1 s"}));
}

TEST_F(Ops, WorkersThatMoveKeepTheirNumbersWhereNobodyHasThem) {
  after({Op::add_cgroup("c"), Op::add_cgroup("d"), Op::spawn_workers("c", {.workers = 2}), Op::move_all_tasks("c", "d"),
         Op::move_all_tasks("d", "c"), Op::spawn_workers("d", {.workers = 1})});
  std::vector<std::string> numbers;
  for (const auto& report : world_.reports)
    if (report.step == 1) numbers.push_back(fmt::format("{} {} {}", report.cgroup, report.spec, report.index));
  // The one that came later is nobody who was in d before.
  EXPECT_THAT(numbers, ElementsAre("c 0 0", "c 0 1", "d 1 2"));
}

TEST_F(Ops, MoveAllTasksTakesTheWorkersAlong) {
  const AssertResult result = after({Op::move_all_tasks("a", "b")});
  EXPECT_THAT(world_.ops.calls(), Contains(HasSubstr("move b 1000")));
  // Both cpusets are allowed on the way, then the new one.
  EXPECT_THAT(world_.log, IsSupersetOf({"allow a 0-3", "allow a 2-3"}));
  ASSERT_EQ(result.cgroups.size(), 1u);
  EXPECT_EQ(result.cgroups[0].cgroup, "b");
  EXPECT_EQ(result.cgroups[0].workers, 4);
}

TEST_F(Ops, MoveAllTasksMovesTheProcessesOfThreads) {
  const Backdrop backdrop{
      .cgroups = {CgroupDef::named("a").workers(2).pcomm("web").work({}), CgroupDef::named("b").no_workers()}};
  const auto result = world_.run(backdrop, {{.ops = {Op::core_sched_create("a"), Op::move_all_tasks("a", "b")}}});
  ASSERT_TRUE(result) << result.error().render();
  // 1000 is the leader, which is moved once and takes its threads along.
  EXPECT_THAT(world_.ops.calls(), Contains("move b 1000"));
  EXPECT_THAT(world_.log, Contains("core_create 1001,1002,1003"));
  ASSERT_EQ(result->cgroups.size(), 1u);
  EXPECT_EQ(result->cgroups[0].workers, 3);
}

TEST_F(Ops, ThreadsOfSeveralGroupsStayApartWhereverTheyMove) {
  const Backdrop backdrop{
      .cgroups = {CgroupDef::named("a").workers(2).pcomm("web").work({}), CgroupDef::named("b").workers(1)}};
  const auto result = world_.run(backdrop, {{.ops = {Op::move_all_tasks("a", "b")}}});
  ASSERT_TRUE(result) << result.error().render();
  std::vector<std::pair<int, int>> places;
  for (const auto& report : world_.reports) places.emplace_back(report.index, report.spec);
  EXPECT_THAT(places, ElementsAre(std::pair(0, 0), std::pair(1, 1), std::pair(2, 1), std::pair(3, 2)));
}

TEST_F(Ops, AMoveThatFailsLeavesTheWorkersWhereTheyWere) {
  world_.ops.fail_matching("move b 1", Error(ErrorCode::kBusy, "somebody is in the way"));
  const AssertResult result = after({Op::move_all_tasks("a", "b")});
  EXPECT_THAT(result.details.at(0).message, HasSubstr("step 1 failed: move_all_tasks a -> b: somebody is in the way"));
  EXPECT_EQ(result.cgroups.size(), 2u);
  EXPECT_THAT(world_.log, Contains("allow a 0-1"));
}

TEST_F(Ops, WorkersThatMoveIntoTheBackdropOutliveTheStep) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("base").no_workers()}};
  const Step adds{.ops = {Op::add_cgroup_def(CgroupDef::named("c")), Op::move_all_tasks("c", "base")},
                  .hold = HoldSpec::fraction(0.5)};
  const auto result = world_.run(backdrop, {adds, {.hold = HoldSpec::fraction(0.5)}});
  ASSERT_TRUE(result) << result.error().render();
  ASSERT_EQ(result->cgroups.size(), 1u);
  EXPECT_EQ(result->cgroups[0].cgroup, "base");
  EXPECT_THAT(world_.log, Contains("step 2 paused: 1 cgroups, 1 workers"));
}

TEST_F(Ops, FreezeIsUndoneBeforeTheGroupIsTornDown) {
  const AssertResult result = after({Op::freeze_cgroup("a")});
  EXPECT_THAT(result.details, IsEmpty());
  EXPECT_THAT(world_.ops.calls(), IsSupersetOf({"freeze a", "thaw a"}));
  EXPECT_THAT(world_.log, IsSupersetOf({"hold a", "let go a"}));
}

TEST_F(Ops, AThawThatFailsIsAWarning) {
  world_.ops.fail_matching("thaw a", kIoError);
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").no_workers()}};
  const auto result = world_.run(backdrop, {{.ops = {Op::freeze_cgroup("a")}}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->verdict(), Verdict::kPass);
  EXPECT_THAT(result->details.at(0).message, HasSubstr("clean-up: it cannot be thawed"));
}

TEST_F(Ops, KnobsAreWritten) {
  after({Op::set_weight("a", 17), Op::set_knob("b", Knob::kPidsMax, "40")});
  EXPECT_THAT(world_.ops.calls(), IsSupersetOf({"set a cpu.weight 17", "set b pids.max 40"}));
  EXPECT_THAT(world_.ops.enabled_controllers(), IsSupersetOf({"cpu", "pids"}));
}

TEST_F(Ops, AKnobThatTheKernelRefusesFailsTheStepAndIsCleanedUp) {
  world_.ops.fail_matching("pids.max", kIoError);
  EXPECT_EQ(failure_of({Op::set_knob("b", Knob::kPidsMax, "40")}),
            "step 1 failed: set_knob b pids.max = 40: cgroup 'b': cannot write it: Input/output error (EIO)");
}

TEST_F(Ops, CaptureKeepsTheProcessesUnderTheirTag) {
  const AssertResult result =
      after({Op::move_all_tasks("a", "b"), Op::capture_cgroup_procs("t", "b"), Op::capture_cgroup_procs("t", "a")});
  ASSERT_NE(result.capture("t"), nullptr);
  EXPECT_THAT(result.capture("t")->pids, ElementsAre(1000, 1001));
  EXPECT_EQ(result.capture("t")->step, 1);
  EXPECT_EQ(result.capture("else"), nullptr);
}

TEST_F(Ops, CpusetsAreSetClearedAndSwapped) {
  after({Op::set_cpuset("a", CpusetSpec::cpus({1})), Op::swap_cpusets("a", "b"), Op::clear_cpuset("b")});
  EXPECT_THAT(world_.ops.calls(), IsSupersetOf({"set a cpuset.cpus 1", "set a cpuset.cpus 2-3", "set b cpuset.cpus 1",
                                                "set b cpuset.cpus "}));
}

TEST_F(Ops, ACpusetThatCannotBeEmptiedIsGivenWhatItWouldInherit) {
  after({Op::clear_cpuset("b")});
  const auto& calls = world_.ops.calls();
  const auto emptied = std::find(calls.begin(), calls.end(), "set b cpuset.cpus ");
  ASSERT_NE(emptied, calls.end());
  FakeWorld old;
  old.ops.fail_call(static_cast<std::size_t>(emptied - calls.begin()) + 1,
                    Error::from_errno(ENOSPC, "cannot write ''"));
  old.ops.preset("", "cpuset.cpus.effective", "0-3");
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(2).cpuset(CpusetSpec::llc(0)),
                                      CgroupDef::named("b").workers(2).cpuset(CpusetSpec::llc(1))}};
  const auto result = old.run(backdrop, {{.ops = {Op::clear_cpuset("b")}, .hold = HoldSpec::fraction(0.5)}});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_THAT(result->details, IsEmpty());
  EXPECT_THAT(old.ops.calls(), Contains("set b cpuset.cpus 0-3"));
}

TEST_F(Ops, IsolationIsOfAllCpusetsThatWorkersHad) {
  const AssertResult result = after({Op::set_cpuset("a", CpusetSpec::cpus({1})), Op::clear_cpuset("a")});
  EXPECT_THAT(result.checked, Contains(Checked{"isolation: the 2 workers of a in cpuset 0-1, then 1"}));
  const Backdrop backdrop{
      .cgroups = {CgroupDef::named("d").workers(2).cpuset(CpusetSpec::llc(0)), CgroupDef::named("e").no_workers()}};
  const auto moved = world_.run(backdrop, {{.ops = {Op::move_all_tasks("d", "e")}}});
  ASSERT_TRUE(moved) << moved.error().render();
  EXPECT_THAT(moved->checked, Contains(Checked{"isolation: the 2 workers of e in cpuset 0-1"}));
}

TEST_F(Ops, AffinityIsResolvedForEachWorkerWithinTheCpuset) {
  after({Op::set_affinity("b", AffinityIntent::single_cpu())});
  EXPECT_THAT(world_.log, Contains("set_affinity b 2 2"));
}

TEST_F(Ops, SpawnNumbersWorkersOn) {
  after({Op::spawn_workers("a", {.workers = 2, .type = YieldHeavy{}})});
  std::vector<int> indexes;
  for (const auto& report : world_.reports)
    if (report.cgroup == "a") indexes.push_back(report.index);
  EXPECT_THAT(indexes, ElementsAre(0, 1, 2, 3));
}

TEST_F(Ops, SpawnOutsideStaysOutOfTheCgroups) {
  const AssertResult result = after({Op::spawn_host({.workers = 3}), Op::move_all_tasks("", "a")});
  EXPECT_THAT(world_.log, Contains("spawn "));
  EXPECT_EQ(result.cgroups.at(0).workers, 5);
}

TEST_F(Ops, LiveWorkersChangeTheirAttributes) {
  after({Op::set_nice("a", -3), Op::set_uclamp("a", 10, 20), Op::set_policy("b", SchedPolicy::fifo(5)),
         Op::core_sched_create("a"), Op::core_sched_share("a", "b"), Op::core_sched_clear("a")});
  EXPECT_THAT(world_.log, IsSupersetOf({"set_nice a -3", "set_uclamp a 10 20", "core_create 1000,1001",
                                        "core_share 1000 -> 1002,1003", "core_clear 1000,1001"}));
  EXPECT_THAT(world_.log, Contains(testing::StartsWith("set_policy b")));
}

TEST_F(Ops, ASignalStormStopsAndContinues) {
  world_.pauses_take_time = true;
  const AssertResult result = after({Op::signal_storm("a", 2, 10ms)});
  const std::string stop = fmt::format("signal a {}", SIGSTOP), go_on = fmt::format("signal a {}", SIGCONT);
  std::vector<std::string> signals;
  for (const std::string& line : world_.log)
    if (line.starts_with("signal")) signals.push_back(line);
  EXPECT_THAT(signals, ElementsAre(stop, go_on, stop, go_on));
  EXPECT_EQ(std::count(world_.pauses.begin(), world_.pauses.end(), 5ms), 4);
}

TEST_F(Ops, APayloadIsWaitedForAndReported) {
  world_.payload_ends["p"] = world_.time + 200ms;
  const AssertResult result = after({Op::run_payload_in_cgroup("a", program("p")), Op::wait_payload("p")});
  EXPECT_THAT(world_.log, Contains("start p in 'a'"));
  ASSERT_EQ(result.payloads.size(), 1u);
  EXPECT_FALSE(result.payloads[0].killed);
  EXPECT_THAT(result.checked, Contains(Checked{"payload p", 1}));
  EXPECT_EQ(world_.payloads.size(), 1u);
}

TEST_F(Ops, APayloadThatOutlivesItsWaitIsAFindingAndIsKilledLater) {
  const AssertResult result = after({Op::run_payload(program("p")), Op::wait_payload("p", 100ms)});
  EXPECT_EQ(result.details.at(0).message, "payload 'p' did not end within 100ms");
  EXPECT_EQ(result.details.at(0).kind, DetailKind::kPayload);
  ASSERT_EQ(result.payloads.size(), 1u);
  EXPECT_TRUE(result.payloads[0].killed);
}

TEST_F(Ops, AWaitWithoutALimitEndsWithTheScenariosTime) {
  const AssertResult result = after({Op::run_payload(program("p")), Op::wait_payload("p")});
  ASSERT_EQ(result.details.size(), 1u);
  EXPECT_THAT(result.details.at(0).message, HasSubstr("still ran when the scenario's 1s were over"));
  EXPECT_EQ(result.details.at(0).verdict, Verdict::kInconclusive) << "it only had no time left";
  EXPECT_THAT(world_.killed_payloads, ElementsAre("p as asked")) << "said once";
}

TEST_F(Ops, APayloadThatNobodyWaitsForIsCutByTheEndOfItsStep) {
  after({Op::run_payload(program("p")), Op::run_payload(program("q")), Op::kill_payload("p")});
  EXPECT_THAT(world_.killed_payloads, ElementsAre("p as asked", "q out of time"));
}

TEST_F(Ops, KillingACgroupIsNoEndThatItsPayloadsChose) {
  world_.payloads_die_with_their_cgroup = true;
  const AssertResult result = after({Op::run_payload_in_cgroup("a", program("p")), Op::kill_cgroup("a")});
  ASSERT_EQ(result.payloads.size(), 1u);
  EXPECT_TRUE(result.payloads[0].killed);
}

TEST_F(Ops, KillingACgroupDoesNotExcuseAPayloadThatHadCrashed) {
  world_.payload_crash = "killed by signal 11 (SIGSEGV)";
  const AssertResult result = after({Op::run_payload_in_cgroup("a", program("p")), Op::kill_cgroup("a")});
  ASSERT_EQ(result.payloads.size(), 1u);
  EXPECT_FALSE(result.payloads[0].killed);
  EXPECT_EQ(result.payloads[0].exit, "killed by signal 11 (SIGSEGV)");
}

TEST_F(Ops, APayloadThatTheOomKillerEndedSaysSo) {
  world_.oom_of_next_payload = true;
  const AssertResult result = after({Op::run_payload(program("p")), Op::kill_payload("p")});
  ASSERT_EQ(result.payloads.size(), 1u);
  EXPECT_TRUE(result.payloads[0].oom_killed);
  EXPECT_FALSE(result.payloads[0].killed);
  EXPECT_THAT(result.payloads[0].exit, HasSubstr("by the kernel's OOM killer"));
}

TEST_F(Ops, AProcessOfAPayloadThatTheOomKillerEndedIsNoted) {
  world_.payload_ends["p"] = world_.time + 200ms;
  world_.oom_of_a_child = true;
  const AssertResult result = after({Op::run_payload(program("p")), Op::wait_payload("p")});
  ASSERT_EQ(result.details.size(), 1u);
  EXPECT_EQ(result.details[0].verdict, Verdict::kPass);
  EXPECT_THAT(result.details[0].message,
              HasSubstr("payload 'p': process 4242 (hog) was killed by the kernel's OOM killer"));
  EXPECT_TRUE(result.payloads.at(0).oom_killed);
}

TEST_F(Ops, AWorkerThatTheOomKillerEndedSaysSo) {
  world_.oom_of_first_worker = true;
  const AssertResult result = after({});
  EXPECT_THAT(result.details.at(0).message, HasSubstr("by the kernel's OOM killer: give the guest more memory"));
}

TEST_F(Ops, ThreadsWhoseProcessTheOomKillerEndedSaySo) {
  world_.oom_of_first_worker = true;
  const auto result =
      world_.run({.cgroups = {CgroupDef::named("a").workers(2).pcomm("web")}}, {{.hold = HoldSpec::fraction(0.5)}});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_THAT(result->details.at(0).message, HasSubstr("by the kernel's OOM killer: give the guest more memory"));
}

TEST_F(Ops, KilledPayloadsKeepTheirNumbers) {
  const AssertResult result = after({Op::run_payload(program("p")), Op::kill_payload("p")});
  ASSERT_EQ(result.payloads.size(), 1u);
  EXPECT_TRUE(result.payloads[0].killed);
}

TEST_F(Ops, PayloadsAreKilledNewestFirst) {
  after({Op::run_payload(program("first")), Op::run_payload(program("second")),
         Op::run_payload_in_cgroup("a", program("third"))});
  std::vector<std::string> kills;
  for (const std::string& line : world_.log)
    if (line.starts_with("kill")) kills.push_back(line);
  EXPECT_THAT(kills, ElementsAre("kill third", "kill second", "kill first"));
}

TEST_F(Ops, StoppingACgroupKillsOnlyItsOwnPayloads) {
  after({Op::run_payload(program("first")), Op::run_payload_in_cgroup("a", program("second")),
         Op::run_payload(program("third")), Op::stop_cgroup("a")});
  std::vector<std::string> kills;
  for (const std::string& line : world_.log)
    if (line.starts_with("kill")) kills.push_back(line);
  EXPECT_THAT(kills, ElementsAre("kill second", "kill third", "kill first"));
}

TEST_F(Ops, StallsOfHostModeBecomeDetails) {
  world_.stalls = {{.kind = DetailKind::kWorkerStalled, .message = "worker a/0 stood still"}};
  EXPECT_EQ(failure_of({}), "worker a/0 stood still");
}

}  // namespace
}  // namespace ktstr
