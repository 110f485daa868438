// SPDX-License-Identifier: Apache-2.0
//
// What the recorder sees of a real kernel: the same in each run, unnoticed by the guest, and true.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class RecorderTest : public GuestTest {
 protected:
  static ByteVector trace_of(const GuestRun& run) {
    const auto bytes = read_bytes(fs::path(run.json.at("run_dir").get<std::string>()) / "trace.bin");
    EXPECT_TRUE(bytes) << bytes.error().message();
    return bytes.value_or(ByteVector());
  }
  std::string trace_text_of(const GuestRun& run) { return trace_of(run, "--text"); }
  std::string trace_of(const GuestRun& run, const std::string& as) {
    Subprocess::Options options = command({});  // for its environment
    options.argv = {options.argv[0], "trace", run.json.at("run_dir").get<std::string>(), as};
    const auto said = run_captured(options, std::chrono::seconds(60));
    EXPECT_TRUE(said);
    return said ? said->out : "";
  }
  static int times(const std::string& text, const std::string& part) {
    int found = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
  }
  static std::string message_of(const GuestRun& run, const std::string& kind) {
    for (const auto& detail : run.json.at("details"))
      if (detail.at("kind") == kind) return detail.at("message");
    return "";
  }
};

TEST_F(RecorderTest, SeesTheSameInEachRunAndChangesNone) {
  const fs::path file = write("some.toml",
                              "duration = '50ms'\n"
                              "[[cgroup]]\nname = 'spin'\nworkers = 3\nwork = 'SpinWait'\n"
                              "[[cgroup]]\nname = 'sleep'\nworkers = 2\n"
                              "work = { type = 'Bursty', burst = '2ms', sleep = '3ms' }\n");
  const std::vector<std::pair<std::string, std::string>> machines = {
      {"1n1l1c1t", ""}, {"1n2l2c1t", fixture()}, {"1n2l8c1t", ""}};
  for (const auto& [topology, scheduler] : machines) {
    SCOPED_TRACE(topology);
    std::vector<std::string> arguments = {file.string(), "--topology", topology, "--scheduler", scheduler};
    const GuestRun first = run(arguments), second = run(arguments);
    arguments.push_back("--no-recorder");
    const GuestRun without = run(arguments);
    ASSERT_EQ(first.status, 0) << first.out << first.err;
    EXPECT_GT(first.json["trace_events"].get<std::uint64_t>(), 500u);
    EXPECT_EQ(first.json["why_no_trace"], "");
    EXPECT_EQ(without.json["trace_events"], 0);
    EXPECT_EQ(first.json["digest"], without.json["digest"]);
    EXPECT_EQ(first.json["digest"], second.json["digest"]);
    EXPECT_EQ(trace_of(first), trace_of(second));
    EXPECT_FALSE(fs::exists(fs::path(without.json["run_dir"].get<std::string>()) / "trace.bin"));
  }
}

// In real time the guest's own kernel says what it does, where it is asked to: the same story, which nobody judges.
TEST_F(RecorderTest, AGuestInRealTimeTracesItself) {
  const fs::path file =
      write("hog.toml",
            "topology = '1n1l2c1t'\nduration = '700ms'\n[checks]\nmax_gap = '300ms'\nmax_spread_pct = false\n"
            "[[cgroup]]\nname = 'victim'\nworkers = 1\ncpuset = '1'\nwork = 'SpinWait'\n"
            "[[cgroup]]\nname = 'sleep'\nworkers = 1\nwork = { type = 'Bursty', burst = '2ms', sleep = '3ms' }\n"
            "[[cgroup]]\nname = 'hog'\nworkers = 1\ncpuset = '1'\nwork = 'SpinWait'\npolicy = 'fifo:50'\n");
  const GuestRun ran = run({file.string(), "--mode", "tcg", "--trace", "--scheduler", fixture()});
  EXPECT_THAT(ran.failures(), Contains("stuck")) << ran.out << ran.err;
  EXPECT_EQ(ran.json["trace_source"], "tracefs");
  EXPECT_EQ(ran.json["why_no_trace"], "");
  EXPECT_GT(ran.json["trace_events"].get<std::uint64_t>(), 200u);
  EXPECT_THAT(ran.out, HasSubstr("explains, and is not judged"));
  EXPECT_THAT(message_of(ran, "stuck"), AllOf(HasSubstr("it may run on CPU 1; meanwhile CPU 1 ran hog/0"),
                                              HasSubstr("real-time"), HasSubstr("cause: real-time tasks")));
  const std::string text = trace_of(ran, "--json");
  for (const char* const kind : {"switch", "enqueue", "migrate", "fork", "exit", "cgroup_move", "affinity", "policy",
                                 "dsq_insert", "task_seen", "cgroup_seen"})
    EXPECT_THAT(text, HasSubstr(fmt::format(R"("kind":"{}")", kind)));
  // What they ran is what the kernel says of them, and what it took to make them.
  if (ran.json["trace_lost"] != 0) return;
  const nlohmann::json accounts = accounts_of(ran);
  for (const auto& worker : ran.json.at("workers"))
    for (const auto& task : accounts.at("tasks"))
      if (task.at("pid") == worker.at("pid")) {
        EXPECT_GE(task.at("ran_ns").get<double>() + 5e6, worker.at("cpu_time_ns").get<double>()) << worker;
      }
}

TEST_F(RecorderTest, FindsACpuThatASchedulerLeavesIdle) {
  const fs::path file = write("idle.toml",
                              "topology = '1n1l2c1t'\nduration = '400ms'\n"
                              "[[cgroup]]\nname = 'load'\nworkers = 4\nwork = 'SpinWait'\n");
  const GuestRun ran = run({file.string(), "--scheduler", fixture("--leave-idle 1")});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), Contains("work_conservation"));
  EXPECT_THAT(message_of(ran, "work_conservation"),
              AllOf(HasSubstr("CPU 1 was idle for "), HasSubstr("worker load/"), HasSubstr("CPU 1 was idle 100%"),
                    HasSubstr("the scheduler's queue 0x0"), HasSubstr("cause: the BPF scheduler")));
  const GuestRun sound = run({file.string(), "--scheduler", fixture()});
  EXPECT_EQ(sound.status, 0) << sound.out << sound.err;
}

// Each BPF function of the fixture that the kernel calls, and one of the kernel's own; the guest does not notice.
TEST_F(RecorderTest, SeesFunctionsThatAUserNames) {
  const fs::path file = write("probed.toml",
                              "topology = '1n1l2c1t'\nduration = '50ms'\n"
                              "[[cgroup]]\nname = 'sleep'\nworkers = 3\n"
                              "work = { type = 'Bursty', burst = '2ms', sleep = '3ms' }\n");
  for (const std::string kernel : {"7", "6.18"}) {
    need_kernel(kernel);
    const std::vector<std::string> base = {file.string(), "--scheduler", fixture(), "--kernel", kernel};
    std::vector<std::string> probed = base;
    probed.insert(probed.end(), {"--probe",
                                 "try_to_wake_up(p->pid, p->comm) -> ret; find_task_by_vpid -> ret->pid; bpf:* -> ret; "
                                 "bpf:no_such"});
    const GuestRun ran = run(probed), plain = run(base);
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
    EXPECT_EQ(ran.json["digest"], plain.json["digest"]) << kernel;
    EXPECT_THAT(message_of(ran, "note"), AllOf(HasSubstr("bpf:no_such"), HasSubstr("ktstr_enqueue")));
    const std::string text = trace_text_of(ran);
    for (const char* const name : {"ktstr_enqueue(", "ktstr_dispatch(", "ktstr_running(", "try_to_wake_up("})
      EXPECT_THAT(text, HasSubstr(name)) << kernel;
    // What was enqueued are tasks, by their pids: the workers are among them.
    const int pid = ran.json.at("workers").at(0).at("pid");
    EXPECT_TRUE(testing::Value(
        text, testing::ContainsRegex(fmt::format("ktstr_enqueue[(]p sleep/0\\[{}\\], enq_flags [^?)]*[)]", pid))))
        << kernel;
    // The CPU that was chosen, nothing, and whether somebody was woken.
    for (const char* const returned :
         {"ktstr_select_cpu -> 0\n", "ktstr_select_cpu -> 1\n", "ktstr_enqueue -> void\n", "try_to_wake_up -> 1\n"})
      EXPECT_THAT(text, HasSubstr(returned)) << kernel;
    EXPECT_THAT(text, HasSubstr(fmt::format("find_task_by_vpid -> {}\n", pid))) << kernel;
    EXPECT_EQ(times(text, "ktstr_select_cpu("), times(text, "ktstr_select_cpu -> ")) << kernel;
    EXPECT_EQ(times(text, "ktstr_enqueue("), times(text, "ktstr_enqueue -> ")) << kernel;
  }
}

TEST_F(RecorderTest, RefusesAFunctionThatIsNotThere) {
  const fs::path file = write("none.toml", "duration = '20ms'\n[[cgroup]]\nname = 'a'\nworkers = 1\n");
  const GuestRun unknown = run({file.string(), "--probe", "no_such_function"});
  EXPECT_NE(unknown.status, 0);
  EXPECT_THAT(unknown.err + unknown.out, HasSubstr("this kernel has no function no_such_function"));
  const GuestRun unseen = run({file.string(), "--probe", "do_exit", "--no-recorder"});
  EXPECT_NE(unseen.status, 0);
  EXPECT_THAT(unseen.err + unseen.out, HasSubstr("there is none: it was not wanted"));
}

// Two CPUs that three workers keep busy, and one scheduler after the other that is bad in one way.
TEST_F(RecorderTest, FindsATaskThatStarvesBesideItsPeers) {
  const fs::path file = write("peers.toml",
                              "topology = '1n1l2c1t'\nduration = '900ms'\n[checks]\nmax_spread_pct = false\n"
                              "[[cgroup]]\nname = 'load'\nworkers = 3\nwork = 'SpinWait'\n");
  const GuestRun starved = run({file.string(), "--scheduler", fixture("--starve load/0")});
  EXPECT_EQ(starved.status, 1) << starved.out << starved.err;
  EXPECT_THAT(message_of(starved, "starvation"),
              AllOf(HasSubstr("worker load/0 (pid "), HasSubstr("while worker load/"), HasSubstr("where both may run"),
                    HasSubstr("the scheduler's queue 0x100"), HasSubstr("cause: the BPF scheduler")));
  const GuestRun lost = run({file.string(), "--scheduler", fixture("--lose-task load/0")});
  EXPECT_EQ(lost.status, 1) << lost.out << lost.err;
  EXPECT_THAT(
      message_of(lost, "lost_task"),
      AllOf(HasSubstr("worker load/0 (pid "), HasSubstr("was in no queue that is known of for "),
            HasSubstr("no queue is known that the scheduler has put it into"), HasSubstr("cause: the BPF scheduler")));
  EXPECT_THAT(lost.failures(), Not(Contains("scheduler_stalled")));
  const GuestRun sound = run({file.string(), "--scheduler", fixture()});
  EXPECT_EQ(sound.status, 0) << sound.out << sound.err;
}

TEST_F(RecorderTest, FindsASliceWithoutEnd) {
  const fs::path file = write("slice.toml",
                              "topology = '1n1l3c1t'\nduration = '600ms'\n[checks]\nmax_spread_pct = false\n"
                              "[[cgroup]]\nname = 'a'\nworkers = 2\ncpuset = '0'\nwork = 'SpinWait'\n"
                              "[[cgroup]]\nname = 'b'\nworkers = 2\ncpuset = '1'\nwork = 'SpinWait'\n"
                              "[[cgroup]]\nname = 'c'\nworkers = 2\ncpuset = '2'\nwork = 'SpinWait'\n");
  // Where the agent or the body wakes up, the fixture gives the rest of the slice away: on two of the CPUs at most.
  const GuestRun ran = run({file.string(), "--scheduler", fixture("--slice-us 10000000")});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(message_of(ran, "max_slice"), AllOf(HasSubstr(" ran on CPU "), HasSubstr("waited for that CPU"),
                                                  HasSubstr("cause: the BPF scheduler")));
}

TEST_F(RecorderTest, FindsATaskThatIsMovedWithoutNeed) {
  const fs::path file = write("moves.toml",
                              "topology = '1n2l2c1t'\nduration = '400ms'\n"
                              "[[cgroup]]\nname = 'load'\nworkers = 1\nwork = 'SpinWait'\n");
  const GuestRun ran = run({file.string(), "--scheduler", fixture("--ping-pong")});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(message_of(ran, "ping_pong"),
              AllOf(HasSubstr("worker load/0 (pid "), HasSubstr("was taken off CPUs that had nothing else to run"),
                    HasSubstr("cause: the BPF scheduler")));
  const GuestRun sound = run({file.string(), "--scheduler", fixture()});
  EXPECT_EQ(sound.status, 0) << sound.out << sound.err;
}

TEST_F(RecorderTest, FindsNiceValuesThatAreTurnedRound) {
  const fs::path file =
      write("nice.toml",
            "topology = '1n1l2c1t'\nduration = '1100ms'\n"
            "[checks]\nmax_spread_pct = false\nweight_order = true\nweight_share = true\nmax_slice = '50ms'\n"
            "[[cgroup]]\nname = 'load'\ncpuset = '1'\n"
            "[[cgroup.work]]\ntype = 'SpinWait'\n"
            "[[cgroup.work]]\ntype = 'SpinWait'\nnice = 5\n");
  const GuestRun ran = run({file.string(), "--scheduler", fixture("--invert-nice")});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(message_of(ran, "weight_order"),
              AllOf(HasSubstr("worker load/0 (pid "), HasSubstr("worker load/1 (pid "),
                    HasSubstr("whose weight is lower"), HasSubstr("cause: the BPF scheduler")));
  const GuestRun equal = run({file.string(), "--scheduler", fixture("--ignore-nice")});
  EXPECT_EQ(equal.status, 1) << equal.out << equal.err;
  EXPECT_THAT(message_of(equal, "weight_share"),
              AllOf(HasSubstr("worker load/0 (pid "), HasSubstr("where its weight entitles it to"),
                    HasSubstr("worker load/1 (pid "), HasSubstr("cause: the BPF scheduler")));
  for (const std::string& scheduler : {std::string(), fixture()}) {
    const GuestRun sound = run({file.string(), "--scheduler", scheduler});
    EXPECT_EQ(sound.status, 0) << sound.out << sound.err;
    EXPECT_THAT(sound.out, HasSubstr("weight_order: compared ")) << "nothing was compared";
    EXPECT_THAT(sound.out, HasSubstr("weight_share: compared ")) << "nothing was compared";
    if (scheduler.empty()) continue;
    const std::string both = write("both.pftrace", "").string();
    Subprocess::Options options = command({});  // for its environment
    options.argv = {KTSTR_PROGRAM, "trace", equal.json.at("run_dir"), "--beside", sound.json.at("run_dir"), "-o", both};
    const auto beside = run_captured(options, std::chrono::seconds(60));
    ASSERT_TRUE(beside);
    EXPECT_TRUE(beside->status.success()) << beside->err;
    EXPECT_GT(fs::file_size(both), 10'000u);
  }
}

TEST_F(RecorderTest, NamesARealTimeTaskAsTheCause) {
  const fs::path file =
      write("hog.toml",
            "topology = '1n1l2c1t'\nduration = '700ms'\n[checks]\nmax_gap = '300ms'\nmax_spread_pct = false\n"
            "[[cgroup]]\nname = 'victim'\nworkers = 1\ncpuset = '1'\nwork = 'SpinWait'\n"
            "[[cgroup]]\nname = 'hog'\nworkers = 1\ncpuset = '1'\nwork = 'SpinWait'\npolicy = 'fifo:50'\n");
  const GuestRun ran = run({file.string()});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(message_of(ran, "stuck"), AllOf(HasSubstr("real-time"), HasSubstr("cause: real-time tasks")));
}

// Of a task that a quota keeps off nobody says that it waits for a CPU.
TEST_F(RecorderTest, KnowsWhatAQuotaKeepsOff) {
  const fs::path file = write("quota.toml",
                              "topology = '1n1l2c1t'\nduration = '400ms'\n[checks]\nmax_spread_pct = false\n"
                              "[[cgroup]]\nname = 'limited'\nworkers = 1\nwork = 'SpinWait'\ncpu_quota_pct = 10\n");
  for (const std::string kernel : {"7", "6.18", "6.12"}) {
    need_kernel(kernel);
    const GuestRun ran = run({file.string(), "--kernel", kernel});
    EXPECT_EQ(ran.status, 0) << kernel << ran.out << ran.err;
    const int pid = ran.json.at("workers").at(0).at("pid");
    double kept_off = 0, ran_ns = 0;
    const nlohmann::json accounts = accounts_of(ran);
    for (const auto& task : accounts.at("tasks")) {
      if (task.at("pid") != pid) continue;
      kept_off = task.at("kept_off_ns").get<double>();
      ran_ns = task.at("ran_ns").get<double>();
    }
    EXPECT_GT(kept_off, 250e6) << kernel;
    EXPECT_LT(ran_ns, 80e6) << kernel;
    EXPECT_THAT(ran.out, HasSubstr("bandwidth: of 1 quotas")) << kernel;
  }
}

// From 6.18 on a task that is in a system call runs on when its quota is used up.
TEST_F(RecorderTest, ALongSystemCallIsNoBreachOfAQuota) {
  const fs::path file = write("call.toml",
                              "topology = '1n1l2c1t'\nduration = '900ms'\n"
                              "[[payload]]\nname = 'dd'\nprogram = 'dd'\n"
                              "args = ['if=/dev/zero', 'of=/dev/null', 'bs=4M', 'count=1']\n"
                              "[[backdrop.cgroup]]\nname = 'limited'\ncpu_max = '10000 100000'\n"
                              "[[step]]\nhold = 'full'\n"
                              "[[step.op]]\nop = 'run_payload'\npayload = 'dd'\ncgroup = 'limited'\n");
  for (const std::string kernel : {"7", "6.18"}) {
    need_kernel(kernel);
    const GuestRun ran = run({file.string(), "--kernel", kernel});
    EXPECT_EQ(ran.status, 0) << kernel << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("bandwidth: of 1 quotas")) << kernel;
  }
}

// The fixture has nothing to do with cpu.max, which the kernel then does not enforce.
TEST_F(RecorderTest, FindsAQuotaThatASchedulerIgnores) {
  const std::string head = "topology = '1n1l2c1t'\nduration = '400ms'\n[checks]\nmax_spread_pct = false\n",
                    cgroup = "[[cgroup]]\nname = 'limited'\nworkers = 1\nwork = 'SpinWait'\ncpu_quota_pct = 10\n";
  for (const std::string kernel : {"7", "6.18"}) {
    need_kernel(kernel);
    const std::vector<std::string> how = {"--kernel", kernel, "--scheduler", fixture()};
    std::vector<std::string> arguments = {write("asked.toml", head + "bandwidth = true\n" + cgroup).string()};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const GuestRun asked = run(arguments);
    EXPECT_EQ(asked.status, 1) << asked.out << asked.err;
    EXPECT_THAT(asked.failures(), testing::ElementsAre("bandwidth"));
    EXPECT_THAT(message_of(asked, "bandwidth"),
                AllOf(HasSubstr("limited, with worker limited/0 (pid "), HasSubstr("more than its quota is"),
                      HasSubstr("cause: the BPF scheduler")));
    arguments[0] = write("not_asked.toml", head + cgroup).string();
    const GuestRun not_asked = run(arguments);
    EXPECT_EQ(not_asked.status, 0) << not_asked.out << not_asked.err;
  }
}

TEST_F(RecorderTest, FindsOneQueueThatIsServedByOneCpuAtATime) {
  const fs::path file = write("hot.toml",
                              "topology = '1n1l4c1t'\nduration = '400ms'\n[checks]\nmax_queue_depth = 4\n"
                              "[[cgroup]]\nname = 'load'\nworkers = 8\nwork = 'SpinWait'\n");
  const GuestRun ran = run({file.string(), "--scheduler", fixture("--hot-queue")});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(message_of(ran, "work_conservation"),
              AllOf(HasSubstr("while worker load/"), HasSubstr("the scheduler's queue 0x502"),
                    HasSubstr("cause: the BPF scheduler")));
  EXPECT_THAT(message_of(ran, "queue_depth"),
              AllOf(HasSubstr("the scheduler's queue 0x502 had up to "), HasSubstr(" tasks"), HasSubstr("(limit 4)")));
}

}  // namespace
}  // namespace ktstr
