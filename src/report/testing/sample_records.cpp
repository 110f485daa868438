// SPDX-License-Identifier: Apache-2.0
#include "report/testing/sample_records.h"

namespace ktstr {

namespace {

constexpr std::uint64_t kMs = 1'000'000;

CgroupStats stats(const std::string& name, CpuSet cpus, int workers, double off_cpu, double spread,
                  std::uint64_t gap_ns) {
  CgroupStats s;
  s.cgroup = name;
  s.step = 1;
  s.workers = workers;
  s.cpuset = s.cpus_used = std::move(cpus);
  s.iterations = 184'211;
  s.work_units = 179;
  s.migrations = 12;
  s.avg_off_cpu_pct = off_cpu;
  s.max_off_cpu_pct = off_cpu + spread / 2;
  s.min_off_cpu_pct = off_cpu - spread / 2;
  s.spread_pct = spread;
  s.max_gap_ns = gap_ns;
  s.run_delay_ns = 1996 * kMs;
  s.cpu_time_ns = 2004 * kMs;
  s.sched_class = "ext";
  s.share_pct = 50;
  return s;
}

WorkerReport worker(const std::string& cgroup, int index) {
  WorkerReport w;
  w.cgroup = cgroup;
  w.step = 1;
  w.index = index;
  w.pid = 100 + index;
  w.iterations = 46'000 + static_cast<std::uint64_t>(index);
  w.work_units = 45;
  w.started_ns = 2'101'000'000;
  w.cpu_time_ns = 501 * kMs;
  w.wall_time_ns = 1000 * kMs;
  w.run_delay_ns = 499 * kMs;
  w.max_gap_ns = 24'100'000;
  w.max_gap_at_ns = 750 * kMs;
  w.migrations = 3;
  w.cpus_used = {0, 1};
  return w;
}

void add_checks(RunRecord& r) {
  for (const char* cgroup : {"cg_0", "cg_1"}) {
    const std::string workers = std::string("the 4 workers of ") + cgroup;
    r.checked.push_back({"progress: " + workers, 1});
    r.checked.push_back({"gap: " + workers + ", limit 2000 ms", 1});
    r.checked.push_back({"spread: off-CPU shares of 4 equal workers of " + std::string(cgroup) + ", limit 35%", 1});
    r.checked.push_back({"isolation: " + workers + " in cpuset " + (cgroup[3] == '0' ? "0-1" : "2-3"), 1});
  }
  r.checked.push_back({"scheduler: attached from the start to the end"});
}

RunRecord base_record() {
  RunRecord r;
  r.id = "20261124-013855.417-two_cgroups-3fa2";
  r.test = "two_cgroups";
  r.tuple.test = r.test;
  r.tuple.seed = 1;
  r.tuple.kernel_sha256 = std::string(64, '7');
  r.tuple.topology = {1, 2, 2, 1};
  r.tuple.icount_shift = 3;
  r.tuple.quantum_ns = 100'000;
  r.turn_ns = 25'000;
  r.tuple.memory_bytes = 512ULL << 20;
  r.tuple.qemu_version = "10.0.11";
  r.mode = "det";
  r.kernel = "7.3.4+deb13-cloud-amd64";
  r.schedulers = {{"scx_ktstr", "ktstr", "enabled", "enabled", "", "", ""}};
  r.marks = {{StepMark::Kind::kScenarioStart, 0, 2'100'000'000, 0, 0, ""},
             {StepMark::Kind::kStepStart, 1, 2'100'400'000, 0, 0, ""},
             {StepMark::Kind::kScenarioResume, 1, 2'101'000'000, 2, 8, ""},
             {StepMark::Kind::kScenarioPause, 1, 3'101'000'000, 2, 8, ""},
             {StepMark::Kind::kStepEnd, 1, 3'101'800'000, 0, 0, ""},
             {StepMark::Kind::kScenarioEnd, 0, 3'101'900'000, 0, 0, ""}};
  r.stimuli = {{.at_ns = 2'101'000'000, .step = 1, .cgroups = 2, .workers = 8}};
  r.digest = "5b1c0de2a94f77e0" + std::string(48, '0');
  r.digest_complete = true;
  r.body_ns = 1'012'345'678;
  r.host_seconds = 4.23;
  r.phases = {{"boot", 0, 0.1}, {"attach", 1'900 * kMs, 2.2}, {"body", 2'100 * kMs, 2.6}, {"end", 3'110 * kMs, 4.1}};
  r.end_of_guest = "completed";
  r.run_dir = "/home/me/.local/state/ktstr/runs/" + r.id;
  r.started_at = "2026-11-24T01:38:55Z";
  r.replay_command = "ktstr replay " + r.id;
  r.repeat_command = "first_test --filter two_cgroups --kernel 7.3.4+deb13-cloud-amd64 --seed 1";
  return r;
}

}  // namespace

RunRecord passing_record() {
  RunRecord r = base_record();
  r.cgroups = {stats("cg_0", {0, 1}, 4, 49.9, 2.4, 24'100'000), stats("cg_1", {2, 3}, 4, 50.1, 1.9, 20'500'000)};
  r.cgroups[0].weight = r.cgroups[1].weight = 100;
  r.cgroups[0].entitled_pct = r.cgroups[1].entitled_pct = 50;
  r.cgroups[1].wakeups = 40;
  r.cgroups[1].wake_p99_ns = 812'000;
  r.workers = {worker("cg_0", 0), worker("cg_0", 1)};
  r.scheduler_log = {"attached"};
  add_checks(r);
  r.checked.push_back({"cg_1 gets no less than cg_0"});
  return r;
}

RunRecord stalled_record() {
  RunRecord r = base_record();
  r.outcome = Outcome::kFail;
  r.scheduler().command = "scx_ktstr --fault stall";
  r.scheduler().state_at_end = "disabled";
  r.scheduler().exit = "exited with status 1";
  r.scheduler().exit_reason = "runnable task stall";
  r.scheduler().exit_message = "ktstr-worker[104] failed to run for 2.004s";
  r.cgroups = {stats("cg_0", {0, 1}, 4, 71.3, 41.5, 2'412'000'000), stats("cg_1", {2, 3}, 4, 50.1, 1.9, 20'500'000)};
  r.details = {
      {Verdict::kFail, DetailKind::kStuck,
       "worker 3 of cg_0 did not run for 2412 ms (limit 2000 ms), until 2.9 s after its start, then on CPU 1", "cg_0",
       3, 1, 2412, 2000, "ms"},
      {Verdict::kFail, DetailKind::kUnfair, "off-CPU shares in cg_0 are too far apart", "cg_0", -1, 1, 41.5, 35, "%"},
      {Verdict::kFail, DetailKind::kSchedulerStalled,
       "the kernel's watchdog ended the scheduler: ktstr-worker[104] failed to run for 2.004s"}};
  r.scheduler_log = {"scx_ktstr: fault 'stall' armed", "scx_ktstr: dispatch", "scx_ktstr: dispatch",
                     "scx_ktstr: dispatch", "EXIT: runnable task stall"};
  r.kernel_log = {"sched_ext: BPF scheduler \"ktstr\" enabled",
                  "sched_ext: BPF scheduler \"ktstr\" disabled (runnable task stall)",
                  "sched_ext: ktstr: ktstr-worker[104] failed to run for 2.004s"};
  r.console_tail = {"this is not shown: the guest is well"};
  add_checks(r);
  r.repeat_command += " --scheduler 'scx_ktstr --fault stall'";
  return r;
}

RunRecord unfair_record() {
  RunRecord r = passing_record();
  r.outcome = Outcome::kFail;
  CgroupStats second = r.cgroups[0];
  second.step = 2;
  second.spread_pct = 61.2;
  r.cgroups.push_back(second);
  r.marks = {{StepMark::Kind::kScenarioStart, 0, 2'100'000'000, 0, 0, ""},
             {StepMark::Kind::kStepStart, 1, 2'100'400'000, 2, 8, "calm"},
             {StepMark::Kind::kScenarioResume, 1, 2'101'000'000, 2, 8, "calm"},
             {StepMark::Kind::kScenarioPause, 1, 2'601'000'000, 2, 8, "calm"},
             {StepMark::Kind::kStepEnd, 1, 2'601'000'000, 2, 8, "calm"},
             {StepMark::Kind::kStepStart, 2, 2'601'100'000, 2, 8, "crowded"},
             {StepMark::Kind::kScenarioResume, 2, 2'603'000'000, 2, 8, "crowded"},
             {StepMark::Kind::kScenarioPause, 2, 3'101'000'000, 2, 8, "crowded"},
             {StepMark::Kind::kStepEnd, 2, 3'101'200'000, 2, 8, "crowded"},
             {StepMark::Kind::kScenarioEnd, 0, 3'101'900'000, 0, 0, ""}};
  r.stimuli = {{.at_ns = 2'101'000'000, .step = 1, .cgroups = 2, .workers = 8},
               {.at_ns = 2'603'000'000,
                .elapsed_ms = 502,
                .step = 2,
                .ops = 3,
                .op_kinds = {"set_cpuset", "set_nice"},
                .cgroups = 2,
                .workers = 8,
                .iterations = 61'204}};
  r.details = {{Verdict::kFail, DetailKind::kUnfair,
                "off-CPU shares of the 4 workers of cg_0 differ by 61.2% (limit 35%)", "cg_0", -1, 2, 61.2, 35, "%"},
               {Verdict::kPass, DetailKind::kNote, "the kernel has no psi"}};
  r.perturbed = {"the clock source changed to hpet"};
  return r;
}

RunRecord panicked_record() {
  RunRecord r = base_record();
  r.outcome = Outcome::kFail;
  r.scheduler().state_at_end = "";
  r.digest_complete = false;
  r.end_of_guest = "kernel panic";
  r.marks.resize(3);  // in the first step's hold
  r.body_ns = 0;
  r.body_start_ns = 2'100 * kMs;
  r.last_seen = {{"cg_0", 0, 100, 2'101 * kMs, 812, 12'345, 2'912 * kMs}, {"cg_1", 3, 107, 2'101 * kMs, 0, 0, 0}};
  r.details = {{Verdict::kFail, DetailKind::kKernelPanic, "the guest's kernel panicked: Fatal exception in interrupt"}};
  for (int i = 1; i <= 24; ++i)
    r.console_tail.push_back("[    2." + std::to_string(500 + i) + "] \x1b[31mCall Trace\x1b[0m line " +
                             std::to_string(i) + "\r");
  return r;
}

RunRecord lost_record() {
  RunRecord r = base_record();
  r.outcome = Outcome::kInfrastructure;
  r.error = "the guest did not say hello within 60 s of host time";
  r.error_hint = "see the console below; a kernel without virtio-mmio or initramfs support cannot start the agent";
  r.schedulers = {{"scx_ktstr", "", "", "", "", "", ""}};
  r.digest.clear();
  r.marks.clear();
  r.stimuli.clear();
  r.body_ns = 0;
  r.phases.resize(1);
  r.end_of_guest = "hang";
  r.host_seconds = 60.4;
  r.console_tail = {"[    0.912] Run /init as init process", "[    0.913] Kernel panic? no: nothing more"};
  return r;
}

RunRecord payload_record() {
  RunRecord r = passing_record();
  PayloadReport fio{.name = "fio", .cgroup = "cg_1", .step = 1, .pid = 131, .exit = "exit status 0", .exit_code = 0};
  fio.wall_time_ns = 912 * kMs;
  fio.metrics = {{"write_iops", 12'345, Polarity::kHigher, "1/s"},
                 {"write_lat_p99", 1.25, Polarity::kLower, "ms"},
                 {"jobs", 1, Polarity::kNeutral, ""}};
  fio.output_tail = "{\n  \"fio version\" : \"fio-3.39\"\n}\n";
  PayloadReport stress{.name = "stress-ng", .pid = 130, .killed = true, .exit = "killed by signal 9 (SIGKILL)"};
  stress.wall_time_ns = 1003 * kMs;
  r.payloads = {fio, stress};
  r.captures = {{"before", "cg_0", 1, {101, 102, 103, 104}}, {"after", "cg_1", 1, {}}};
  r.checked.push_back({"payload fio: write_iops >= 100", 1});
  return r;
}

RunRecord failed_payload_record() {
  RunRecord r = payload_record();
  r.outcome = Outcome::kFail;
  PayloadReport& fio = r.payloads[0];
  fio.exit = "exit status 1";
  fio.exit_code = 1;
  fio.metrics.erase(fio.metrics.begin());
  fio.missing = {"write_iops: no 'jobs.0.write.iops' in its output"};
  fio.output_tail = "fio: pid=131, err=28/file:filesetup.c:240\nfio: failed to write: No space left on device\n";
  r.details = {{Verdict::kFail, DetailKind::kPayload,
                "fio in cg_1: write_iops >= 100 does not hold: write_iops is missing", "cg_1", -1, 1}};
  return r;
}

RunRecord bad_input_record() {
  RunRecord r;
  r.test = "two_cgroups";
  r.outcome = Outcome::kBadInput;
  r.error = "topology '1n3l' has no cores";
  r.error_hint = "write it like 1n2l4c2t";
  return r;
}

RunRecord inconclusive_record() {
  RunRecord r = passing_record();
  r.outcome = Outcome::kInconclusive;
  r.details = {{Verdict::kInconclusive, DetailKind::kUnfair,
                "cg_0 ran for 12 ms only: too short to compare its workers", "cg_0"}};
  return r;
}

RunRecord skipped_record() {
  RunRecord r = base_record();
  r.outcome = Outcome::kSkip;
  r.details = {{Verdict::kSkip, DetailKind::kNote, "needs 2 NUMA nodes, the machine has 1"}};
  return r;
}

}  // namespace ktstr
