// SPDX-License-Identifier: Apache-2.0
//
// A kept run, replayed: after its scheduler is gone, on a machine that only has a copy of the run's directory, and with
// what is there now.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <thread>

#include "guests.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

class Replay : public GuestTest {
 protected:
  fs::path scheduler() const { return state_dir() / "bin/scx_ktstr"; }
  // A run that crashes, of a scheduler that the test may remove.
  GuestRun crash() {
    fs::create_directories(scheduler().parent_path());
    fs::copy_file(KTSTR_FIXTURE_SCHEDULER, scheduler());
    return run({example("two_cgroups.toml"), "--topology", "1n2l1c1t", "--scheduler",
                scheduler().string() + " --crash-after 300"});
  }
};

TEST_F(Replay, DoesTheSameAfterTheSchedulerIsGoneAndElsewhere) {
  const GuestRun first = crash();
  ASSERT_EQ(first.status, 1) << first.out << first.err;
  const std::string id = first.json["id"];
  EXPECT_EQ(first.json["replay_command"], "ktstr replay " + id);
  fs::rename(scheduler().parent_path(), state_dir() / "elsewhere");

  const GuestRun again = replay({"last"});
  EXPECT_EQ(again.status, 1) << again.out << again.err;
  EXPECT_EQ(again.json["replay_of"], id);
  EXPECT_EQ(again.json["same_digest"], true) << again.out;
  EXPECT_EQ(again.json["recorded_digest"], first.json["digest"]);
  EXPECT_EQ(again.json["differences"].size(), 0u);
  const auto& replayed = again.json["runs"][0];
  EXPECT_EQ(replayed["replay_of"], id);
  EXPECT_EQ(replayed["tuple"], first.json["tuple"]);
  EXPECT_EQ(replayed["details"], first.json["details"]);

  // As on another machine: nothing but a copy of the run's directory.
  const fs::path other = state_dir() / "other";
  fs::create_directories(other);
  fs::copy(first.json["run_dir"].get<std::string>(), other / "run", fs::copy_options::recursive);
  const GuestRun there =
      replay({(other / "run").string(), "--with", "console,events"}, {"XDG_STATE_HOME=" + (other / "state").string()});
  EXPECT_EQ(there.status, 1) << there.out << there.err;
  EXPECT_EQ(there.json["same_digest"], true) << there.out;
  EXPECT_EQ(there.json["runs"][0]["perturbed"].size(), 0u);
  EXPECT_THAT(there.json["runs"][0]["events"].get<std::string>(), HasSubstr("scheduler: attached"));
}

TEST_F(Replay, StopsWhereItIsToldAndShowsTheKernelToGdb) {
  const GuestRun first = crash();
  ASSERT_EQ(first.status, 1) << first.out << first.err;
  // It stands still until its standard input gives a line.
  int input[2];
  ASSERT_EQ(::pipe2(input, O_CLOEXEC), 0);
  const Fd input_read(input[0]);
  const Fd input_write(input[1]);
  const fs::path out = state_dir() / "until.out";
  const auto out_fd = open_file(out, O_WRONLY | O_CREAT | O_TRUNC);
  ASSERT_TRUE(out_fd);
  Subprocess::Options options = command({});
  options.argv = {KTSTR_PROGRAM, "replay", "last", "--until", "fail-20ms", "--gdb", "--json"};
  options.stdin_fd = input_read.get();
  options.stdout_fd = out_fd->get();
  auto replaying = Subprocess::start(options);
  ASSERT_TRUE(replaying);
  nlohmann::json stopped;
  for (int i = 0; i < 600 && !stopped.is_object(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stopped = nlohmann::json::parse(*read_text(out), nullptr, false);
  }
  ASSERT_TRUE(stopped.is_object()) << *read_text(out);
  const auto at = stopped["stopped_at_ns"].get<std::int64_t>(), asked = stopped["asked_for_ns"].get<std::int64_t>();
  EXPECT_GE(at, asked);
  EXPECT_LT(at, asked + 40'000'000);
  EXPECT_TRUE(fs::exists(stopped["memory"][0].get<std::string>()));
  if (const auto gdb = find_program("gdb")) {
    const auto said = run_captured({.argv = {gdb->string(), "-nx", "-batch", "-x",
                                             stopped["gdb_script"].get<std::string>(), "-ex", "info symbol schedule"}},
                                   std::chrono::seconds(60));
    ASSERT_TRUE(said);
    EXPECT_THAT(said->out, HasSubstr("schedule in section .text"));
  }
  ASSERT_EQ(::write(input_write.get(), "\n", 1), 1);
  const auto status = replaying->wait(std::chrono::seconds(30));
  ASSERT_TRUE(status && *status);
  EXPECT_TRUE((*status)->success()) << (*status)->describe();
}

TEST_F(Replay, ShowsVariablesOfTheKernelOfTasksAndOfTheScheduler) {
  const GuestRun first =
      run({example("two_cgroups.toml"), "--duration", "200ms", "--topology", "1n2l1c1t", "--scheduler", fixture()});
  ASSERT_EQ(first.status, 0) << first.out << first.err;
  const int pid = first.json["workers"][0]["pid"];
  const std::string task = fmt::format("task[{}].comm", pid);
  const GuestRun shown =
      replay({"last", "--until", "100ms", "--show", "runqueues.nr_running", "--show", task, "--show",
              "runqueues[0].curr->pid", "--show", "bpf:config.slice_ns", "--show", "bpf:cpu_states[1]"});
  ASSERT_EQ(shown.status, 0) << shown.out << shown.err;
  const nlohmann::json values = shown.json["shown"];
  ASSERT_EQ(values[0]["value"].size(), 2U) << shown.out;
  EXPECT_GE(values[0]["value"][0].get<int>() + values[0]["value"][1].get<int>(), 2) << "its workers";
  EXPECT_EQ(values[1]["value"], fmt::format("{}/{}", first.json["workers"][0]["cgroup"].get<std::string>(),
                                            first.json["workers"][0]["index"].get<int>()));
  EXPECT_TRUE(values[2]["value"].is_number());
  EXPECT_EQ(values[3]["value"], 5'000'000);
  EXPECT_EQ(values[4]["value"]["offline"], false);

  const GuestRun none = replay({"last", "--until", "100ms", "--show", "bpf:nothing", "--show", "nr_threads"});
  EXPECT_EQ(none.status, 64);
  EXPECT_THAT(none.out, HasSubstr("it has config"));
}

TEST_F(Replay, TakesWhatIsThereNowAndSaysWhatHasChanged) {
  const GuestRun first = crash();
  ASSERT_EQ(first.status, 1) << first.out << first.err;
  fs::remove(scheduler());
  const GuestRun refused = replay({"last", "--current"});
  EXPECT_EQ(refused.status, 64) << refused.out;
  EXPECT_THAT(refused.err, HasSubstr(scheduler().string()));

  ASSERT_TRUE(write_atomically(scheduler(), as_byte_span("#!/bin/sh\nexit 1\n"), 0755));
  const GuestRun now = replay({"last", "--current"});
  EXPECT_EQ(now.status, 1) << now.out << now.err;
  std::vector<std::string> changed;
  for (const auto& input : now.json["changed_inputs"]) changed.push_back(input["input"]);
  EXPECT_THAT(changed, testing::Contains("/ktstr/bin/scx_ktstr"));
  const auto& run = now.json["runs"][0];
  EXPECT_EQ(run["same_digest"], false);
  for (const auto& detail : run["details"]) EXPECT_NE(detail["kind"], "not_repeatable");
}

}  // namespace
}  // namespace ktstr
