// SPDX-License-Identifier: Apache-2.0
#include "runner/pool.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RunRecord record_of(std::uint64_t index, Outcome outcome = Outcome::kPass) {
  RunRecord record;
  record.id = std::to_string(index);
  record.outcome = outcome;
  return record;
}

// Jobs that count how many of them run, and what they have of the RAM directory.
class PoolTest : public testing::Test {
 protected:
  PoolJob job(std::uint64_t index, Outcome outcome = Outcome::kPass, Bytes ram = 0) {
    return {ram, [=, this] {
              const int now = ++running_;
              int seen = most_;
              while (seen < now && !most_.compare_exchange_weak(seen, now)) {
              }
              // So that runs do overlap where they may, and later ones end first.
              std::this_thread::sleep_for(std::chrono::milliseconds(20 - std::min<std::uint64_t>(index, 9) * 2));
              --running_;
              ++made_;
              return record_of(index, outcome);
            }};
  }
  std::function<bool(std::uint64_t, RunRecord)> keep() {
    return [this](std::uint64_t index, RunRecord record) {
      EXPECT_EQ(record.id, std::to_string(index));
      order_.push_back(index);
      return true;
    };
  }

  std::atomic<int> running_{0}, most_{0}, made_{0};
  std::vector<std::uint64_t> order_;
};

TEST_F(PoolTest, HandsResultsOutInTheOrderOfTheJobs) {
  EXPECT_EQ(run_pool(
                8, [&](std::uint64_t i) { return job(i); }, {.jobs = 4}, keep()),
            0U);
  EXPECT_THAT(order_, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST_F(PoolTest, RunsAsManyAtOnceAsItMay) {
  std::latch together(3);
  const auto meet = [&](std::uint64_t i) {
    return PoolJob{0, [&, i] {
                     if (i < 3) together.arrive_and_wait();  // would wait for ever if fewer ran at once
                     return job(i).run();
                   }};
  };
  run_pool(9, meet, {.jobs = 3}, keep());
  EXPECT_EQ(order_.size(), 9U);
  EXPECT_LE(most_, 3);
}

TEST_F(PoolTest, OneJobAtATimeIsOne) {
  run_pool(
      5, [&](std::uint64_t i) { return job(i); }, {.jobs = 1}, keep());
  EXPECT_EQ(most_, 1);
  EXPECT_EQ(order_.size(), 5U);
}

TEST_F(PoolTest, NothingToDoIsDone) {
  EXPECT_EQ(run_pool(
                0, [&](std::uint64_t i) { return job(i); }, {.jobs = 3}, keep()),
            0U);
}

TEST_F(PoolTest, StaysWithinTheRamDirectory) {
  PoolOptions options{.jobs = 8};
  options.free_ram = [] { return Result<Bytes>(Bytes{250}); };
  run_pool(
      8, [&](std::uint64_t i) { return job(i, Outcome::kPass, 100); }, options, keep());
  EXPECT_LE(most_, 2);
  EXPECT_EQ(order_.size(), 8U);
}

TEST_F(PoolTest, AJobThatCannotFitIsStartedAlone) {
  PoolOptions options{.jobs = 8};
  options.free_ram = [] { return Result<Bytes>(Bytes{50}); };
  run_pool(
      4, [&](std::uint64_t i) { return job(i, Outcome::kPass, 100); }, options, keep());
  EXPECT_EQ(most_, 1);
  EXPECT_EQ(order_.size(), 4U);
}

TEST_F(PoolTest, OneFailureDoesNotStopTheOthers) {
  const auto jobs = [&](std::uint64_t i) { return job(i, i == 1 ? Outcome::kFail : Outcome::kPass); };
  PoolState last;
  PoolOptions options{.jobs = 2};
  options.progress = [&](const PoolState& state) { last = state; };
  EXPECT_EQ(run_pool(6, jobs, options, keep()), 0U);
  EXPECT_EQ(order_.size(), 6U);
  EXPECT_EQ(last.total, 6U);
  EXPECT_EQ(last.done, 6U);
  EXPECT_EQ(last.failed, 1U);
  EXPECT_GT(last.busy.count(), 0);
}

TEST_F(PoolTest, FailFastStartsNoMoreAndSaysHowManyWereNotRun) {
  for (const Outcome outcome : {Outcome::kFail, Outcome::kInfrastructure}) {
    order_.clear();
    const auto jobs = [&](std::uint64_t i) { return job(i, i == 1 ? outcome : Outcome::kPass); };
    EXPECT_EQ(run_pool(6, jobs, {.jobs = 1, .fail_fast = true}, keep()), 4U);
    EXPECT_THAT(order_, ElementsAre(0, 1));
  }
}

TEST_F(PoolTest, FailFastStillHandsOutWhatWasRunning) {
  const auto jobs = [&](std::uint64_t i) { return job(i, i == 3 ? Outcome::kFail : Outcome::kPass); };
  const std::uint64_t not_run = run_pool(400, jobs, {.jobs = 4, .fail_fast = true}, keep());
  EXPECT_GT(not_run, 0U);
  EXPECT_EQ(order_.size() + not_run, 400U);
  EXPECT_EQ(order_.size(), static_cast<std::size_t>(made_));
}

TEST_F(PoolTest, AnInterruptStartsNoMore) {
  std::atomic<bool> interrupted{false};
  PoolOptions options{.jobs = 2};
  options.interrupted = [&] { return interrupted.load(); };
  const auto jobs = [&](std::uint64_t i) {
    return PoolJob{0, [&, i] {
                     if (i == 2) interrupted = true;
                     return record_of(i, interrupted ? Outcome::kInterrupted : Outcome::kPass);
                   }};
  };
  const std::uint64_t not_run = run_pool(1000, jobs, options, keep());
  EXPECT_GT(not_run, 900U);
  EXPECT_EQ(order_.size() + not_run, 1000U);
}

TEST_F(PoolTest, TheReceiverCanStopIt) {
  const auto stop = [](std::uint64_t index, const RunRecord&) { return index != 2; };
  EXPECT_GT(run_pool(
                1000, [&](std::uint64_t i) { return job(i); }, {.jobs = 1}, stop),
            0U);
}

TEST_F(PoolTest, AnExceptionIsARecord) {
  const auto jobs = [](std::uint64_t) { return PoolJob{0, []() -> RunRecord { throw std::runtime_error("no way"); }}; };
  std::vector<RunRecord> records;
  run_pool(1, jobs, {}, [&](std::uint64_t, RunRecord record) {
    records.push_back(std::move(record));
    return true;
  });
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].outcome, Outcome::kInfrastructure);
  EXPECT_THAT(records[0].error, HasSubstr("no way"));
}

TEST_F(PoolTest, AThreadLivesUntilAllJobsAreDone) {
  std::mutex mutex;
  std::set<pid_t> threads;
  const auto jobs = [&](std::uint64_t i) {
    return PoolJob{0, [&, i] {
                     const std::lock_guard lock(mutex);
                     threads.insert(::gettid());
                     return record_of(i);
                   }};
  };
  run_pool(20, jobs, {.jobs = 2}, keep());
  EXPECT_LE(threads.size(), 2U);
}

TEST(RamOf, CountsGuestMemoryAndMore) {
  RunRequest request;
  request.settings.topology = *Topology::parse("1n2l2c1t");
  const Bytes by_rule = ram_of(request);
  EXPECT_GT(by_rule, Bytes{256} << 20);
  request.settings.memory = Bytes{2} << 30;
  EXPECT_GT(ram_of(request), Bytes{2} << 30);
  EXPECT_GT(pool_for_runs(0, {.ram_dir = "/"}).jobs, 0);
  EXPECT_EQ(pool_for_runs(3, {.ram_dir = "/"}).jobs, 3);
}

// In a process of its own: limits cannot be raised again, and root has none.
TEST(Pool, WithoutAThreadToBeHadTheFirstJobSaysSoAndNoOtherIsRun) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::geteuid() == 0 && ::setresuid(65533, 65533, 65533) != 0) ::_exit(10);
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(11);
    std::vector<RunRecord> records;
    const auto job = [](std::uint64_t) { return PoolJob{.ram = 0, .run = [] { return RunRecord{}; }}; };
    const auto left = run_pool(5, job, {.jobs = 2}, [&](std::uint64_t, RunRecord record) {
      records.push_back(std::move(record));
      return true;
    });
    if (left != 4 || records.size() != 1) ::_exit(12);
    if (records[0].outcome != Outcome::kInfrastructure) ::_exit(13);
    ::_exit(records[0].error_hint.find("ulimit -u") != std::string::npos ? 0 : 14);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace ktstr
