// SPDX-License-Identifier: Apache-2.0
#include "payload/payload_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/system/process.h"

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

Payload shell(std::string script) { return Payload::program("p", "/bin/sh").args({"-c", std::move(script)}); }

PayloadProcess started(const Payload& payload, std::vector<std::string> args = {}) {
  auto process = PayloadProcess::start(
      {.payload = &payload, .args = std::move(args), .step = 3, .search_path = {"/usr/bin", "/bin"}});
  if (!process) throw std::runtime_error(process.error().render());
  return *std::move(process);
}

PayloadReport report_of(PayloadProcess process) {
  auto report = process.wait(60s);
  if (!report || !*report) throw std::runtime_error("no report");
  return **std::move(report);
}
PayloadReport report_of(const Payload& payload) { return report_of(started(payload)); }

std::string start_error(const Payload& payload, std::vector<std::string> args = {}) {
  const auto process = PayloadProcess::start({.payload = &payload, .args = std::move(args)});
  return process ? "started" : process.error().render();
}

// Through which a payload says that it has come somewhere.
class Fifo {
 public:
  Fifo() : dir_(*TempDir::create(fs::temp_directory_path(), "ktstr-payload")), path_(dir_.path() / "fifo") {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
  }
  const std::string path() const { return path_.string(); }
  // Waits until a process has written one line.
  std::string line() const {
    const Fd fd = *open_file(path_, O_RDONLY);
    std::string text;
    for (char c = 0; ::read(fd.get(), &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }

 private:
  TempDir dir_;
  fs::path path_;
};

bool exists(int pid) { return ::kill(pid, 0) == 0; }

TEST(PayloadProcess, ReportsHowItsProgramEnded) {
  const PayloadReport report = report_of(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(report.name, "p");
  EXPECT_EQ(report.step, 3);
  EXPECT_EQ(report.exit, "exited with status 3");
  EXPECT_EQ(report.exit_code, 3);
  EXPECT_FALSE(report.killed);
  EXPECT_EQ(report.output_tail, "out\nerr");
}

TEST(PayloadProcess, GivesTheArgumentsOfTheOpBehindItsOwn) {
  const Payload payload = Payload::program("p", "printf").args({"%s,", "a"});
  EXPECT_EQ(report_of(started(payload, {"b c", ""})).output_tail, "a,b c,,");
}

TEST(PayloadProcess, TakesMetricsFromWhatItPrinted) {
  const PayloadReport report = report_of(shell("echo banner; echo '{\"iops\": 12}'")
                                             .output(Payload::Output::kJson)
                                             .metric({.name = "iops"})
                                             .metric({.name = "bw"}));
  ASSERT_EQ(report.metrics.size(), 1u);
  EXPECT_EQ(report.metrics[0].value, 12);
  EXPECT_THAT(report.missing, ElementsAre(HasSubstr("bw: no 'bw'")));
}

TEST(PayloadProcess, GivesNoReportWhileItRunsAndTheSameOneEverAfter) {
  PayloadProcess process = started(Payload::program("p", "sleep").args({"600"}));
  EXPECT_FALSE(process.exited());
  const auto running = process.wait(0ns);
  ASSERT_TRUE(running);
  EXPECT_FALSE(running->has_value());
  const auto killed = process.kill();
  ASSERT_TRUE(killed) << killed.error().render();
  EXPECT_TRUE(killed->killed);
  EXPECT_EQ(killed->exit, "killed by signal 9 (SIGKILL)");
  EXPECT_EQ(killed->exit_code, -1);
  EXPECT_TRUE(process.exited());
  EXPECT_EQ((*process.wait({}))->pid, killed->pid);
  EXPECT_EQ(process.kill()->wall_time_ns, killed->wall_time_ns);
}

TEST(PayloadProcess, RecordsMetricsOfOneThatIsKilled) {
  const Fifo fifo;
  PayloadProcess process = started(shell("echo '{\"n\": 7}'; echo ready > " + fifo.path() + "; exec sleep 600")
                                       .output(Payload::Output::kJson)
                                       .metric({.name = "n"}));
  ASSERT_EQ(fifo.line(), "ready");
  const auto report = process.kill();
  ASSERT_TRUE(report) << report.error().render();
  ASSERT_EQ(report->metrics.size(), 1u);
  EXPECT_EQ(report->metrics[0].value, 7);
}

TEST(PayloadProcess, IsNotCalledKilledWhenItHadEndedBefore) {
  PayloadProcess process = started(shell("exit 4"));
  pollfd end{process.pidfd().get(), POLLIN, 0};
  ASSERT_EQ(::poll(&end, 1, 60'000), 1);
  EXPECT_TRUE(process.exited());
  const auto report = process.kill();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->killed);
  EXPECT_EQ(report->exit_code, 4);
}

TEST(PayloadProcess, DistinguishesASignalOfItsOwnFromTheScenarios) {
  const PayloadReport report = report_of(shell("kill -KILL $$"));
  EXPECT_FALSE(report.killed);
  EXPECT_EQ(report.exit, "killed by signal 9 (SIGKILL)");
}

TEST(PayloadProcess, LeadsASessionAndAGroupOfItsOwn) {
  const PayloadProcess process = started(Payload::program("p", "sleep").args({"600"}));
  EXPECT_EQ(::getsid(process.pid()), process.pid());
  EXPECT_EQ(::getpgid(process.pid()), process.pid());
}

TEST(PayloadProcess, EndsWithEveryProcessThatItMade) {
  const Fifo fifo;
  PayloadProcess process = started(shell(
      "sleep 600 & a=$!; setsid sleep 600 & b=$!; env -i setsid sleep 600 & d=$!; (setsid sleep 600 & echo $! > " +
      fifo.path() + ".pid); read c < " + fifo.path() + ".pid; echo $a $b $c $d > " + fifo.path() + "; wait"));
  int a = 0, b = 0, c = 0, d = 0;
  ASSERT_EQ(std::sscanf(fifo.line().c_str(), "%d %d %d %d", &a, &b, &c, &d), 4);
  ASSERT_TRUE(process.kill());
  for (const int pid : {process.pid(), a, b, c, d}) EXPECT_FALSE(exists(pid)) << pid;
}

TEST(PayloadProcess, KillsWhatItLeavesBehindWhenItEndsByItself) {
  const PayloadReport report = report_of(shell("setsid sleep 600 & sleep 600 & echo $!; exit 0"));
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_FALSE(exists(std::stoi(report.output_tail))) << report.output_tail;
}

// Nothing that it has of its own tells whose it is: its session, environment and parent are others.
std::string daemon_that_says_its_pid(const Fifo& fifo) {
  return "(env -i setsid /bin/sh -c 'echo $$ > " + fifo.path() + "; exec sleep 600' &); ";
}

TEST(PayloadProcess, EndsADaemonThatLeftItsSessionAndItsEnvironment) {
  const Fifo fifo;
  PayloadProcess process = started(shell(daemon_that_says_its_pid(fifo) + "exec sleep 600"));
  const int daemon = std::stoi(fifo.line());
  EXPECT_TRUE(exists(daemon));
  ASSERT_TRUE(process.kill());
  EXPECT_FALSE(exists(daemon)) << daemon;
}

TEST(PayloadProcess, EndsADaemonThatItLeavesBehindAndNoProcessOfOurOwn) {
  const Fifo fifo;
  const auto ours = Subprocess::start({.argv = {"sleep", "600"}, .clear_env = true});
  ASSERT_TRUE(ours) << ours.error().render();
  PayloadProcess process = started(shell(daemon_that_says_its_pid(fifo) + "exit 3"));
  const auto later = Subprocess::start({.argv = {"sleep", "600"}, .clear_env = true});
  ASSERT_TRUE(later) << later.error().render();
  const int daemon = std::stoi(fifo.line());
  EXPECT_EQ(report_of(std::move(process)).exit_code, 3);
  EXPECT_FALSE(exists(daemon)) << daemon;
  for (const auto* child : {&*ours, &*later})
    EXPECT_EQ(::waitpid(child->pid(), nullptr, WNOHANG), 0) << "it still runs";
}

// The daemon of the later one began after both.
TEST(PayloadProcess, EndsADaemonOfAnotherPayloadOnlyWithThat) {
  const Fifo fifo;
  PayloadProcess first = started(Payload::program("p", "sleep").args({"600"}));
  sleep_for(50ms);  // /proc knows starts to the 1/100 s
  PayloadProcess second = started(shell(daemon_that_says_its_pid(fifo) + "exec sleep 600"));
  const int daemon = std::stoi(fifo.line());
  ASSERT_TRUE(first.kill());
  EXPECT_TRUE(exists(daemon));
  EXPECT_TRUE(exists(second.pid()));
  ASSERT_TRUE(second.kill());
  EXPECT_FALSE(exists(daemon));
}

TEST(PayloadProcess, DiesWithoutAReportWhenItIsDropped) {
  int pid = 0;
  {
    PayloadProcess moved = started(Payload::program("p", "sleep").args({"600"}));
    pid = moved.pid();
    const PayloadProcess process = std::move(moved);
    EXPECT_TRUE(exists(pid));
  }
  EXPECT_FALSE(exists(pid));
}

TEST(PayloadProcess, EndsTheOneThatAnotherIsAssignedTo) {
  const Payload sleep = Payload::program("p", "sleep").args({"600"});
  PayloadProcess process = started(sleep), other = started(sleep);
  const int first = process.pid(), second = other.pid();
  process = std::move(other);
  EXPECT_FALSE(exists(first));
  EXPECT_TRUE(exists(second));
}

TEST(PayloadProcess, LeavesTheDispositionOfSigchldAlone) {
  static volatile sig_atomic_t seen = 0;
  struct sigaction ours {
  }, before{}, after{};
  ours.sa_handler = [](int) { seen = seen + 1; };
  ASSERT_EQ(::sigaction(SIGCHLD, &ours, &before), 0);
  const PayloadReport report = report_of(shell("exit 5"));
  ASSERT_EQ(::sigaction(SIGCHLD, &before, &after), 0);
  EXPECT_EQ(after.sa_handler, ours.sa_handler);
  EXPECT_EQ(report.exit_code, 5);
  EXPECT_GE(seen, 1);
}

TEST(PayloadProcess, HasDefaultSignalsAndNoFileOfOurs) {
  const auto previous = ::signal(SIGTERM, SIG_IGN);
  const Fd open(::dup(0));
  PayloadProcess process = started(shell("ls /proc/$$/fd; kill -TERM $$; echo alive"));
  ::signal(SIGTERM, previous);
  const PayloadReport report = report_of(std::move(process));
  EXPECT_EQ(report.exit, "killed by signal 15 (SIGTERM)");
  EXPECT_EQ(report.output_tail, "0\n1\n2");
}

TEST(PayloadProcess, IsOrdinaryAndAnywhereAlthoughWeAreNot) {
  const Payload payload = Payload::program("p", find_program("sleep")->string()).args({"600"});
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  const sched_param highest{.sched_priority = 1}, none{};
  const bool real_time = ::sched_setscheduler(0, SCHED_FIFO, &highest) == 0;
  auto process = PayloadProcess::start({.payload = &payload});
  if (real_time) {
    ASSERT_EQ(::sched_setscheduler(0, SCHED_OTHER, &none), 0);
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
  ASSERT_TRUE(process) << process.error().render();
  EXPECT_EQ(::sched_getscheduler(process->pid()), SCHED_OTHER);
  cpu_set_t its;
  ASSERT_EQ(::sched_getaffinity(process->pid(), sizeof its, &its), 0);
  EXPECT_GE(CPU_COUNT(&its), CPU_COUNT(&before));
  EXPECT_TRUE(real_time || ::geteuid() != 0) << "the test was not made from a real-time process";
}

TEST(PayloadProcess, SaysWhichLimitItsOutputCameTo) {
  const PayloadReport report = report_of(shell("exec yes 0123456789").file_limit(4096));
  EXPECT_THAT(report.exit, HasSubstr("SIGXFSZ): its stdout came to the limit of 4 KiB (Payload::file_limit)"));
}

TEST(PayloadProcess, SaysWhenAnotherOfItsFilesCameToTheLimit) {
  const Fifo place;
  const PayloadReport report = report_of(shell("exec yes > " + place.path() + ".out").file_limit(4096));
  EXPECT_THAT(report.exit, HasSubstr("a file of it came to the limit"));
}

TEST(PayloadProcess, SaysAtItsStartWhyAProgramCannotBeExecuted) {
  const Fifo place;
  const fs::path program = place.path() + ".program";
  ASSERT_TRUE(write_atomically(program, as_byte_span("no magic\n"), 0755));
  EXPECT_THAT(start_error(Payload::program("p", program.string())), HasSubstr("Exec format error"));
  ASSERT_TRUE(write_atomically(program, as_byte_span("#!/nonexistent/shell\n"), 0755));
  const std::string error = start_error(Payload::program("p", program.string()));
  EXPECT_THAT(error, HasSubstr("start payload 'p': " + program.string() + " cannot be executed"));
  EXPECT_THAT(error, HasSubstr("hint: the interpreter"));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left over";
}

TEST(PayloadProcess, RefusesWhatIsNoPayloadBeforeItMakesAnything) {
  EXPECT_THAT(start_error(Payload::scheduler("s", "/bin/sh")), HasSubstr("--scheduler"));
  EXPECT_THAT(start_error(shell("").check(PayloadCheck::exists("x"))), HasSubstr("not declared"));
  EXPECT_THAT(start_error(shell("").known_flags({"--a"}), {"--b"}), HasSubstr("does not know the flag --b"));
  EXPECT_THAT(start_error(Payload::program("p", "sh")), HasSubstr("no directories to search"));
}

}  // namespace
}  // namespace ktstr
