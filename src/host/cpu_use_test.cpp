// SPDX-License-Identifier: Apache-2.0
#include "host/cpu_use.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

using namespace std::chrono_literals;

CpuTimes times_at(Nanoseconds at, std::map<Cpu, CpuTimes::OfCpu> cpus) { return {.at = at, .cpus = std::move(cpus)}; }

// 10 s in which CPU 0 was busy for 8 s and CPU 1 for 2 s.
CpuUse ten_seconds(Nanoseconds ours) {
  return cpu_use_between(times_at(1s, {{0, {100s, 50s}}, {1, {10s, 140s}}}),
                         times_at(11s, {{0, {108s, 52s}}, {1, {12s, 148s}}}), ours, {0, 1});
}

TEST(CpuUse, ReadsWhatEachCpuDidFromProcStat) {
  const auto dir = TempDir::create(fs::temp_directory_path(), "ktstr_cpu_use_test");
  ASSERT_TRUE(dir.has_value()) << dir.error().render();
  const std::string text =
      "cpu  30 0 0 30 0 0 0 0 0 0\n"
      "cpu0 100 200 300 400 500 600 700 800 900 1000\n"
      "cpu12 1 0 0 2 0 0 0 0 0 0\n"
      "intr 12345 0 0\nctxt 99\n";
  ASSERT_TRUE(write_atomically(dir->path() / "stat", as_byte_span(text)).has_value());
  const auto times = read_cpu_times(dir->path());
  ASSERT_TRUE(times.has_value()) << times.error().render();
  ASSERT_EQ(times->cpus.size(), 2u);
  EXPECT_EQ(times->cpus.at(0).busy, 27s);  // user, nice, system, irq, softirq, steal; in hundredths of a second
  EXPECT_EQ(times->cpus.at(0).idle, 9s);
  EXPECT_EQ(times->cpus.at(12).busy, 10ms);
}

TEST(CpuUse, AFileWithoutCpusIsRefused) {
  const auto dir = TempDir::create(fs::temp_directory_path(), "ktstr_cpu_use_test");
  ASSERT_TRUE(dir.has_value());
  EXPECT_FALSE(read_cpu_times(dir->path()).has_value());
  ASSERT_TRUE(write_atomically(dir->path() / "stat", as_byte_span("btime 1\n")).has_value());
  EXPECT_EQ(read_cpu_times(dir->path()).error().code(), ErrorCode::kUnsupported);
}

TEST(CpuUse, OthersUsedWhatWasBusyWithoutOurs) {
  EXPECT_NEAR(ten_seconds(0s).others_pct({0, 1}, 0s), 50, 0.2);
  EXPECT_NEAR(ten_seconds(6s).others_pct({0, 1}, 6s), 20, 0.2);
  EXPECT_NEAR(ten_seconds(0s).others_pct({0}, 0s), 80, 0.2);
  EXPECT_NEAR(ten_seconds(1s).others_pct({1}, 1s), 10, 0.2);
}

TEST(CpuUse, WhatIsOursIsNobodyElses) {
  EXPECT_EQ(ten_seconds(10s).others_pct({0, 1}, 10s), 0);
  EXPECT_EQ(ten_seconds(12s).others_pct({0, 1}, 12s), 0) << "the clocks differ a little";
  EXPECT_EQ(ten_seconds(0s).others_pct({}, 0s), 0);
  EXPECT_EQ(ten_seconds(0s).others_pct({7}, 0s), 0) << "a CPU that is not there";
}

TEST(CpuUse, OneTickOfAShortRunIsTheResolutionOfTheCounters) {
  const CpuUse use = cpu_use_between(times_at(0s, {{0, {1s, 1s}}}), times_at(100ms, {{0, {1010ms, 1090ms}}}), 0s, {0});
  EXPECT_EQ(use.others_pct({0}, 0s), 0);
}

TEST(CpuUse, ACpuIsBusyNoLongerThanItWasNotIdle) {
  // Programs that wake with the tick: each was found running by it, and ran for a moment.
  const CpuUse use = cpu_use_between(times_at(0s, {{0, {0s, 0s}}}), times_at(10s, {{0, {6s, 9s}}}), 0s, {0});
  EXPECT_NEAR(use.others_pct({0}, 0s), 10, 0.2);
}

TEST(CpuUse, ACpuThatWasOfflineWasNotBusy) {
  const CpuUse use =
      cpu_use_between(times_at(0s, {{0, {5s, 5s}}}), times_at(10s, {{0, {5s, 5s}}, {1, {1s, 1s}}}), 0s, {0, 1});
  EXPECT_EQ(use.others_pct({0, 1}, 0s), 0);
}

}  // namespace
}  // namespace ktstr
