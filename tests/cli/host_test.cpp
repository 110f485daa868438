// SPDX-License-Identifier: Apache-2.0
//
// `ktstr run --host` on this machine: it does what it says, and leaves nothing behind, however it ends. What other
// programs do meanwhile decides no test: those that need a failure make it themselves. Needs root and a cgroup2 mount;
// skips with its reason otherwise, and fails instead where KTSTR_REQUIRE names root.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/testing/required.h"
#include "cgroup/hierarchy.h"
#include "run_ktstr.h"

namespace ktstr {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::chrono::seconds kPatience{60};

// Groups below our own that a run could have made.
std::set<std::string> groups_of_runs() {
  std::set<std::string> found;
  const auto own = own_cgroup_directory("/proc");
  if (!own) return found;
  std::error_code error;
  for (fs::recursive_directory_iterator at(*own, error), end; !error && at != end; at.increment(error))
    if (at->is_directory() && at->path().string().find("/ktstr-") != std::string::npos)
      found.insert(at->path().string());
  return found;
}

std::set<std::string> journals_of_runs() {
  std::set<std::string> found;
  std::error_code error;
  for (fs::directory_iterator at("/run/ktstr", error), end; !error && at != end; at.increment(error))
    found.insert(at->path().string());
  return found;
}

// Pids of processes, other than zombies, whose name holds `word`: a worker's begins with its cgroup's.
std::set<std::string> processes_named(const std::string& word) {
  std::set<std::string> found;
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const auto comm = read_text(at->path() / "comm");
    const auto state = read_text(at->path() / "stat");
    const bool zombie = state && state->find(") Z ") != std::string::npos;
    if (comm && !zombie && comm->find(word) != std::string::npos) found.insert(at->path().filename().string());
  }
  return found;
}

// In ns, of all of them together.
std::uint64_t cpu_time_of(const std::string& word) {
  std::uint64_t sum = 0;
  for (const std::string& pid : processes_named(word))
    sum += std::strtoull(read_text(fs::path("/proc") / pid / "schedstat").value_or("0").c_str(), nullptr, 10);
  return sum;
}

// A run cleans up after others too: less than before is fine.
std::vector<std::string> new_since(const std::set<std::string>& before, const std::set<std::string>& now) {
  std::vector<std::string> added;
  std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(added));
  return added;
}

void wait_until(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!holds() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

class HostMode : public KtstrProgram {
 protected:
  void SetUp() override {
    KtstrProgram::SetUp();
    const auto own = own_cgroup_directory("/proc");
    if (::geteuid() != 0 || !own || ::access(own->c_str(), W_OK) != 0) {
      ASSERT_FALSE(is_required("root"));
      GTEST_SKIP() << "needs root and a cgroup2 mount that is writable";
    }
    before_ = groups_of_runs();
    journals_before_ = journals_of_runs();
  }
  // The cgroup's name is the workers': unlike those of any other test.
  fs::path scenario(const std::string& more = "") const {
    return write("here.toml", more + "[[cgroup]]\nname = \"khost\"\nworkers = 2\n");
  }
  void expect_nothing_left() const {
    EXPECT_THAT(new_since(before_, groups_of_runs()), IsEmpty());
    EXPECT_THAT(new_since(journals_before_, journals_of_runs()), IsEmpty());
    EXPECT_THAT(processes_named("khost"), IsEmpty());
  }
  // A long run that has its workers.
  Subprocess started() const {
    auto process =
        Subprocess::start({.argv = {KTSTR_PROGRAM, "run", scenario().string(), "--host", "--duration", "600s"},
                           .env = {"XDG_STATE_HOME=" + path("state").string()}});
    EXPECT_TRUE(process.has_value()) << process.error().render();
    wait_until([] { return processes_named("khost").size() == 2; });
    EXPECT_EQ(processes_named("khost").size(), 2U);
    return *std::move(process);
  }
  json record_of(const Ran& ran) const {
    json record = json::parse(ran.out, nullptr, false);
    if (record.is_array() && record.size() == 1) record = record[0];
    EXPECT_TRUE(record.is_object()) << ran.out << ran.err;
    return record.is_object() ? record : json::object();
  }
  json record_of_test(const std::string& name) const {
    return record_of(run_program(KTSTR_BROKEN_BODIES, {"--filter", name, "--json"}));
  }
  // The first detail of this kind; an empty object without one.
  static json detail_of(const json& record, const std::string& kind) {
    for (const json& detail : record["details"])
      if (detail["kind"] == kind) return detail;
    ADD_FAILURE() << "no " << kind << " in " << record["details"].dump(2);
    return {{"message", ""}, {"verdict", ""}, {"cgroup", ""}};
  }
  static ExitStatus end_of(Subprocess& process) {
    const auto status = process.wait(kPatience);
    EXPECT_TRUE(status.has_value() && status->has_value());
    return status && *status ? **status : ExitStatus{};
  }

  std::set<std::string> before_, journals_before_;
};

TEST_F(HostMode, RunsAScenarioOnThisMachineAndReportsItAsAnyRun) {
  const Ran ran = run({"run", scenario().string(), "--host", "--duration", "200ms", "--seed", "4", "--json"});
  const auto record = json::parse(ran.out, nullptr, false);
  ASSERT_TRUE(record.is_object()) << ran.out << ran.err;
  EXPECT_EQ(ran.status.value, record["exit_code"]) << ran.err;
  EXPECT_EQ(record["mode"], "host");
  EXPECT_EQ(record["tuple"]["seed"], 4);
  EXPECT_EQ(record["digest"], "");
  EXPECT_EQ(record["workers"].size(), 2U);
  EXPECT_FALSE(record["marks"].empty());
  EXPECT_THAT(record["repeat_command"].get<std::string>(), HasSubstr("--host"));
  EXPECT_TRUE(fs::exists(fs::path(record["run_dir"].get<std::string>()) / "report.txt"));
  expect_nothing_left();
}

TEST_F(HostMode, AScenarioThatIsWrongForThisMachineIsTheUsersMistake) {
  write("far.toml", "[[cgroup]]\nname = \"khost\"\ncpuset = \"llc:200\"\n");
  const Ran far = run({"run", path("far.toml").string(), "--host"});
  EXPECT_EQ(far.status.value, 64) << far.err;
  EXPECT_THAT(far.err, HasSubstr("200"));
  expect_nothing_left();
}

TEST_F(HostMode, ControllersThatACgroupV1HierarchyHoldsAreNamedWithTheWayOut) {
  const auto own = own_cgroup_directory("/proc");
  const auto offered = read_text(*own / "cgroup.controllers");
  if (offered && offered->find("cpuset") != std::string::npos) GTEST_SKIP() << "cgroup2 has all controllers here";
  write("set.toml", "[[cgroup]]\nname = \"khost\"\ncpuset = \"0\"\n");
  const Ran ran = run({"run", path("set.toml").string(), "--host"});
  EXPECT_EQ(ran.status.value, 3) << ran.out;
  EXPECT_THAT(ran.out + ran.err, testing::AllOf(HasSubstr("cpuset"), HasSubstr("without --host")));
  expect_nothing_left();
}

TEST_F(HostMode, CtrlCEndsItWith130AndNothingIsLeft) {
  Subprocess process = started();
  ASSERT_TRUE(process.signal(SIGINT).has_value());
  EXPECT_EQ(end_of(process).describe(), "exited with status 130");
  expect_nothing_left();
}

TEST_F(HostMode, AfterAKillOfTheBodyItIsAFailureAndNothingIsLeft) {
  Subprocess process = started();
  const auto children = read_text(fmt::format("/proc/{0}/task/{0}/children", process.pid()));
  int body = 0;
  if (children) body = std::atoi(children->c_str());
  if (body == 0) {  // the pool's thread started it
    for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", process.pid())))
      if (const auto of_thread = read_text(task.path() / "children"); of_thread && !of_thread->empty())
        body = std::atoi(of_thread->c_str());
  }
  ASSERT_GT(body, 0);
  wait_until([] { return cpu_time_of("khost") > 50'000'000; });  // they were released
  ASSERT_EQ(::kill(body, SIGKILL), 0);
  EXPECT_EQ(end_of(process).describe(), "exited with status 1");
  expect_nothing_left();
  // What the workers had done is not lost with it.
  fs::path kept;
  for (const auto& entry : fs::recursive_directory_iterator(path("state")))
    if (entry.path().filename() == "result.json") kept = entry.path();
  const json record = json::parse(read_text(kept).value_or(""), nullptr, false);
  ASSERT_EQ(record["last_seen"].size(), 2U) << record;
  for (const json& worker : record["last_seen"]) {
    EXPECT_EQ(worker["cgroup"], "khost");
    EXPECT_GE(worker["last_checkpoint_ns"], worker["started_ns"]);
  }
}

TEST_F(HostMode, AfterAKillOfAllTheNextRunCleansUp) {
  Subprocess process = started();
  ASSERT_TRUE(process.signal(SIGKILL).has_value());
  end_of(process);
  // The kernel kills the body after its parent, and the workers after that.
  wait_until([] { return processes_named("khost").empty(); });
  EXPECT_NE(groups_of_runs(), before_) << "nothing was left, so that this test shows nothing";
  const Ran ran = run({"run", scenario().string(), "--host", "--duration", "100ms"});
  EXPECT_THAT(ran.err, HasSubstr("cleaned up after the run of process"));
  expect_nothing_left();
}

// What a body said until it went wrong is in its record.
void expect_one_step(const json& record) {
  std::vector<std::string> steps;
  for (const json& mark : record["marks"])
    if (mark["step"] == 1) steps.push_back(mark["kind"]);
  EXPECT_THAT(steps, testing::IsSupersetOf({"step_start", "step_end"}));
  ASSERT_EQ(record["workers"].size(), 2U);
  EXPECT_EQ(record["workers"][0]["cgroup"], "kbroken");
  EXPECT_GT(record["workers"][0]["work_units"], 0);
  EXPECT_EQ(record["stimuli"].size(), 1U);
}

TEST_F(HostMode, OfABodyThatCrashesTheRecordHasTheStepsAndReportsUntilThen) {
  const json record = record_of_test("crashes_after_a_step");
  EXPECT_EQ(record["verdict"], "fail");
  EXPECT_THAT(detail_of(record, "body_crashed")["message"].get<std::string>(), HasSubstr("SIGABRT"));
  expect_one_step(record);
  EXPECT_TRUE(fs::exists(fs::path(record["run_dir"].get<std::string>()) / "events.bin"));
  expect_nothing_left();
}

TEST_F(HostMode, ABodyThatCrashesAfterItsResultFailsAllTheSame) {
  const json record = record_of_test("crashes_after_its_result");
  EXPECT_EQ(record["verdict"], "fail");
  EXPECT_THAT(detail_of(record, "body_crashed")["message"].get<std::string>(), HasSubstr("did not end well"));
  expect_one_step(record);
}

TEST_F(HostMode, OfABodyThatReportsTooMuchAtOnceTheRestIsKeptAndSaysWhatIsLost) {
  const json record = record_of_test("reports_too_much_at_once");
  EXPECT_EQ(record["verdict"], "inconclusive");
  EXPECT_THAT(detail_of(record, "lost_evidence")["message"].get<std::string>(), HasSubstr("1 of the body's records"));
  expect_one_step(record);
}

TEST_F(HostMode, ABodyThatLeavesInTheMiddleOfARecordIsOneThatCrashed) {
  const json record = record_of_test("leaves_in_the_middle_of_a_record");
  EXPECT_EQ(record["verdict"], "fail");
  EXPECT_THAT(detail_of(record, "body_crashed")["message"].get<std::string>(), HasSubstr("exited with status 3"));
  expect_one_step(record);
}

TEST_F(HostMode, ABodyThatWritesWhatIsNoRecordIsEndedAndIsNoVerdict) {
  const json record = record_of_test("writes_garbage_after_a_step");
  EXPECT_EQ(record["verdict"], "infrastructure");
  EXPECT_THAT(record["error"].get<std::string>(), HasSubstr("no frame starts there"));
  expect_one_step(record);
  expect_nothing_left();
}

// The worker of nice 19 and the one of -20 have one CPU, and the first gets 15 of 88776 parts of it
// (sched_prio_to_weight in kernel/sched/core.c): after each turn of a few milliseconds it waits for ten seconds and
// more. Other programs make that longer.
TEST_F(HostMode, AWorkerThatIsRunnableAndDoesNotRunIsStalledAndNamed) {
  write("starved.toml",
        "[checks]\nmax_gap = false\n"
        "[[cgroup]]\nname = \"kstarved\"\n"
        "[[cgroup.work]]\ntype = \"SpinWait\"\nnice = -20\naffinity = \"single\"\ncomm = \"eats\"\n"
        "[[cgroup.work]]\ntype = \"SpinWait\"\nnice = 19\naffinity = \"single\"\ncomm = \"starves\"\n");
  const Ran ran = run({"run", path("starved.toml").string(), "--host", "--duration", "8s", "--json"});
  const json record = record_of(ran);
  for (const json& detail : record["details"])
    if (detail["kind"] == "note" && detail["message"].get<std::string>().find("not looked for") != std::string::npos)
      GTEST_SKIP() << detail["message"];
  EXPECT_EQ(ran.status.value, 1) << ran.err;
  const json stalled = detail_of(record, "worker_stalled");
  EXPECT_EQ(stalled["verdict"], "fail");
  EXPECT_EQ(stalled["cgroup"], "kstarved");
  EXPECT_THAT(stalled["message"].get<std::string>(),
              testing::AllOf(testing::StartsWith("starves (pid "), HasSubstr("is runnable and does not run")));
  expect_nothing_left();
}

TEST_F(HostMode, WhatFailsBesideBusyProgramsIsInconclusiveAndSaysHowBusy) {
  // More of them than CPUs, so that each CPU has one, whatever else runs.
  std::vector<Subprocess> busy;
  for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency(); ++i) {
    auto process = Subprocess::start({.argv = {"sh", "-c", "while :; do :; done"}});
    ASSERT_TRUE(process.has_value()) << process.error().render();
    busy.push_back(*std::move(process));
  }
  write("beside.toml",
        "[checks]\nmax_gap = \"1ms\"\nmax_spread_pct = false\n[[cgroup]]\nname = \"khost\"\nworkers = 2\n");
  const Ran ran = run({"run", path("beside.toml").string(), "--host", "--duration", "1s", "--json"});
  const json record = record_of(ran);
  EXPECT_EQ(ran.status.value, 2) << ran.err;
  const json stuck = detail_of(record, "stuck");
  EXPECT_EQ(stuck["verdict"], "inconclusive");
  EXPECT_THAT(stuck["message"].get<std::string>(), testing::ContainsRegex("; other programs used [0-9]+% of CPU"));
  EXPECT_GT(detail_of(record, "note")["measured"], 5);
}

}  // namespace
}  // namespace ktstr
