// SPDX-License-Identifier: Apache-2.0
//
// ktstr export: what it writes and refuses, and one of its scripts, run on this machine.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <sstream>
#include <thread>

#include "base/text/shell_words.h"
#include "cgroup/hierarchy.h"
#include "run_ktstr.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Export : public KtstrProgram {
 protected:
  fs::path exported(const std::string& text) const {
    const Ran ran = run({"export", write("it.toml", text).string(), "-o", path("it.sh").string()});
    EXPECT_TRUE(ran.status.success()) << ran.err;
    return path("it.sh");
  }
};

TEST_F(Export, WritesAScriptThatMayBeExecuted) {
  const fs::path script = exported("[[cgroup]]\nname = \"cg_0\"\ncpuset = \"llc:0\"\n");
  EXPECT_EQ(::access(script.c_str(), X_OK), 0);
  const Ran printed = run({"export", path("it.toml").string()});
  EXPECT_EQ(printed.out, read_text(script).value_or(""));
  EXPECT_EQ(printed.err, "");
}

TEST_F(Export, SaysAndRefusesWhatAShellCannotDo) {
  const fs::path file = write("it.toml", "[[cgroup]]\nname = \"cg_0\"\nwork = \"Schbench\"\nworkers = 5\n");
  const Ran made = run({"export", file.string()});
  EXPECT_TRUE(made.status.success());
  EXPECT_THAT(made.err, HasSubstr("not as in the scenario: step 1: cg_0: Schbench: a busy loop instead"));
  const Ran refused = run({"export", file.string(), "--strict"});
  EXPECT_EQ(refused.status.describe(), "exited with status 64");
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("a shell cannot do all of this:\n  step 1: cg_0: Schbench: a busy loop"));
}

TEST_F(Export, RefusesWhatRunRefuses) {
  const Ran none = run({"export", ":stedy"});
  EXPECT_EQ(none.status.describe(), "exited with status 64");
  EXPECT_THAT(none.err, HasSubstr("did you mean ':steady'?"));
  const fs::path file = write("it.toml", "[[cgroup]]\nname = \"cg_0\"\ncpuset = \"llc:7\"\n");
  EXPECT_THAT(run({"export", file.string()}).err, HasSubstr("it.toml:"));
}

TEST_F(Export, APlaceThatCannotBeWrittenIsTheUsersToCorrect) {
  const std::string file = write("it.toml", "[[cgroup]]\nname = \"cg_0\"\n").string();
  for (const std::string& place : {path("none/it.sh").string(), path("").string(), std::string("/proc/it.sh")}) {
    const Ran ran = run({"export", file, "-o", place});
    EXPECT_EQ(ran.status.describe(), "exited with status 64") << place;
    EXPECT_THAT(ran.err, HasSubstr("cannot write the script to ")) << place;
    EXPECT_THAT(ran.err, HasSubstr("-o ")) << place;
    EXPECT_THAT(ran.err, Not(HasSubstr(".new."))) << place;
  }
}

TEST_F(Export, WritesIntoDevicesAndWhatASymlinkNames) {
  const std::string file = write("it.toml", "[[cgroup]]\nname = \"cg_0\"\n").string();
  write("real.sh", "old");
  fs::create_symlink("real.sh", path("link.sh"));
  fs::create_symlink("/dev/null", path("null"));
  EXPECT_TRUE(run({"export", file, "-o", path("link.sh").string()}).status.success());
  EXPECT_TRUE(fs::is_symlink(path("link.sh")));
  EXPECT_EQ(read_text(path("real.sh")).value_or(""), run({"export", file}).out);
  EXPECT_TRUE(run({"export", file, "-o", path("null").string()}).status.success());
  EXPECT_TRUE(fs::is_symlink(path("null")));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(run({"export", file, "-o", "/dev/stdout"}).out, run({"export", file}).out);
}

class HostScript : public Export {
 protected:
  void SetUp() override {
    Export::SetUp();
    const auto own = own_cgroup_directory("/proc");
    if (::geteuid() != 0 || !own || ::access(own->c_str(), W_OK) != 0)
      GTEST_SKIP() << "needs root and a cgroup2 mount that is writable";
    own_ = *own;
  }
  // The cgroup of the script, which has the number of its process.
  fs::path base(const Subprocess& script) const { return own_ / fmt::format("ktstr-export-{}", script.pid()); }
  Result<Subprocess> start(const fs::path& script) const {
    return Subprocess::start({.argv = {script.string()}, .env = {"KTSTR_CGROUP=" + own_.string()}});
  }
  // Waits until the group has so many processes.
  bool comes_to(const Subprocess& script, const std::string& group, std::ptrdiff_t processes) const {
    for (int i = 0; i < 1000; ++i) {
      const std::string pids = read_text(base(script) / group / "cgroup.procs").value_or("");
      if (std::count(pids.begin(), pids.end(), '\n') == processes) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  fs::path own_;
};

constexpr const char* kNoControllers =
    "duration = \"DURATION\"\n"
    "[backdrop]\n[[backdrop.cgroup]]\nname = \"all\"\nworkers = 0\n"
    "[[step]]\nhold = 0.5\n"
    "[[step.cgroup]]\nname = \"all/cg_0\"\nworkers = 2\nnice = 3\n"
    "[[step.cgroup]]\nname = \"cg_1\"\nwork = { type = \"Bursty\", burst = \"1ms\", sleep = \"2ms\" }\n"
    "[[step]]\n[[step.cgroup]]\nname = \"cg_2\"\nworkers = 3\n"
    "[[step.op]]\nop = \"add_cgroup\"\ncgroup = \"cg_3\"\n";

TEST_F(HostScript, MakesWhatTheScenarioHasAndLeavesNothing) {
  const fs::path script = exported(replace_all(kNoControllers, "DURATION", "1s"));
  auto running = start(script);
  ASSERT_TRUE(running) << running.error().render();
  EXPECT_TRUE(comes_to(*running, "all/cg_0", 2));
  EXPECT_TRUE(comes_to(*running, "cg_1", 1));
  EXPECT_TRUE(comes_to(*running, "cg_2", 3));
  const auto ended = running->wait(20s);
  ASSERT_TRUE(ended && *ended);
  EXPECT_TRUE((*ended)->success()) << (*ended)->describe();
  EXPECT_FALSE(fs::exists(base(*running)));
}

TEST_F(HostScript, CleansUpWhenItIsEnded) {
  const fs::path script = exported(replace_all(kNoControllers, "DURATION", "600s"));
  for (const auto& [signal, status] : {std::pair(SIGTERM, 143), std::pair(SIGHUP, 129)}) {
    auto running = start(script);
    ASSERT_TRUE(running);
    EXPECT_TRUE(comes_to(*running, "all/cg_0", 2));
    ASSERT_TRUE(running->signal(signal));
    const auto ended = running->wait(20s);
    ASSERT_TRUE(ended && *ended);
    EXPECT_EQ((*ended)->describe(), fmt::format("exited with status {}", status));
    EXPECT_FALSE(fs::exists(base(*running)));
  }
}

// Whenever it comes, also while a step or all is removed.
TEST_F(HostScript, LeavesNothingWheneverItIsEnded) {
  const fs::path script = exported(replace_all(kNoControllers, "DURATION", "100ms"));
  for (int i = 0; i < 12; ++i) {
    auto running = start(script);
    ASSERT_TRUE(running);
    std::this_thread::sleep_for(30ms * i);
    (void)running->signal(i % 2 == 0 ? SIGTERM : SIGHUP);
    const auto ended = running->wait(20s);
    ASSERT_TRUE(ended && *ended);
    EXPECT_FALSE(fs::exists(base(*running))) << i;
    EXPECT_NE((*ended)->describe(), "exited with status 1") << i;
    EXPECT_NE((*ended)->describe(), "exited with status 139") << i;
  }
}

TEST_F(HostScript, OpsReachTheChildrenOfWorkers) {
  if (!find_program("stress-ng")) GTEST_SKIP() << "stress-ng is not installed: apt-get install stress-ng";
  const fs::path script = exported(
      "duration = \"600s\"\n[backdrop]\n[[backdrop.cgroup]]\nname = \"all\"\nwork = \"YieldHeavy\"\nworkers = 1\n"
      "[[step]]\nhold = \"1s\"\n[[step]]\n[[step.op]]\nop = \"set_nice\"\ncgroup = \"all\"\nnice = 7\n");
  auto running = start(script);
  ASSERT_TRUE(running);
  const auto nices = [&] {
    std::vector<int> all;
    std::istringstream pids(read_text(base(*running) / "all/cgroup.procs").value_or(""));
    for (int pid; pids >> pid;) all.push_back(::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)));
    return all;
  };
  std::vector<int> seen;
  // They are changed one after another.
  const auto all_are = [&] { return seen.size() >= 2 && std::count(seen.begin(), seen.end(), 7) == std::ssize(seen); };
  for (int i = 0; i < 1000 && !all_are(); ++i) {
    std::this_thread::sleep_for(10ms);
    seen = nices();
  }
  EXPECT_GE(seen.size(), 2U) << "the worker and its child";
  EXPECT_THAT(seen, testing::Each(7));
  ASSERT_TRUE(running->signal(SIGTERM));
  const auto ended = running->wait(20s);
  ASSERT_TRUE(ended && *ended);
  EXPECT_FALSE(fs::exists(base(*running)));
}

TEST_F(HostScript, SaysWhatIsWrongOnceAndRightly) {
  const fs::path script = exported("duration = \"60s\"\n[[cgroup]]\nname = \"cg_0\"\n");
  const auto said = [&](const fs::path& file, const std::string& cgroup) {
    const auto ran = run_captured({.argv = {file.string()}, .env = {"KTSTR_CGROUP=" + cgroup}}, 20s);
    EXPECT_TRUE(ran && ran->status.describe() == "exited with status 1");
    return ran ? ran->err : "";
  };
  EXPECT_THAT(said(script, "/nowhere"), HasSubstr("it.sh: KTSTR_CGROUP names no directory: /nowhere; "));
  EXPECT_THAT(said(script, "/tmp"),
              AllOf(HasSubstr("it.sh: KTSTR_CGROUP names no cgroup of cgroup v2: /tmp; "), Not(HasSubstr("remove"))));
  // A scheduler's state as it would be, in a file.
  ASSERT_TRUE(run({"export", path("it.toml").string(), "--scheduler", "/bin/sleep 1", "-o", path("s.sh").string()})
                  .status.success());
  const auto with_state = [&](const std::string& name, const std::string& state) {
    std::string text = replace_all(read_text(path("s.sh")).value_or(""), "/sys/kernel/sched_ext/state", state);
    // Enabled from when it is started.
    text = replace_all(std::move(text), "scheduler_pid=$! ", "echo enabled >" + state + "; scheduler_pid=$! ");
    return write(name, text, 0755);
  };
  EXPECT_EQ(said(with_state("none.sh", path("no_state").string()), own_.string()),
            "none.sh: this kernel has no sched_ext: it needs CONFIG_SCHED_CLASS_EXT=y\n");
  write("state", "disabled\n");
  EXPECT_THAT(said(with_state("dies.sh", path("state").string()), own_.string()),
              HasSubstr("dies.sh: the scheduler has ended: /bin/sleep 1\n"));
}

// What is wrong in the middle of it ends it, too.
TEST_F(HostScript, CleansUpWhenItFails) {
  const fs::path script = exported(replace_all(kNoControllers, "DURATION", "600s"));
  std::string text = read_text(script).value_or("");
  text = replace_all(std::move(text), "hold 300000000\n", "put cg_1 cgroup.type nonsense\n");
  const fs::path broken = write("broken.sh", text, 0755);
  auto running = start(broken);
  ASSERT_TRUE(running);
  const auto ended = running->wait(20s);
  ASSERT_TRUE(ended && *ended);
  EXPECT_EQ((*ended)->describe(), "exited with status 1");
  EXPECT_FALSE(fs::exists(base(*running)));
}

}  // namespace
}  // namespace ktstr
