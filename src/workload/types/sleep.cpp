// SPDX-License-Identifier: Apache-2.0
//
// Work types that alternate between work and sleep by time, and so measure wake-ups.
#include <sys/prctl.h>

#include "workload/types/alu.h"
#include "workload/types/families.h"

namespace ktstr {

namespace {

void run_bursty(const Bursty& type, WorkerRun& run) {
  while (!run.stopping()) {
    run.spin_until(run.checkpoint() + count_ns(type.burst));
    run.sleep_for(type.sleep);
    run.end_iteration();
  }
}

void run_idle_churn(const IdleChurn& type, WorkerRun& run) {
  // 0: the default, 50 us.
  if (!type.precise_timing) ::prctl(PR_SET_TIMERSLACK, 0);
  run_bursty({.burst = type.burst, .sleep = type.sleep}, run);
}

void run_timer_latency(const TimerLatency& type, WorkerRun& run) {
  const std::uint64_t interval = count_ns(type.interval);
  for (std::uint64_t due = run.checkpoint() + interval; !run.stopping(); due += interval) {
    run.sleep_until(due);
    run.end_unit();
    run.end_iteration();
    for (const std::uint64_t now = run.checkpoint(); due + interval < now; due += interval) run.miss();
  }
}

void run_periodic(const Periodic& type, WorkerRun& run) {
  const std::uint64_t period = count_ns(type.period);
  const std::uint64_t deadline = type.deadline.count() > 0 ? count_ns(type.deadline) : period;
  for (std::uint64_t begin = run.checkpoint() + count_ns(type.phase); !run.stopping(); begin += period) {
    const std::uint64_t due = begin + run.random(count_ns(type.jitter) + 1);
    run.sleep_until(due);
    run.spin_for(type.run);
    if (run.stopping()) return;
    const std::uint64_t now = run.checkpoint();
    if (now > due + deadline) run.miss();
    run.end_iteration();
    // Whole periods that went by meanwhile are missed as well, and not made up for.
    for (; begin + 2 * period < now; begin += period) run.miss();
  }
}

constexpr EnumName<WorkPhase::Kind> kPhases[] = {
    {WorkPhase::Kind::kSpin, "spin"}, {WorkPhase::Kind::kSleep, "sleep"}, {WorkPhase::Kind::kYield, "yield"},
    {WorkPhase::Kind::kAlu, "alu"},   {WorkPhase::Kind::kRun, "run"},     {WorkPhase::Kind::kTimer, "timer"}};

// The timer's last date is `date`.
void run_timer(std::chrono::nanoseconds period, std::uint64_t& date, WorkerRun& run) {
  const std::uint64_t now = run.checkpoint();
  date += count_ns(period);
  if (date >= now) return run.sleep_until(date);
  run.miss();
  date = now;
}

void run_phase(const WorkPhase& phase, std::uint64_t& date, WorkerRun& run) {
  if (phase.kind == WorkPhase::Kind::kSleep) return run.sleep_for(phase.length);
  if (phase.kind == WorkPhase::Kind::kRun) return run.spin_for(phase.length);
  if (phase.kind == WorkPhase::Kind::kTimer) return run_timer(phase.length, date, run);
  const std::uint64_t until = run.checkpoint() + count_ns(phase.length);
  if (phase.kind == WorkPhase::Kind::kSpin) return run.spin_until(until);
  // Once at least, however short it is.
  do {
    if (phase.kind == WorkPhase::Kind::kAlu)
      multiply(kAluTurnsPerUnit);
    else
      run.yield();
    run.end_unit();
  } while (!run.stopping() && run.checkpoint() < until);
}

void run_sequence(const Sequence& type, WorkerRun& run) {
  for (std::uint64_t date = run.checkpoint(); !run.stopping();) {
    for (const WorkPhase& phase : type.phases) run_phase(phase, date, run);
    run.end_unit();
    run.end_iteration();
  }
}

}  // namespace

EnumNames<WorkPhase::Kind> names_of(WorkPhase::Kind) { return names_from<kPhases>(); }

std::vector<WorkTypeRow> sleeping_types() {
  constexpr const char* kLate = "how late it wakes up";
  const std::int64_t most_us = std::chrono::nanoseconds(std::chrono::hours(1)).count();
  return {
      work_row<Bursty, run_bursty>(
          "Bursty", "bursts between sleeps: wake-up placement and preemption", kLate,
          "looks at the clock every 16 units of a burst, towards its end after each; 3 looks a sleep",
          {work_parameter<&Bursty::burst>("burst"), work_parameter<&Bursty::sleep>("sleep")}),
      work_row<IdleChurn, run_idle_churn>(
          "IdleChurn", "CPUs that go idle and come back all the time", kLate, "as Bursty",
          {work_parameter<&IdleChurn::burst>("burst"), work_parameter<&IdleChurn::sleep>("sleep"),
           work_parameter<&IdleChurn::precise_timing>("precise_timing")}),
      work_row<TimerLatency, run_timer_latency>("TimerLatency",
                                                "an absolute timer, as cyclictest: how soon a woken task runs",
                                                "how late it runs after each expiry; expiries missed altogether",
                                                "5 looks at the clock an expiry: some 800 instructions",
                                                {work_parameter<&TimerLatency::interval>("interval", 10'000, most_us)}),
      work_row<Periodic, run_periodic>(
          "Periodic", "a periodic task, as rt-app's: run, period, deadline", "how late it begins; periods missed",
          "4 looks at the clock a period, and about ten system calls that ask how long it has run",
          {work_parameter<&Periodic::run>("run"), work_parameter<&Periodic::period>("period", 10'000, most_us),
           work_parameter<&Periodic::deadline>("deadline", 0), work_parameter<&Periodic::phase>("phase", 0),
           work_parameter<&Periodic::jitter>("jitter", 0)}),
      work_row<Sequence, run_sequence>("Sequence", "phases one after the other", "how late it wakes up from its sleeps",
                                       "spin: as Bursty; alu, yield: a look at the clock after each; run: as Periodic; "
                                       "sleep, timer: 3 or 4 looks each",
                                       {work_parameter<&Sequence::phases>("phases")}),
  };
}

}  // namespace ktstr
