// SPDX-License-Identifier: Apache-2.0
//
// A run on a machine of our own: a clock that moves when we say so, and CPUs that we name.
#include "workload/worker_run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "workload/types/work_types.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kRelease = 1'000'000;

// The probes are plain functions, so their machine is one for the program.
struct Machine {
  std::uint64_t now = kRelease;
  std::uint64_t per_look = 0;  // how far each look moves the clock
  Cpu cpu = 0;
  std::uint64_t late = 0;     // of each wake-up
  std::uint64_t stop_at = 0;  // a sleep that goes beyond is ended by stop then
  std::uint64_t away_on_yield = 0;
  std::uint64_t away_after_look = 0;                           // once; it is told to stop meanwhile
  std::vector<std::pair<std::uint64_t, std::uint64_t>> holds;  // in each sleep
  GroupBlock* group = nullptr;
  SharedWord* partner = nullptr;   // it sets this to 1 while it is waited for,
  std::uint64_t partner_at = 0;    // then,
  int partner_file = -1;           // and sends a byte
  std::uint64_t stop_on_wake = 0;  // told to stop then, woken and not yet running
} machine;

RunProbes probes() {
  return {.now_ns = [] { return machine.now += machine.per_look; },
          .cpu =
              [] {
                machine.now += machine.away_after_look;
                if (std::exchange(machine.away_after_look, 0) != 0) machine.group->stop = 1;
                return machine.cpu;
              },
          .yield = [] { machine.now += machine.away_on_yield; },
          .wait =
              [](const FutexWord&, std::uint32_t, std::uint64_t until_ns) {
                for (const auto& [from, to] : machine.holds) {
                  machine.group->hold.begin(from);
                  machine.group->hold.end(to);
                }
                if (machine.stop_at != 0 && (until_ns == 0 || machine.stop_at < until_ns)) {
                  machine.group->stopped_ns = machine.stop_at;
                  machine.group->stop = 1;
                  machine.now = machine.stop_at + machine.late;
                } else if (until_ns != 0) {
                  machine.now = until_ns + machine.late;
                } else {
                  machine.partner->set(1, machine.partner_at);
                  machine.now = std::max(machine.now, machine.partner_at) + machine.late;
                  machine.group->stopped_ns = machine.stop_on_wake;
                  machine.group->stop = machine.stop_on_wake != 0;
                }
              },
          .wait_readable =
              [](int, int) {
                machine.partner->set(1, machine.partner_at);
                EXPECT_EQ(::write(machine.partner_file, "", 1), 1);
                machine.now = machine.partner_at + machine.late;
              }};
}

class WorkerRunTest : public testing::Test {
 protected:
  std::vector<LatencyBucket> woken_late() const { return slot_->wake_latencies.histogram().buckets; }
  static std::vector<LatencyBucket> bucket(std::uint64_t ns) {
    return {{LatencyBucket::from_of(LatencyBucket::index_of(ns)), 1}};
  }
  WorkerRunTest() {
    machine = {};
    machine.group = group_.get();
    group_->released_ns = kRelease;
  }
  void allow(const CpuSet& cpus) {
    for (const Cpu cpu : cpus) group_->allowed.add(cpu);
    group_->all_allowed = false;
  }
  std::unique_ptr<GroupBlock> group_ = std::make_unique<GroupBlock>();
  std::unique_ptr<WorkerSlot> slot_ = std::make_unique<WorkerSlot>();
};

TEST_F(WorkerRunTest, CountsTheTimeFromReleaseToTheFirstCheckpointAsAGap) {
  WorkerRun run(*group_, *slot_, probes());
  machine.now = kRelease + 700;
  machine.cpu = 3;
  run.begin(0ns);
  EXPECT_EQ(slot_->max_gap_ns, 700u);
  EXPECT_EQ(slot_->max_gap_at_ns, 700u);
  EXPECT_EQ(slot_->max_gap_cpu, 3);
}

TEST_F(WorkerRunTest, KeepsTheLongestGapWithItsCpuAndOffset) {
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  for (const auto& [step, cpu] : {std::pair{100, 0}, {5000, 2}, {300, 1}}) {
    machine.now += static_cast<std::uint64_t>(step);
    machine.cpu = cpu;
    run.checkpoint();
  }
  EXPECT_EQ(slot_->max_gap_ns, 5000u);
  EXPECT_EQ(slot_->max_gap_cpu, 2);
  EXPECT_EQ(slot_->max_gap_at_ns, 5100u);
  EXPECT_EQ(slot_->live->last_checkpoint_ns, machine.now);
}

TEST_F(WorkerRunTest, SpinsItsPhaseWithoutDoingWork) {
  machine.per_look = 1000;
  WorkerRun run(*group_, *slot_, probes());
  run.begin(50us);
  EXPECT_EQ(machine.now, kRelease + 51'000);
  EXPECT_EQ(slot_->live->work_units, 0u);
  EXPECT_EQ(slot_->max_gap_ns, 1000u);
}

TEST_F(WorkerRunTest, CountsMigrationsAndTheCpusItWasOn) {
  WorkerRun run(*group_, *slot_, probes());
  for (const Cpu cpu : {5, 5, 7, 5, 5}) {
    machine.cpu = cpu;
    run.checkpoint();
  }
  EXPECT_EQ(slot_->migrations, 2u);
  EXPECT_EQ(slot_->cpus_used.to_set().to_string(), "5,7");
  EXPECT_TRUE(slot_->cpus_outside.to_set().empty()) << "everything is allowed";
}

TEST_F(WorkerRunTest, SeesCpusThatItsCpusetDoesNotAllow) {
  allow({0, 1});
  WorkerRun run(*group_, *slot_, probes());
  for (const Cpu cpu : {0, 3, 1}) {
    machine.cpu = cpu;
    run.checkpoint();
  }
  EXPECT_EQ(slot_->cpus_outside.to_set().to_string(), "3");
}

TEST_F(WorkerRunTest, ComparesNothingWhileTheCpusetChanges) {
  allow({0, 1});
  group_->allowed_sequence = 1;
  WorkerRun run(*group_, *slot_, probes());
  machine.cpu = 3;
  run.checkpoint();
  EXPECT_TRUE(slot_->cpus_outside.to_set().empty());
  group_->allowed_sequence = 2;
  run.checkpoint();
  EXPECT_EQ(slot_->cpus_outside.to_set().to_string(), "3");
}

TEST_F(WorkerRunTest, CountsAWaitDuringWhichItIsToldToStop) {
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  // It has looked at the clock, loses its CPU, and when it has one again it is to stop.
  machine.away_after_look = 3'000'000'000;
  run.checkpoint();
  ASSERT_TRUE(run.stopping());
  EXPECT_EQ(slot_->max_gap_ns, 0u);
  run.end();
  EXPECT_EQ(slot_->max_gap_ns, 3'000'000'000u);
  EXPECT_EQ(slot_->live->last_checkpoint_ns, machine.now);
}

TEST_F(WorkerRunTest, CountsAWorkUnitForEach1024SpinsAndForTheRest) {
  WorkerRun run(*group_, *slot_, probes());
  run.spin(1024);
  EXPECT_EQ(slot_->live->work_units, 1u);
  run.spin(2049);
  EXPECT_EQ(slot_->live->work_units, 1u) << "the others with the next checkpoint";
  run.end();
  EXPECT_EQ(slot_->live->work_units, 4u);
}

TEST_F(WorkerRunTest, HasACheckpointEverySixteenUnits) {
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  run.spin(1024);  // of which it learns the pace
  machine.now += 500;
  run.spin(15 * 1024);
  EXPECT_EQ(slot_->live->work_units, 1u);
  EXPECT_EQ(slot_->max_gap_ns, 0u);
  run.spin(1024);
  EXPECT_EQ(slot_->live->work_units, 17u);
  EXPECT_EQ(slot_->max_gap_ns, 500u);
}

// Or gaps as long as a strict limit would be its own work.
TEST_F(WorkerRunTest, HasMoreCheckpointsOnASlowCpu) {
  machine.per_look = 600'000;
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  run.spin(4 * 1024);
  EXPECT_EQ(machine.now, kRelease + 5 * 600'000) << "the first one, and one a unit";
}

TEST_F(WorkerRunTest, CountsEachUnitAsAnIterationUntilTheStop) {
  machine.per_look = 60'000;
  static GroupBlock* group = nullptr;
  group = group_.get();
  RunProbes probes_that_stop = probes();
  probes_that_stop.cpu = [] {
    static int looks = 0;
    if (++looks == 5) group->stop = 1;
    return Cpu{0};
  };
  WorkerRun run(*group_, *slot_, probes_that_stop);
  run.begin(0ns);
  run.spin_iterations();
  EXPECT_TRUE(run.stopping());
  EXPECT_EQ(slot_->live->work_units.load(), slot_->live->iterations.load());
  EXPECT_GE(slot_->live->iterations.load(), 16u) << "several to a look";
}

// Each look is the end of a unit or of several: here they all take as long.
TEST_F(WorkerRunTest, SpinsUntilADateWithoutLookingAtEachUnit) {
  machine.per_look = 16'000;
  WorkerRun run(*group_, *slot_, probes());
  const std::uint64_t until = run.checkpoint() + 1'000'000;
  run.spin_until(until);
  EXPECT_GE(machine.now, until);
  EXPECT_LE(machine.now, until + machine.per_look);
  EXPECT_GT(slot_->live->work_units, 100u) << "several to a look";
}

TEST_F(WorkerRunTest, StopsWithinABurst) {
  WorkerRun run(*group_, *slot_, probes());
  group_->stop = 1;
  run.spin(UINT32_MAX);
  EXPECT_TRUE(run.stopping());
  EXPECT_EQ(slot_->live->work_units, 1u);
}

TEST_F(WorkerRunTest, TakesLatenessAndNotTheSleepForAGap) {
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  machine.late = 40;
  run.sleep_for(100us);
  EXPECT_EQ(slot_->max_gap_ns, 40u);
  EXPECT_EQ(slot_->sleep_ns, 100'000u);
  EXPECT_EQ(woken_late(), bucket(40));
  EXPECT_EQ(slot_->asleep_since_ns, 0u);
}

TEST_F(WorkerRunTest, EndsASleepOnStopAndMeasuresFromThere) {
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  machine.stop_at = kRelease + 2500;
  machine.late = 30;
  run.sleep_for(100us);
  EXPECT_TRUE(run.stopping());
  EXPECT_EQ(slot_->sleep_ns, 2500u);
  EXPECT_EQ(slot_->max_gap_ns, 0u) << "how late it sees the stop is not judged";
  EXPECT_EQ(slot_->wake_latencies.count(), 0u) << "it was woken before its time";
}

TEST_F(WorkerRunTest, TakesLatenessAndNotTheWaitForAPartnerForAGap) {
  SharedWord word;
  machine.partner = &word;
  machine.partner_at = kRelease + 5000;
  machine.late = 40;
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  run.wait_while(word, 0);
  EXPECT_EQ(slot_->max_gap_ns, 40u);
  EXPECT_EQ(slot_->sleep_ns, 5000u);
  EXPECT_EQ(woken_late(), bucket(40));
  EXPECT_EQ(slot_->asleep_since_ns, 0u);
}

TEST_F(WorkerRunTest, MeasuresNoWakeUpWhereThePartnerWasFaster) {
  SharedWord word;
  word.set(1, kRelease);
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  machine.now += 300;
  run.wait_while(word, 0);
  EXPECT_EQ(slot_->max_gap_ns, 300u);
  EXPECT_EQ(slot_->sleep_ns, 0u);
  EXPECT_EQ(slot_->wake_latencies.count(), 0u);
}

TEST_F(WorkerRunTest, MeasuresAWakeUpFromTheBeginOfTheWaitAtTheEarliest) {
  SharedWord word;
  machine.partner = &word;
  machine.partner_at = kRelease + 100;  // it was away between looking at the clock and the change
  machine.late = 40;
  WorkerRun run(*group_, *slot_, probes());
  machine.now = kRelease + 900;
  run.begin(0ns);
  run.wait_while(word, 0);
  EXPECT_EQ(slot_->sleep_ns, 0u);
  EXPECT_EQ(woken_late(), bucket(40));
}

TEST_F(WorkerRunTest, EndsAWaitForAPartnerOnStop) {
  SharedWord word;
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  machine.stop_at = kRelease + 2500;
  machine.late = 30;
  run.wait_while(word, 0);
  EXPECT_TRUE(run.stopping());
  EXPECT_EQ(slot_->sleep_ns, 2500u);
  EXPECT_EQ(slot_->max_gap_ns, 0u);
  EXPECT_EQ(slot_->wake_latencies.count(), 0u);
}

TEST_F(WorkerRunTest, MeasuresAWakeUpNoLongerThanUntilTheStop) {
  SharedWord word;
  machine.partner = &word;
  machine.partner_at = kRelease + 5000;
  machine.late = 700;
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  machine.stop_on_wake = kRelease + 5300;
  run.wait_while(word, 0);
  EXPECT_EQ(slot_->max_gap_ns, 300u);
  EXPECT_EQ(woken_late(), bucket(300));
}

// A look at the clock moves it by 7: what a wait saw is dated before all looks that its accounts take.
TEST_F(WorkerRunTest, DatesWhatAWaitSaw) {
  SharedWord word;
  machine.partner = &word;
  machine.partner_at = kRelease + 5000;
  machine.late = 40;
  machine.per_look = 7;
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  run.wait_while(word, 0);
  EXPECT_EQ(run.seen_ns(), kRelease + 5000 + 40 + 7);
  const std::uint64_t before = machine.now;
  run.wait_while(word, 0);
  EXPECT_EQ(run.seen_ns(), before + 7) << "it had that value already";
  word.set(2, machine.now + 10);  // while it was away, after the clock was looked at
  const std::uint64_t looked = machine.now;
  run.wait_while(word, 1);
  EXPECT_EQ(run.seen_ns(), looked + 14);
  group_->stop = 1;
  run.wait_while(word, 2);
  EXPECT_EQ(run.seen_ns(), 0u);
}

TEST_F(WorkerRunTest, WakesAPartnerWithTheTimeOfTheCheckpoint) {
  SharedWord word;
  WorkerRun run(*group_, *slot_, probes());
  machine.now = kRelease + 700;
  run.wake(word, 5);
  EXPECT_EQ(word.value(), 5u);
  EXPECT_EQ(word.changed_ns, kRelease + 700);
  group_->stop = 1;
  run.wake(word, 6);
  EXPECT_EQ(word.value(), 5u) << "the stop has woken it";
}

TEST_F(WorkerRunTest, SendsAndReceivesBytes) {
  GroupResources shared(2);
  ASSERT_TRUE(shared.add_pipe());
  SharedWord count;
  machine.partner = &count;
  machine.partner_at = kRelease + 5000;
  machine.partner_file = shared.file(1);
  machine.late = 40;
  WorkerRun run(*group_, *slot_, probes(), &shared, 0);
  run.begin(0ns);
  run.receive(count, 0, shared.file(0));
  EXPECT_EQ(slot_->sleep_ns, 5000u);
  EXPECT_EQ(woken_late(), bucket(40));
  machine.now += 60;
  run.send(count, shared.file(1));
  EXPECT_EQ(count.value(), 2u);
  EXPECT_EQ(count.changed_ns, kRelease + 5100);
  run.receive(count, 1, shared.file(0));
  EXPECT_EQ(slot_->wake_latencies.count(), 1u) << "it was there already";
}

TEST_F(WorkerRunTest, DoesNotSleepOnceItIsToldToStop) {
  WorkerRun run(*group_, *slot_, probes());
  group_->stop = 1;
  run.sleep_for(100us);
  EXPECT_EQ(machine.now, kRelease);
  EXPECT_EQ(slot_->sleep_ns, 0u);
}

TEST_F(WorkerRunTest, BeginsAGapAnewWhenAHoldIsOver) {
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  group_->hold.begin(kRelease + 100);
  group_->hold.end(kRelease + 9000);
  machine.now = kRelease + 9300;
  run.checkpoint();
  EXPECT_EQ(slot_->max_gap_ns, 300u);
  EXPECT_EQ(slot_->max_gap_at_ns, 9300u);
}

TEST_F(WorkerRunTest, IsNotAwayInAHold) {
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  group_->hold.begin(kRelease + 100);
  // It comes by before the kernel has stopped it.
  machine.now = kRelease + 5000;
  run.checkpoint();
  EXPECT_EQ(slot_->max_gap_ns, 100u);
  machine.now = kRelease + 6000;
  run.checkpoint();
  EXPECT_EQ(slot_->max_gap_ns, 100u);
}

TEST_F(WorkerRunTest, SleepsAndWakesUpWithoutTheTimeItWasHeld) {
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  machine.late = 7000;
  // One within the sleep, before it, and one across its end; it wakes up 1000 ns after that.
  machine.holds = {{kRelease + 10'000, kRelease + 30'000}, {kRelease + 95'000, kRelease + 106'000}};
  run.sleep_for(100us);
  EXPECT_EQ(slot_->sleep_ns, 75'000u);
  EXPECT_EQ(slot_->max_gap_ns, 1000u);
  EXPECT_EQ(woken_late(), bucket(1000));
}

TEST_F(WorkerRunTest, SeesTheTimeThatAYieldGaveAway) {
  machine.away_on_yield = 4000;
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  run.yield();
  EXPECT_EQ(slot_->max_gap_ns, 4000u);
}

TEST_F(WorkerRunTest, RunsABurstAndThenSleeps) {
  machine.per_look = 1000;
  WorkerRun run(*group_, *slot_, probes());
  run.begin(0ns);
  machine.stop_at = kRelease + 3'000'000;
  run_work(Bursty{.burst = 100us, .sleep = 900us}, run);
  run.end();
  EXPECT_EQ(slot_->wake_latencies.count(), 2u);
  EXPECT_EQ(slot_->live->iterations, 3u) << "the third sleep was cut short by stop";
  EXPECT_GE(slot_->live->work_units, 300u) << "a look ends one unit, or several";
}

// Neither a gap nor late: nobody knows how much of it was the wait.
TEST_F(WorkerRunTest, TakesACallThatWaitsForASleep) {
  WorkerRun run(*group_, *slot_, probes());
  const int result = run.wait_in([] {
    machine.now += 5'000'000;
    errno = EIO;
    return 7;
  });
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(result, 7);
  EXPECT_EQ(slot_->sleep_ns, 5'000'000u);
  EXPECT_LT(slot_->max_gap_ns, 5'000'000u);
  EXPECT_EQ(slot_->asleep_since_ns, 0u);
}

}  // namespace
}  // namespace ktstr
