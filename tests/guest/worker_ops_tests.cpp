// SPDX-License-Identifier: Apache-2.0
//
// Ops on workers, payloads and the machine, on a real kernel.
#include <sched.h>

#include <regex>

#include "observed.h"
#include "workload/task/core_sched.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

// Field `number` (from 1, proc_pid_stat(5)) of /proc/PID/stat.
std::string stat_field(Observer& see, int pid, int number) {
  const std::string text = see.file(fmt::format("/proc/{}/stat", pid));
  std::size_t at = text.rfind(')') + 2;
  for (int i = 3; i < number; ++i) at = text.find(' ', at) + 1;
  return text.substr(at, text.find(' ', at) - at);
}

}  // namespace

// In 30 ms not every worker gets a CPU.
KTSTR_TEST(worker_attributes,
           {.topology = "2n2l2c1t", .duration = 300ms, .checks = {.progress = false, .spread_off = true}}) {
  const Step step{
      .setup = {CgroupDef::named("a").workers(1).nice(5).comm("busy").uid(1000).gid(1001).sched_policy(
                    SchedPolicy::batch()),
                CgroupDef::named("b").workers(1).affinity(AffinityIntent::exact({2})).mem_policy(MemPolicy::bind({1})),
                CgroupDef::named("c")
                    .workers(1)
                    .sched_policy(SchedPolicy::rr(3))
                    .work_type(Bursty{.burst = 1ms, .sleep = 5ms}),
                CgroupDef::named("d").workers(1).numa_node(1)},
      .hold = HoldSpec::fixed(30ms)};
  return observed(ctx, {}, {step}, [](int, Observer& see) {
    const int a = see.pids("a").at(0), b = see.pids("b").at(0), c = see.pids("c").at(0), d = see.pids("d").at(0);
    see.equal("nice", stat_field(see, a, 19), "5");
    see.equal("comm", see.file(fmt::format("/proc/{}/comm", a)), "busy");
    see.equal("uid", see.status(a, "Uid"), "1000\t1000\t1000\t1000");
    see.equal("gid", see.status(a, "Gid"), "1001\t1001\t1001\t1001");
    see.that(::sched_getscheduler(a) == SCHED_BATCH, "a is SCHED_BATCH");
    see.equal("affinity", see.status(b, "Cpus_allowed_list"), "2");
    see.that(see.file(fmt::format("/proc/{}/numa_maps", b)).find("bind:1") != std::string::npos, "memory is bound");
    see.that(::sched_getscheduler(c) == SCHED_RR, "c is SCHED_RR");
    see.equal("priority", stat_field(see, c, 40), "3");
    see.equal("node's CPUs", see.status(d, "Cpus_allowed_list"), "2-3");
  });
}

KTSTR_TEST(live_changes_of_workers, {.topology = "1n1l2c1t", .duration = 400ms, .checks = {.spread_off = true}}) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(2)}};
  return observed(
      ctx, backdrop,
      {held({Op::set_nice("a", 7), Op::set_uclamp("a", 100, 800), Op::set_affinity("a", AffinityIntent::single_cpu())}),
       held({Op::set_policy("a", SchedPolicy::batch()), Op::set_affinity("a", AffinityIntent::inherit())})},
      [](int step, Observer& see) {
        for (const int pid : see.pids("a")) {
          see.equal("nice", stat_field(see, pid, 19), "7");
          see.equal("affinity", see.status(pid, "Cpus_allowed_list"), step == 1 ? "0" : "0-1");
          see.that(::sched_getscheduler(pid) == (step == 1 ? SCHED_OTHER : SCHED_BATCH), "policy");
          const std::string sched = see.file(fmt::format("/proc/{}/sched", pid));
          see.that(std::regex_search(sched, std::regex("\nuclamp.min +: +100\n")), "uclamp.min is 100");
          see.that(std::regex_search(sched, std::regex("\nuclamp.max +: +800\n")), "uclamp.max is 800");
        }
      });
}

KTSTR_TEST(core_scheduling_cookies, {.topology = "1n1l2c2t", .duration = 400ms}) {
  if (const auto cookie = core_sched_cookie(0); !cookie) return AssertResult::skip(cookie.error().render());
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(2), CgroupDef::named("b").workers(1)}};
  return observed(
      ctx, backdrop,
      {held({Op::core_sched_create("a"), Op::core_sched_share("a", "b")}), held({Op::core_sched_clear("a")})},
      [](int step, Observer& see) {
        const std::vector<int> a = see.pids("a");
        const auto first = core_sched_cookie(a.at(0)), other = core_sched_cookie(a.at(1)),
                   of_b = core_sched_cookie(see.pids("b").at(0));
        see.that(first && other && of_b, "cookies can be read");
        if (!first || !other || !of_b) return;
        see.that(*first == *other, "one cookie for the cgroup");
        see.that(*of_b != 0, "b has a cookie");
        see.that(step == 1 ? *first == *of_b : *first == 0, "shared, then cleared");
      });
}

KTSTR_TEST(spawn_inside_and_outside, {.topology = "1n1l2c1t", .duration = 300ms, .checks = {.spread_off = true}}) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").no_workers()}};
  return observed(
      ctx, backdrop,
      {held({Op::spawn_workers("a", {.workers = 2, .type = YieldHeavy{}}), Op::spawn_host({.workers = 1})})},
      [](int, Observer& see) { see.that(see.pids("a").size() == 2, "two workers are in the cgroup"); });
}

KTSTR_TEST(signal_storm, {.topology = "1n1l2c1t", .duration = 400ms}) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(2)}};
  return observed(ctx, backdrop, {held({Op::signal_storm("a", 5, 10ms)})}, [](int, Observer& see) {
    for (const int pid : see.pids("a")) see.that(see.status(pid, "State").front() != 'T', "it goes on after the storm");
  });
}

KTSTR_TEST(cpu_hotplug, {.topology = "1n2l2c1t", .duration = 500ms}) {
  const Backdrop backdrop{
      .cgroups = {CgroupDef::named("a").workers(3), CgroupDef::named("b").workers(1).cpuset(CpusetSpec::cpus({3}))}};
  auto result =
      observed(ctx, backdrop, {held({Op::cpu_offline(3)}), held({Op::cpu_offline(2), Op::cpu_online(2)})},
               [](int step, Observer& see) {
                 see.equal("online CPUs", see.file("/sys/devices/system/cpu/online"), step == 1 ? "0-2" : "0-3");
               });
  return result;
}

KTSTR_TEST(smt_off_and_on, {.topology = "1n1l2c2t", .duration = 400ms}) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(2)}};
  return observed(ctx, backdrop, {held({Op::set_smt(false)}), held({})}, [](int step, Observer& see) {
    see.equal("online CPUs", see.file("/sys/devices/system/cpu/online"), step == 1 ? "0,2" : "0-3");
    see.equal("smt", see.file("/sys/devices/system/cpu/smt/control"), step == 1 ? "off" : "on");
  });
}

KTSTR_TEST(sysctl_is_put_back, {.topology = "1n1l2c1t", .duration = 300ms}) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a")}};
  std::string before;
  return observed(ctx, backdrop, {held({}), held({Op::write_sysctl("kernel.sched_rt_runtime_us", "900000")}), held({})},
                  [&](int step, Observer& see) {
                    const std::string now = see.file("/proc/sys/kernel/sched_rt_runtime_us");
                    if (step == 1) before = now;
                    see.equal("sched_rt_runtime_us", now, step == 2 ? "900000" : before);
                  });
}

KTSTR_TEST(irq_is_steered, {.topology = "1n1l2c1t", .duration = 300ms}) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a")}};
  return observed(ctx, backdrop, {held({Op::steer_irq("acpi", 1)})},
                  [](int, Observer& see) { see.equal("acpi's CPUs", see.file("/proc/irq/9/smp_affinity_list"), "1"); });
}

KTSTR_TEST(payload_with_metrics, {.topology = "1n1l2c1t", .duration = 1s, .payloads = kShell}) {
  Payload json = shell("numbers", "echo banner; echo '{\"a\": {\"b\": [1, 42]}}'");
  json.output(Payload::Output::kJson)
      .metric({.name = "answer", .path = "a.b.1", .polarity = Polarity::kHigher, .unit = "u"})
      .check(PayloadCheck::range("answer", 40, 43))
      .check(PayloadCheck::exit_code(0));
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(1)}};
  auto result = execute_scenario(ctx, backdrop,
                                 {held({Op::run_payload_in_cgroup("a", json), Op::wait_payload("numbers"),
                                        Op::run_payload(shell("looper", "while :; do :; done")),
                                        Op::run_payload_in_cgroup("a", shell("looper", "while :; do :; done"))})});
  if (!result) return result;
  result->claim(result->payloads.size() == 3, "three payloads are reported");
  if (result->payloads.size() != 3) return result;
  const PayloadReport& report = result->payloads[0];
  result->claim(report.exit_code == 0 && report.metrics.size() == 1 && report.metrics[0].value == 42,
                "its metric is 42");
  result->claim(result->payloads[1].killed && result->payloads[1].cgroup == "a", "the newest is killed first");
  result->claim(result->payloads[2].killed && result->payloads[2].cgroup.empty(), "the oldest last");
  return result;
}

KTSTR_TEST(payload_check_that_does_not_hold,
           {.topology = "1n1l2c1t", .duration = 500ms, .payloads = kShell, .expect_failure = "payload"}) {
  Payload fails = shell("fails", "exit 3");
  fails.check(PayloadCheck::exit_code(0));
  return execute_steps(ctx, {held({Op::run_payload(fails), Op::wait_payload("fails")})});
}

KTSTR_TEST(payload_in_a_definition, {.topology = "1n1l2c1t", .duration = 500ms, .payloads = kShell}) {
  const Step step{.setup = {CgroupDef::named("a").workers(1).workload(shell("load", "while :; do :; done"))},
                  .hold = HoldSpec::fixed(50ms)};
  return observed(ctx, {}, {step}, [](int, Observer& see) {
    see.that(see.pids("a").size() == 2, "worker and payload are in the cgroup");
  });
}

KTSTR_TEST(loop_repeats_its_ops, {.topology = "1n2l1c1t", .duration = 500ms}) {
  const Step step{.setup = {CgroupDef::named("a").workers(1).cpuset(CpusetSpec::llc(0)),
                            CgroupDef::named("b").workers(1).cpuset(CpusetSpec::llc(1))},
                  .ops = {Op::swap_cpusets("a", "b")},
                  .hold = HoldSpec::loop(50ms)};
  return execute_steps(ctx, {step});
}
