// SPDX-License-Identifier: Apache-2.0
//
// What ktstr costs beside a plain boot of the same kernel in the same QEMU, what warm images save, and how real the
// guest's time is. See README.md.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "engine/qemu/qemu.h"
#include "kernel/select.h"
#include "ktstr_run.h"
#include "many_tests.h"
#include "plain_boot.h"
#include "runner/runner.h"
#include "series.h"

namespace ktstr::bench {

namespace {

constexpr const char* kScheduler = "scx_ktstr";

struct Options {
  int rounds = 5;
  std::string topology = "1n2l2c1t";
  std::string kernel;
  int tests = 0;
  bool big = false;
  bool wakes = false;
};

struct Setup {
  GuestSpec spec;
  KtstrAsked asked;
  bool with_scheduler = false;
};

// Of one kind of run.
struct Times {
  Series whole, to_body, around_body, cpu;

  void add(const KtstrRun& run) {
    whole.add(run.whole.wall_seconds);
    to_body.add(run.to_body_seconds);
    around_body.add(run.around_body_seconds);
    cpu.add(run.whole.cpu_seconds);
  }
};

struct Measured {
  Series plain, plain_cpu;
  Times warm, cold, scheduler;
};

constexpr const char* kBigTopology = "2n8l4c2t";

Result<Setup> prepare(const Options& options) {
  const RunnerEnvironment environment = RunnerEnvironment::from_process();
  KTSTR_TRY_ASSIGN(const KernelEnvironment kernels, KernelEnvironment::from_process());
  KTSTR_TRY_ASSIGN(const KernelImage kernel, select_kernel(kernels, options.kernel));
  KTSTR_TRY_ASSIGN(const QemuInfo qemu, find_qemu(environment.qemu));
  Setup setup;
  KTSTR_TRY_ASSIGN(setup.spec.topology, Topology::parse(options.topology));
  setup.spec.qemu = qemu.path.string();
  setup.spec.kernel = kernel.vmlinux;
  setup.spec.mode = Mode::kDet;
  setup.spec.ram_dir = environment.ram_dir;
  setup.asked = {.kernel = kernel.vmlinux.string(), .topology = options.topology};
  const bool built = fs::exists(fs::path(KTSTR_BENCH_KTSTR).parent_path() / kScheduler);
  setup.with_scheduler = kernel.has_sched_ext && built;
  fmt::print("kernel {}, QEMU {}, topology {}, {} rounds\n", kernel.release, qemu.version, options.topology,
             options.rounds);
  return setup;
}

Result<KtstrRun> take(KtstrAsked asked, const char* letter, const fs::path& scratch, Times& times) {
  KTSTR_TRY_ASSIGN(const KtstrRun run, ktstr_run(asked, scratch));
  times.add(run);
  fmt::print("{} {:.2f} ({:.2f}) s   ", letter, run.whole.wall_seconds, run.to_body_seconds);
  std::fflush(stdout);
  return run;
}

KtstrAsked booted(KtstrAsked asked) {
  asked.cold = true;
  return asked;
}

KtstrAsked with_scheduler(KtstrAsked asked) {
  asked.scheduler = kScheduler;
  return asked;
}

Status measure_round(const Setup& setup, const fs::path& scratch, Measured& measured) {
  KTSTR_TRY_ASSIGN(const Taken plain, plain_boot(setup.spec));
  measured.plain.add(plain.wall_seconds);
  measured.plain_cpu.add(plain.cpu_seconds);
  fmt::print("A {:.2f} s   ", plain.wall_seconds);
  KTSTR_TRY(take(setup.asked, "W", scratch, measured.warm));
  KTSTR_TRY(take(booted(setup.asked), "C", scratch, measured.cold));
  if (setup.with_scheduler) KTSTR_TRY(take(with_scheduler(setup.asked), "S", scratch, measured.scheduler));
  fmt::print("\n");
  return ok();
}

void report(const Measured& m) {
  fmt::print("\nWall time: median (min .. max). These are of this machine and its load; compare nothing with them.\n");
  fmt::print("  A  plain QEMU, boot to power-off             {}\n", m.plain.summary(" s"));
  fmt::print("  W  warm ktstr run, trivial test of 1 s       {}\n", m.warm.whole.summary(" s"));
  fmt::print("     QEMU's start to the scenario's            {}\n", m.warm.to_body.summary(" s"));
  fmt::print("     the whole process without the scenario    {}\n", m.warm.around_body.summary(" s"));
  fmt::print("  C  the same with --cold                      {}\n", m.cold.whole.summary(" s"));
  fmt::print("     QEMU's start to the scenario's            {}\n", m.cold.to_body.summary(" s"));
  fmt::print("     the whole process without the scenario    {}\n", m.cold.around_body.summary(" s"));
  fmt::print("  S  W with {:<34} {}\n", kScheduler, m.scheduler.whole.summary(" s"));
  fmt::print("\nRatios, round by round: median (min .. max). Only these count.\n");
  fmt::print("  C/W to the scenario      {}   at least 15 at 4 CPUs\n",
             m.cold.to_body.divided_by(m.warm.to_body).summary(""));
  fmt::print("  C/W without the scenario {}\n", m.cold.around_body.divided_by(m.warm.around_body).summary(""));
  fmt::print("  A/W to the scenario      {}\n", m.plain.divided_by(m.warm.to_body).summary(""));
  fmt::print("  W/A                      {}\n", m.warm.whole.divided_by(m.plain).summary(""));
  fmt::print("  C/W                      {}\n", m.cold.whole.divided_by(m.warm.whole).summary(""));
  fmt::print("  S/W                      {}\n", m.scheduler.whole.divided_by(m.warm.whole).summary(""));
  fmt::print("  W/A, CPU time            {}\n", m.warm.cpu.divided_by(m.plain_cpu).summary(""));
  fmt::print("  C/W, CPU time            {}\n", m.cold.cpu.divided_by(m.warm.cpu).summary(""));
  std::fflush(stdout);
}

// One round: the cold boot alone takes a minute or two.
Status measure_big(KtstrAsked asked, const fs::path& scratch) {
  asked.topology = kBigTopology;
  asked.duration = "100ms";
  KTSTR_TRY(ktstr_run(asked, scratch));  // makes the image
  Times warm, cold;
  fmt::print("\n{}: ", asked.topology);
  KTSTR_TRY(take(booted(asked), "C", scratch, cold));
  KTSTR_TRY(take(asked, "W", scratch, warm));
  fmt::print("\n  C/W to the scenario      {}   at least 60\n", cold.to_body.divided_by(warm.to_body).summary(""));
  fmt::print("  C/W without the scenario {}\n", cold.around_body.divided_by(warm.around_body).summary(""));
  return ok();
}

// Guest time: no load of this machine changes it.
Status measure_wakes(const KtstrAsked& asked, const fs::path& scratch) {
  fmt::print("\nCross-CPU wake round trip on {}, guest time, p50 / p99:\n", asked.topology);
  for (const char* test : {"wake_idle", "wake_busy"})
    for (const char* quantum : {"", "0"}) {
      KTSTR_TRY_ASSIGN(auto notes, guest_notes(asked, test, quantum, scratch));
      fmt::print("  {}  {:<15}  {:.3f} / {:.3f} ms\n", test, *quantum == 0 ? "default quantum" : "no quantum",
                 notes["p50"] / 1e6, notes["p99"] / 1e6);
      std::fflush(stdout);
    }
  return ok();
}

Status measure(const Options& options) {
  KTSTR_TRY_ASSIGN(const Setup setup, prepare(options));
  if (!setup.with_scheduler) fmt::print("S is left out: no {} was built, or the kernel has no sched_ext\n", kScheduler);
  KTSTR_TRY_ASSIGN(const TempDir scratch, TempDir::create(fs::temp_directory_path(), "ktstr-bench"));
  if (options.rounds > 0) KTSTR_TRY(ktstr_run(setup.asked, scratch.path()));  // makes the image
  Measured measured;
  for (int round = 1; round <= options.rounds; ++round) {
    fmt::print("round {}: ", round);
    std::fflush(stdout);
    KTSTR_TRY(measure_round(setup, scratch.path(), measured));
  }
  if (options.rounds > 0) report(measured);
  if (options.wakes) KTSTR_TRY(measure_wakes(setup.asked, scratch.path()));
  if (options.big) KTSTR_TRY(measure_big(setup.asked, scratch.path()));
  if (options.tests == 0) return ok();
  KtstrAsked small{.kernel = setup.asked.kernel, .topology = "1n1l2c1t", .duration = "100ms"};
  KTSTR_TRY(ktstr_run(small, scratch.path()));  // makes the image
  return many_tests(small, options.tests, scratch.path());
}

}  // namespace

}  // namespace ktstr::bench

int main(int argc, char** argv) {
  ktstr::bench::Options options;
  CLI::App app("What ktstr costs beside a plain boot of the same kernel in the same QEMU, as ratios");
  app.add_flag("--wakes", options.wakes, "wake round trips in guest time, with and without a quantum");
  app.add_flag("--big", options.big, "64 CPUs, warm and cold, once");
  app.add_option("--tests", options.tests, "this many trivial tests, two at a time: none")->check(CLI::Range(0, 10000));
  app.add_option("--rounds", options.rounds, "how often everything is measured, in turn: 5")
      ->check(CLI::Range(0, 1000));
  app.add_option("--topology", options.topology, "as ktstr takes it: 1n2l2c1t");
  app.add_option("--kernel", options.kernel, "as ktstr takes it");
  CLI11_PARSE(app, argc, argv);
  if (const ktstr::Status status = ktstr::bench::measure(options); !status) {
    fmt::print(stderr, "\nktstr_bench: {}\n", status.error().render());
    return 1;
  }
  return 0;
}
