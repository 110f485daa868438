// SPDX-License-Identifier: Apache-2.0
//
// ktstr export: what it writes and refuses, and one of its scripts, run on this machine.
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/text/shell_words.h"
#include "cgroup/hierarchy.h"
#include "run_ktstr.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

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
