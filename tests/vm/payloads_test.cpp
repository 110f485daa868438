// SPDX-License-Identifier: Apache-2.0
//
// Real programs as payloads, in a cgroup and outside: their numbers, their checks, and that all their processes end
// with the step.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A program in the two ways in which scenarios use it: to its end, and without an end.
struct Program {
  std::string name;
  std::string ends, goes_on;  // `program`, `args` and what else says how it is run
  std::string metrics;        // [[payload.metric]] tables
  std::string checks;         // [[payload.check]] tables that hold for a run to the end
  std::string failing_check;
};

// How the processes of the guest are counted that a payload may have left behind: all whose name begins like its own.
constexpr const char* kCountLeft = R"(
[[payload]]
name = 'left'
program = 'sh'
args = ['-c', '''
n=0
for process in /proc/[0-9]*; do
  read -r name 2>/dev/null <$process/comm || continue
  case $name in NAME*) n=$((n + 1)) ;; esac
done
echo "{\"left\": $n}"
''']
output = 'json'
[[payload.metric]]
name = 'left'
[[payload.check]]
kind = 'max'
metric = 'left'
value = 0
)";

constexpr const char* kSteps = R"(
[backdrop]
[[backdrop.cgroup]]
name = 'bench'
cpu_weight = 50
work = { type = 'Bursty', burst = '1ms', sleep = '4ms' }
[[backdrop.op]]
op = 'run_payload'
payload = 'goes_on'
cgroup = 'bench'

[[step]]
name = 'to its end, in a cgroup, beside one that goes on'
hold = '5ms'
[[step.op]]
op = 'run_payload'
payload = 'good'
cgroup = 'bench'
[[step.op]]
op = 'wait_payload'
payload = 'good'

[[step]]
name = 'killed by an op; to its end without a cgroup'
hold = '5ms'
[[step.op]]
op = 'kill_payload'
payload = 'goes_on'
[[step.op]]
op = 'run_payload'
payload = 'bad'
[[step.op]]
op = 'wait_payload'
payload = 'bad'

[[step]]
name = 'killed by the end of the step'
hold = '60ms'
[[step.op]]
op = 'run_payload'
payload = 'goes_on'

[[step]]
name = 'what is left'
hold = '5ms'
[[step.op]]
op = 'capture_cgroup_procs'
tag = 'left'
cgroup = 'bench'
[[step.op]]
op = 'run_payload'
payload = 'left'
[[step.op]]
op = 'wait_payload'
payload = 'left'
)";

std::string scenario(const Program& program) {
  std::string count = kCountLeft;
  count.replace(count.find("NAME"), 4, program.name);
  const std::string good = program.ends + program.metrics + program.checks;
  return "topology = '1n1l2c1t'\nduration = '20s'\n[checks]\nmax_spread_pct = false\n[[payload]]\nname = 'good'\n" +
         good + "[[payload]]\nname = 'bad'\n" + good + program.failing_check + "[[payload]]\nname = 'goes_on'\n" +
         program.goes_on + program.metrics + count + kSteps;
}

json metric_of(const json& payload, const std::string& name) {
  for (const json& metric : payload.at("metrics"))
    if (metric.at("name") == name) return metric;
  return json();
}

class Payloads : public GuestTest {
 protected:
  // Skips, or fails under KTSTR_REQUIRE=vm, where it is not installed.
  std::string need_program(const std::string& name) {
    const auto found = find_program(name);
    if (found) return found->string();
    skip_or_fail("vm", name + " is not installed; `./dev.sh setup` installs it");
    return {};
  }

  // What holds for every program: in which order its runs end, and which of them were killed.
  void run_all_ways(const Program& program) {
    ran_ = run({write(program.name + ".toml", scenario(program)).string()});
    ASSERT_EQ(ran_.status, 1) << ran_.out << ran_.err;
    std::vector<std::string> ends;
    for (const json& payload : ran_.json["payloads"])
      ends.push_back(payload["name"].get<std::string>() + " in '" + payload["cgroup"].get<std::string>() + "' " +
                     (payload["killed"] == true ? "killed" : payload["exit"].get<std::string>()));
    EXPECT_THAT(
        ends, ElementsAre("good in 'bench' exited with status 0", "goes_on in 'bench' killed",
                          "bad in '' exited with status 0", "goes_on in '' killed", "left in '' exited with status 0"))
        << ran_.out;
    EXPECT_EQ(metric_of(payload(4), "left")["value"], 0);
    EXPECT_EQ(ran_.json["captures"][0]["pids"].size(), 1u) << "the worker alone is in the cgroup";
    EXPECT_EQ(ran_.failures(), std::vector<std::string>{"payload"}) << "the one check that does not hold";
  }
  json payload(std::size_t index) const { return ran_.json.at("payloads").at(index); }
  std::string failure() const {
    for (const json& detail : ran_.json.at("details"))
      if (detail.at("verdict") == "fail") return detail.at("message");
    return {};
  }

  GuestRun ran_;
};

TEST_F(Payloads, StressNgIsJudgedByItsExitAndItsNoiseIsNoJson) {
  need_program("stress-ng");
  if (IsSkipped() || HasFatalFailure()) return;
  run_all_ways({.name = "stress-ng",
                .ends = "program = 'stress-ng'\nargs = ['--cpu', '2', '--cpu-method', 'gcd', '--cpu-ops', '4']\n"
                        "output = 'json'\n",
                .goes_on = "program = 'stress-ng'\nargs = ['--cpu', '2', '--cpu-method', 'gcd']\noutput = 'json'\n",
                .metrics = "[[payload.metric]]\nname = 'bogo_ops'\n",
                .checks = "[[payload.check]]\nkind = 'exit_code'\ncode = 0\n",
                .failing_check = "[[payload.check]]\nkind = 'exists'\nmetric = 'bogo_ops'\n"});
  EXPECT_THAT(failure(), HasSubstr("bogo_ops is missing"));
}

TEST_F(Payloads, FioGivesItsNumbers) {
  need_program("fio");
  if (IsSkipped() || HasFatalFailure()) return;
  const std::string job =
      "program = 'fio'\noutput = 'json'\n"
      "args = ['--name=job', '--filename=/tmp/fio', '--rw=write', '--size=256k', '--output-format=json'";
  run_all_ways({.name = "fio",
                .ends = job + "]\n",
                .goes_on = job + ", '--time_based', '--runtime=1h']\n",
                .metrics = "[[payload.metric]]\nname = 'write_iops'\npath = 'jobs.0.write.iops'\npolarity = 'higher'\n"
                           "unit = 'IOPS'\n",
                .checks = "[[payload.check]]\nkind = 'exit_code'\ncode = 0\n"
                          "[[payload.check]]\nkind = 'exists'\nmetric = 'write_iops'\n"
                          "[[payload.check]]\nkind = 'min'\nmetric = 'write_iops'\nvalue = 1\n",
                .failing_check = "[[payload.check]]\nkind = 'max'\nmetric = 'write_iops'\nvalue = 0.5\n"});
  const json iops = metric_of(payload(0), "write_iops");
  EXPECT_GT(iops["value"], 1);
  EXPECT_EQ(iops["polarity"], "higher");
  EXPECT_EQ(iops["unit"], "IOPS");
  EXPECT_THAT(failure(), HasSubstr("write_iops <= 0.5 does not hold"));
  EXPECT_THAT(failure(), HasSubstr("IOPS"));
}

// Hackbench prints no JSON: a line of shell makes it, and so hackbench itself is an included file.
TEST_F(Payloads, HackbenchInsideOfAScriptIsMeasured) {
  const std::string hackbench = need_program("hackbench");
  if (IsSkipped() || HasFatalFailure()) return;
  const auto script = [&](const std::string& loops) {
    return "program = 'sh'\ninclude = ['" + hackbench + "']\noutput = 'json'\nargs = ['-c', '''\n" + hackbench +
           " -g 1 -f 2 -s 64 -l " + loops +
           " | while read -r key value; do\n  [ $key = Time: ] && echo \"{\\\"seconds\\\": $value}\"\ndone\n''']\n";
  };
  run_all_ways({.name = "hackbench",
                .ends = script("20"),
                .goes_on = script("100000000"),
                .metrics = "[[payload.metric]]\nname = 'seconds'\npolarity = 'lower'\nunit = 's'\n",
                .checks = "[[payload.check]]\nkind = 'range'\nmetric = 'seconds'\nlow = 0\nhigh = 10\n",
                .failing_check = "[[payload.check]]\nkind = 'min'\nmetric = 'seconds'\nvalue = 100\n"});
  EXPECT_EQ(metric_of(payload(0), "seconds")["polarity"], "lower");
  EXPECT_THAT(failure(), HasSubstr("seconds >= 100 does not hold"));
}

TEST_F(Payloads, ABenchmarkThatIsKilledKeepsTheNumbersThatItHasPrinted) {
  const std::string bench = "program = '" + std::string(KTSTR_WAKE_BENCH) + "'\noutput = 'json'\n";
  run_all_ways({.name = "wake_bench",
                .ends = bench + "args = ['30']\n",
                .goes_on = bench,
                .metrics =
                    "[[payload.metric]]\nname = 'wakeups'\npolarity = 'higher'\n"
                    "[[payload.metric]]\nname = 'p99'\npath = 'latency_us.p99'\npolarity = 'lower'\nunit = 'us'\n",
                .checks = "[[payload.check]]\nkind = 'range'\nmetric = 'wakeups'\nlow = 30\nhigh = 30\n"
                          "[[payload.check]]\nkind = 'max'\nmetric = 'p99'\nvalue = 1000000\n",
                .failing_check = "[[payload.check]]\nkind = 'exit_code'\ncode = 7\n"});
  EXPECT_EQ(metric_of(payload(0), "wakeups")["value"], 30);
  for (const std::size_t killed : {1u, 3u}) {
    EXPECT_GE(metric_of(payload(killed), "wakeups")["value"], 20) << ran_.out;
    EXPECT_EQ(metric_of(payload(killed), "p99")["unit"], "us");
  }
  EXPECT_THAT(failure(), HasSubstr("exit code 7 does not hold: it exited with status 0"));
}

}  // namespace
}  // namespace ktstr
