// SPDX-License-Identifier: Apache-2.0
//
// What ktstr costs beside a plain boot of the same kernel in the same QEMU. See README.md.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "engine/qemu.h"
#include "kernel/select.h"
#include "ktstr_run.h"
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
};

struct Setup {
  GuestSpec spec;
  bool with_scheduler = false;
};

struct Measured {
  Series plain, boot, test, scheduler;        // wall time
  Series plain_cpu, test_cpu, scheduler_cpu;  // CPU time of the processes
};

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
  const bool built = fs::exists(fs::path(KTSTR_BENCH_KTSTR).parent_path() / kScheduler);
  setup.with_scheduler = kernel.has_sched_ext && built;
  fmt::print("kernel {}, QEMU {}, topology {}, {} rounds\n", kernel.release, qemu.version, options.topology,
             options.rounds);
  return setup;
}

Status measure_round(const Setup& setup, const fs::path& scratch, Measured& measured) {
  KTSTR_TRY_ASSIGN(const Taken plain, plain_boot(setup.spec));
  measured.plain.add(plain.wall_seconds);
  measured.plain_cpu.add(plain.cpu_seconds);
  KTSTR_TRY_ASSIGN(const KtstrRun test, ktstr_run(setup.spec, "", scratch));
  measured.boot.add(test.boot_seconds);
  measured.test.add(test.whole.wall_seconds);
  measured.test_cpu.add(test.whole.cpu_seconds);
  fmt::print("A {:.2f} s   B {:.2f} s   C {:.2f} s", plain.wall_seconds, test.boot_seconds, test.whole.wall_seconds);
  if (setup.with_scheduler) {
    KTSTR_TRY_ASSIGN(const KtstrRun scheduler, ktstr_run(setup.spec, kScheduler, scratch));
    measured.scheduler.add(scheduler.whole.wall_seconds);
    measured.scheduler_cpu.add(scheduler.whole.cpu_seconds);
    fmt::print("   D {:.2f} s", scheduler.whole.wall_seconds);
  }
  fmt::print("\n");
  std::fflush(stdout);
  return ok();
}

void report(const Measured& m) {
  fmt::print("\nWall time: median (min .. max). These are of this machine and its load; compare nothing with them.\n");
  fmt::print("  A  plain QEMU, boot to power-off           {}\n", m.plain.summary(" s"));
  fmt::print("  B  ktstr, boot until the agent has its job {}\n", m.boot.summary(" s"));
  fmt::print("  C  ktstr run, trivial test of 1 s          {}\n", m.test.summary(" s"));
  fmt::print("  D  the same with {:<25} {}\n", kScheduler, m.scheduler.summary(" s"));
  fmt::print("\nRatios, round by round: median (min .. max). Only these count.\n");
  fmt::print("  B/A            {}\n", m.boot.divided_by(m.plain).summary(""));
  fmt::print("  C/A            {}\n", m.test.divided_by(m.plain).summary(""));
  fmt::print("  D/A            {}\n", m.scheduler.divided_by(m.plain).summary(""));
  fmt::print("  C/A, CPU time  {}\n", m.test_cpu.divided_by(m.plain_cpu).summary(""));
  fmt::print("  D/A, CPU time  {}\n", m.scheduler_cpu.divided_by(m.plain_cpu).summary(""));
}

Status measure(const Options& options) {
  KTSTR_TRY_ASSIGN(const Setup setup, prepare(options));
  if (!setup.with_scheduler) fmt::print("D is left out: no {} was built, or the kernel has no sched_ext\n", kScheduler);
  KTSTR_TRY_ASSIGN(const TempDir scratch, TempDir::create(fs::temp_directory_path(), "ktstr-bench"));
  Measured measured;
  for (int round = 1; round <= options.rounds; ++round) {
    fmt::print("round {}: ", round);
    std::fflush(stdout);
    KTSTR_TRY(measure_round(setup, scratch.path(), measured));
  }
  report(measured);
  return ok();
}

}  // namespace

}  // namespace ktstr::bench

int main(int argc, char** argv) {
  ktstr::bench::Options options;
  CLI::App app("What ktstr costs beside a plain boot of the same kernel in the same QEMU, as ratios");
  app.add_option("--rounds", options.rounds, "how often everything is measured, in turn: 5")
      ->check(CLI::Range(1, 1000));
  app.add_option("--topology", options.topology, "as ktstr takes it: 1n2l2c1t");
  app.add_option("--kernel", options.kernel, "as ktstr takes it");
  CLI11_PARSE(app, argc, argv);
  if (const ktstr::Status status = ktstr::bench::measure(options); !status) {
    fmt::print(stderr, "\nktstr_bench: {}\n", status.error().render());
    return 1;
  }
  return 0;
}
