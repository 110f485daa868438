// SPDX-License-Identifier: Apache-2.0
//
// Refused: what is wrong with ops on cgroups, payloads and the machine.
#include <cmath>

#include "scenario_file/testing/refused.h"

namespace ktstr::refused {

namespace {

using namespace std::chrono_literals;

Case several(std::string what, std::vector<Op> made, std::string lines) {
  return in_op(
      std::move(what), [made = std::move(made)] { return made; }, std::move(lines));
}

// A [[payload]] of its own kind; `lines` from line 5.
Case declared(std::string what, std::function<Payload()> payload, const std::string& lines) {
  Case made{.what = std::move(what)};
  made.cpp = [payload = std::move(payload)] {
    return Scenario{.backdrop = {.payloads = {payload()}}, .steps = {Step::holding(HoldSpec::full())}};
  };
  if (!lines.empty())
    made.toml = fmt::format(
        "topology = '{}'\n[[payload]]\nname = 'p'\nprogram = 'true'\n{}\n[backdrop]\npayloads = ['p']\n"
        "[[step]]\n",
        kTopology, lines);
  return made;
}

const char* const kAddC = "op = 'add_cgroup'\ncgroup = 'c'\n[[step.op]]\n";
const char* const kRunP = "op = 'run_payload'\npayload = 'p'\n";

}  // namespace

std::vector<Case> cgroup_ops() {
  const Op add_c = Op::add_cgroup("c");
  const CgroupDef beyond = CgroupDef::named("c").cpuset(CpusetSpec::llc(9));
  const std::string c(kAddC);
  return {
      of_one_op("a new cgroup without a name", Op::add_cgroup(""), "op = 'add_cgroup'\ncgroup = ''"),
      of_one_op("a new cgroup that is there", Op::add_cgroup("a"), "op = 'add_cgroup'\ncgroup = 'a'"),
      of_one_op("a new definition that is there", Op::add_cgroup_def(CgroupDef::named("a")),
                "op = 'add_cgroup_def'\ndef = { name = 'a' }"),
      of_one_op("a new definition beyond the machine", Op::add_cgroup_def(beyond),
                "op = 'add_cgroup_def'\ndef = { name = 'c', cpuset = 'llc:9' }"),
      of_one_op("a cgroup that is not there", Op::freeze_cgroup("c"), "op = 'freeze_cgroup'\ncgroup = 'c'"),
      {.what = "a cgroup that comes later",
       .cpp = [] { return Scenario{.steps = {{.setup = {CgroupDef::named("a")}, .ops = {Op::freeze_cgroup("a")}}}}; },
       .toml =
           fmt::format("topology = '{}'\n[[step]]\n[[step.op]]\nop = 'freeze_cgroup'\ncgroup = 'a'\n[[step.cgroup]]\n"
                       "name = 'a'\n",
                       kTopology)},
      several("a cgroup that is gone", {add_c, Op::remove_cgroup("c"), Op::freeze_cgroup("c")},
              c + "op = 'remove_cgroup'\ncgroup = 'c'\n[[step.op]]\nop = 'freeze_cgroup'\ncgroup = 'c'"),
      of_one_op("the end of a cgroup of the Backdrop", Op::remove_cgroup("a"), "op = 'remove_cgroup'\ncgroup = 'a'"),
      several("the end of a cgroup with children", {add_c, Op::add_cgroup("c/inner"), Op::remove_cgroup("c")},
              c + "op = 'add_cgroup'\ncgroup = 'c/inner'\n[[step.op]]\nop = 'remove_cgroup'\ncgroup = 'c'"),
      several("nobody to stop", {add_c, Op::stop_cgroup("c")}, c + "op = 'stop_cgroup'\ncgroup = 'c'"),
      several("nobody to kill", {add_c, Op::kill_cgroup("c")}, c + "op = 'kill_cgroup'\ncgroup = 'c'"),
      of_one_op("a move to where they are", Op::move_all_tasks("a", "a"),
                "op = 'move_all_tasks'\nfrom = 'a'\nto = 'a'"),
      several("a move of the Backdrop's workers into a step", {add_c, Op::move_all_tasks("a", "c")},
              c + "op = 'move_all_tasks'\nfrom = 'a'\nto = 'c'"),
      of_one_op("a move to nowhere", Op::move_all_tasks("a", "c"), "op = 'move_all_tasks'\nfrom = 'a'\nto = 'c'"),
      several("a move of nobody", {add_c, Op::move_all_tasks("c", "a")},
              c + "op = 'move_all_tasks'\nfrom = 'c'\nto = 'a'"),
      of_one_op("a move of nobody from outside", Op::move_all_tasks("", "a"),
                "op = 'move_all_tasks'\nfrom = ''\nto = 'a'"),
      several("a move beside children",
              {add_c, Op::add_cgroup("c/inner"), Op::spawn_host({}), Op::move_all_tasks("", "c")},
              c + "op = 'add_cgroup'\ncgroup = 'c/inner'\n[[step.op]]\nop = 'spawn'\ncgroup = ''\nwork = 'SpinWait'\n"
                  "[[step.op]]\nop = 'move_all_tasks'\nfrom = ''\nto = 'c'"),
      of_one_op("a knob out of range", Op::set_weight("a", 0),
                "op = 'set_knob'\ncgroup = 'a'\nknob = 'cpu_weight'\nvalue = 0"),
      in_op("no knob", {}, "op = 'set_knob'\ncgroup = 'a'\nknob = 'cpu_wight'\nvalue = 1"),
      of_one_op("a cpuset beyond the machine", Op::set_cpuset("a", CpusetSpec::llc(2)),
                "op = 'set_cpuset'\ncgroup = 'a'\ncpuset = 'llc:2'"),
      of_one_op("a cpuset swapped with itself", Op::swap_cpusets("a", "a"), "op = 'swap_cpusets'\na = 'a'\nb = 'a'"),
      of_one_op("a capture without a tag", Op::capture_cgroup_procs("", "a"),
                "op = 'capture_cgroup_procs'\ncgroup = 'a'\ntag = ''"),
      {.what = "an op that works only once, in a loop",
       .cpp = [] { return Scenario{.steps = {Step::with_op(Op::add_cgroup("c"), HoldSpec::loop(10ms))}}; },
       .toml = fmt::format("topology = '{}'\n[[step]]\nhold = {{ loop = '10ms' }}\n[[step.op]]\nop = 'add_cgroup'\n"
                           "cgroup = 'c'\n",
                           kTopology)},
  };
}

std::vector<Case> payloads() {
  const Payload scheduler = Payload::scheduler("scx", "/bin/scx");
  const std::string p(kRunP);
  return {
      declared(
          "a scheduler in the Backdrop", [scheduler] { return scheduler; }, ""),
      of_one_op("a scheduler in an op", Op::run_payload(scheduler), ""),
      in_cgroup(
          "a scheduler in a definition", [scheduler](CgroupDef& a) { a.workload(scheduler); }, ""),
      of_one_op("a flag that it does not know", Op::run_payload(program(), {"--runtme=3"}),
                p + "args = ['--runtme=3']"),
      of_one_op("an argument with a NUL", Op::run_payload(program(), {std::string("a\0b", 3)}),
                p + "args = [\"a\\u0000b\"]"),
      several("twice in one cgroup",
              {Op::run_payload_in_cgroup("a", program()), Op::run_payload_in_cgroup("a", program())},
              p + "cgroup = 'a'\n[[step.op]]\n" + p + "cgroup = 'a'"),
      {.what = "once more where a definition runs it",
       .cpp =
           [] {
             return Scenario{.backdrop = {.cgroups = {CgroupDef::named("a").workload(program())}},
                             .steps = {Step::with_op(Op::run_payload_in_cgroup("a", program()), HoldSpec::full())}};
           },
       .toml =
           fmt::format("topology = '{}'\n[[payload]]\nname = 'p'\nprogram = 'true'\n[backdrop]\n[[backdrop.cgroup]]\n"
                       "name = 'a'\nworkload = 'p'\n[[step]]\n[[step.op]]\n{}cgroup = 'a'\n",
                       kTopology, kRunP)},
      of_one_op("in a cgroup that is not there", Op::run_payload_in_cgroup("c", program()), p + "cgroup = 'c'"),
      of_one_op("a wait for nobody", Op::wait_payload("p"), "op = 'wait_payload'\npayload = 'p'"),
      several(
          "a wait for one of two",
          {Op::run_payload_in_cgroup("a", program()), Op::run_payload_in_cgroup("b", program()), Op::wait_payload("p")},
          p + "cgroup = 'a'\n[[step.op]]\n" + p + "cgroup = 'b'\n[[step.op]]\nop = 'wait_payload'\npayload = 'p'"),
      several("a wait in another cgroup",
              {Op::run_payload_in_cgroup("a", program()), Op::wait_payload_in_cgroup("b", "p")},
              p + "cgroup = 'a'\n[[step.op]]\nop = 'wait_payload'\npayload = 'p'\ncgroup = 'b'"),
      several("a wait of less than no time", {Op::run_payload(program()), Op::wait_payload("p", -1ms)},
              p + "[[step.op]]\nop = 'wait_payload'\npayload = 'p'\ntimeout = '-1ms'"),
      several("killed twice", {Op::run_payload(program()), Op::kill_payload("p"), Op::kill_payload("p")},
              p + "[[step.op]]\nop = 'kill_payload'\npayload = 'p'\n[[step.op]]\nop = 'kill_payload'\npayload = 'p'"),
      in_op("a payload that is not declared", {}, "op = 'run_payload'\npayload = 'q'"),
      declared(
          "no name", [] { return Payload::program("", "true"); }, ""),
      declared(
          "no program", [] { return Payload::program("p", ""); }, ""),
      declared(
          "a known flag without its dashes", [] { return Payload::program("p", "true").known_flags({"runtime"}); },
          "known_flags = ['runtime']"),
      declared(
          "metrics of output that is not read", [] { return Payload::program("p", "true").metric({.name = "iops"}); },
          "[[payload.metric]]\nname = 'iops'"),
      declared(
          "a metric twice",
          [] { return Payload::program("p", "true").metric({.name = "iops"}).metric({.name = "iops"}); },
          "output = 'json'\n[[payload.metric]]\nname = 'iops'\n[[payload.metric]]\nname = 'iops'"),
      declared(
          "a check of a metric that is not declared",
          [] { return Payload::program("p", "true").check(PayloadCheck::min("iops", 1)); },
          "[[payload.check]]\nkind = 'min'\nmetric = 'iops'\nvalue = 1"),
      declared(
          "a check that can never hold",
          [] {
            return Payload::program("p", "true")
                .output(Payload::Output::kJson)
                .metric({.name = "iops"})
                .check(PayloadCheck::range("iops", 2, 1));
          },
          "output = 'json'\n[[payload.metric]]\nname = 'iops'\n[[payload.check]]\nkind = 'range'\nmetric = 'iops'\n"
          "low = 2\nhigh = 1"),
      declared(
          "a limit that is not a number",
          [] {
            return Payload::program("p", "true")
                .output(Payload::Output::kJson)
                .metric({.name = "iops"})
                .check(PayloadCheck::min("iops", std::nan("")));
          },
          "output = 'json'\n[[payload.metric]]\nname = 'iops'\n[[payload.check]]\nkind = 'min'\nmetric = 'iops'\n"
          "value = nan"),
      declared(
          "an exit code that nobody has",
          [] { return Payload::program("p", "true").check(PayloadCheck::exit_code(256)); },
          "[[payload.check]]\nkind = 'exit_code'\ncode = 256"),
      declared(
          "files without a byte", [] { return Payload::program("p", "true").file_limit(0); }, "file_limit = '0'"),
  };
}

std::vector<Case> machine_ops() {
  return {
      of_one_op("CPU 0 offline", Op::cpu_offline(0), "op = 'cpu_offline'\ncpu = 0"),
      of_one_op("a CPU offline that is not there", Op::cpu_offline(4), "op = 'cpu_offline'\ncpu = 4"),
      of_one_op("a CPU online that is not there", Op::cpu_online(-1), "op = 'cpu_online'\ncpu = -1"),
      of_one_op("SMT where there is none", Op::set_smt(false), "op = 'set_smt'\non = false"),
      of_one_op("no sysctl", Op::write_sysctl("../etc/passwd", "1"),
                "op = 'write_sysctl'\nname = '../etc/passwd'\nvalue = 1"),
      of_one_op("no interrupt", Op::steer_irq("", 1), "op = 'steer_irq'\nirq = ''\ncpu = 1"),
      of_one_op("a speed of a CPU that is not there", Op::set_cpu_speed(CpuSet{3, 4}, 40),
                "op = 'set_cpu_speed'\ncpus = '3-4'\npercent = 40"),
      of_one_op("a speed above the full one", Op::set_cpu_speed(CpuSet{1}, 101),
                "op = 'set_cpu_speed'\ncpus = '1'\npercent = 101"),
      of_one_op("nothing that takes over", Op::replace_scheduler(""), "op = 'replace_scheduler'\nscheduler = ''"),
      of_one_op("a speed of no CPU", Op::set_cpu_speed(CpuSet(), 40), "op = 'set_cpu_speed'\ncpus = ''\npercent = 40"),
      of_one_op("an interrupt to a CPU that is not there", Op::steer_irq("9", 7), "op = 'steer_irq'\nirq = 9\ncpu = 7"),
  };
}

}  // namespace ktstr::refused
