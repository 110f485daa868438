// SPDX-License-Identifier: Apache-2.0
//
// `ktstr why` of runs that went wrong on real kernels.
#include <gmock/gmock.h>

#include <algorithm>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

class Why : public GuestTest {
 protected:
  std::string said(const GuestRun& ran, std::vector<std::string> further = {}) {
    Subprocess::Options options = command({});  // for its environment
    options.argv = {options.argv[0], "why", ran.json.at("run_dir").get<std::string>()};
    options.argv.insert(options.argv.end(), further.begin(), further.end());
    const auto output = run_captured(options, std::chrono::seconds(60));
    EXPECT_TRUE(output);
    if (!output) return "";
    EXPECT_TRUE(output->status.success()) << output->err;
    return output->out;
  }
  nlohmann::json as_json(const GuestRun& ran) { return nlohmann::json::parse(said(ran, {"--json"}), nullptr, false); }
  static std::string row_of(const nlohmann::json& why, int cpu) {
    for (const auto& row : why.at("timeline").at("rows"))
      if (row.at("cpu") == cpu) return row.at("cells");
    return "";
  }
  static std::string report_of(const GuestRun& ran) {
    return read_text(fs::path(ran.json.at("run_dir").get<std::string>()) / "report.txt").value_or("");
  }
};

TEST_F(Why, ShowsTheCpuThatASchedulerLeavesIdle) {
  const fs::path file = write("idle.toml",
                              "topology = '1n1l2c1t'\nduration = '400ms'\n"
                              "[[cgroup]]\nname = 'load'\nworkers = 4\nwork = 'SpinWait'\n");
  const GuestRun ran = run({file.string(), "--scheduler", fixture("--leave-idle 1")});
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(said(ran), AllOf(HasSubstr("work_conservation in step 1"), HasSubstr("Victim     load/"),
                               HasSubstr("CPU 1: idle 100%"), HasSubstr("Cause      the BPF scheduler")));
  const nlohmann::json why = as_json(ran);
  const std::string idle = row_of(why, 1), busy = row_of(why, 0);
  EXPECT_GT(std::count(idle.begin(), idle.end(), '.'), 55) << idle;
  // Before the workers begin and after they have ended it may be idle.
  EXPECT_LT(std::count(busy.begin() + 10, busy.end() - 10, '.'), 4) << busy;
  EXPECT_THAT(report_of(ran), HasSubstr("See what happened\n  ktstr why "));
}

TEST_F(Why, ShowsTheRealTimeTask) {
  const fs::path file =
      write("hog.toml",
            "topology = '1n1l2c1t'\nduration = '700ms'\n[checks]\nmax_gap = '300ms'\nmax_spread_pct = false\n"
            "[[cgroup]]\nname = 'victim'\nworkers = 1\ncpuset = '1'\nwork = 'SpinWait'\n"
            "[[cgroup]]\nname = 'hog'\nworkers = 1\ncpuset = '1'\nwork = 'SpinWait'\npolicy = 'fifo:50'\n");
  const GuestRun ran = run({file.string()});
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(said(ran), AllOf(HasSubstr("Victim     victim/0"), HasSubstr("(real-time)"),
                               HasSubstr("Cause      real-time tasks"), HasSubstr("A hog/0[")));
  EXPECT_EQ(as_json(ran).at("victim").at("may_run_on"), "CPU 1");
}

TEST_F(Why, ShowsWhatAQuotaKeepsOff) {
  // Set behind the scenario's back: of its own quotas it knows, and judges no gap.
  const fs::path file = write("quota.toml",
                              "topology = '1n1l2c1t'\n[checks]\nmax_gap = '50ms'\nmax_spread_pct = false\n"
                              "[[payload]]\nname = 'limit'\nprogram = 'sh'\n"
                              "args = ['-c', 'cd /sys/fs/cgroup; echo +cpu >cgroup.subtree_control; "
                              "echo +cpu >ktstr/cgroup.subtree_control; echo 10000 100000 >ktstr/limited/cpu.max']\n"
                              "[[step]]\nhold = '400ms'\n[[step.cgroup]]\nname = 'limited'\nworkers = 1\n"
                              "work = 'SpinWait'\n[[step.op]]\nop = 'run_payload'\npayload = 'limit'\n");
  const GuestRun ran = run({file.string()});
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(said(ran), AllOf(HasSubstr("was kept off by a quota for"), HasSubstr("Cause      a quota"),
                               HasSubstr("t kept off by a quota"), HasSubstr("has used up its quota on CPU")));
}

TEST_F(Why, ShowsTheTaskThatTheWatchdogNames) {
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", fixture("--stall-after 500")});
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  ASSERT_EQ(ran.failures().at(0), "scheduler_stalled");
  const nlohmann::json why = as_json(ran);
  ASSERT_EQ(why.at("traced").at("kind"), "scheduler_stalled") << why;
  EXPECT_THAT(ran.first_message(), HasSubstr(why.at("victim").at("comm").get<std::string>()));
  EXPECT_EQ(why.at("traced").at("cause"), "the BPF scheduler");
  // From its wakeup to the kernel's last word, nearly as long as the kernel says.
  const double waited = why.at("victim").at("waited_ns").get<double>() / 1e9;
  const std::string message = ran.first_message();
  const std::size_t at = message.find("failed to run for ");
  ASSERT_NE(at, std::string::npos) << message;
  EXPECT_NEAR(waited, std::stod(message.substr(at + 18)), 0.1);
  EXPECT_THAT(report_of(ran), AllOf(HasSubstr("  trace      cg_"), HasSubstr("cause: the BPF scheduler")));
}

TEST_F(Why, ShowsWhoseTurnItWasWhenASchedulerCrashed) {
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", fixture("--crash-after 500")});
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(as_json(ran).at("traced").at("words").get<std::string>(),
              AllOf(HasSubstr("the scheduler ended 0."), HasSubstr("ran cg_")));
}

TEST_F(Why, ShowsTheTaskThatASchedulerSentWhereItMayNotRun) {
  const fs::path file = write("pinned.toml",
                              "topology = '1n1l2c1t'\nduration = '400ms'\n"
                              "[[cgroup]]\nname = 'load'\nworkers = 2\ncpuset = '1'\nwork = 'SpinWait'\n");
  for (const std::string kernel : {"7", "6.18"}) {
    need_kernel(kernel);
    const GuestRun ran = run({file.string(), "--kernel", kernel, "--scheduler", fixture("--ignore-affinity")});
    EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
    EXPECT_EQ(ran.failures().at(0), "scheduler_crashed");
    EXPECT_THAT(ran.first_message(), HasSubstr("target CPU 0 not allowed for load/"));
    EXPECT_THAT(said(ran), AllOf(HasSubstr("Victim     load/"), HasSubstr("may run on CPU 1"),
                                 HasSubstr("Cause      the BPF scheduler")));
  }
}

TEST_F(Why, ShowsWhatTheCpusOfAHangRanLast) {
  need_kernel("7");
  if (IsSkipped() || HasFatalFailure()) return;
  const fs::path built = fs::path(KTSTR_KERNEL_FAULTS_DIR) / "7";
  if (!fs::exists(built / "ktstr_faults.ko")) {
    skip_or_fail("vm", "tests/kernel_faults is not built; `./dev.sh test` builds it");
    return;
  }
  const std::string module = (built / "ktstr_faults.ko").string(), loader = (built / "load_module").string();
  const fs::path file = write("hang.toml", fmt::format("name = 'hang'\ntopology = '1n1l2c1t'\n"
                                                       "[[payload]]\nname = 'fault'\nprogram = 'sh'\n"
                                                       "args = ['-c', 'exec {0} {1} fault=hang']\n"
                                                       "include = ['{1}', '{0}']\n[[step]]\nhold = '300ms'\n"
                                                       "[[step.cgroup]]\nname = 'cg_0'\nworkers = 1\n"
                                                       "[[step.op]]\nop = 'run_payload'\npayload = 'fault'\n",
                                                       loader, module));
  const GuestRun ran = run({file.string(), "--kernel", "7"});
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  ASSERT_EQ(ran.failures().at(0), "kernel_hang");
  EXPECT_THAT(said(ran), HasSubstr("Finding    kernel_hang"));
  EXPECT_THAT(as_json(ran).at("traced").at("words").get<std::string>(),
              AllOf(HasSubstr("the trace ends "), HasSubstr("ran load_module (pid ")));
  EXPECT_THAT(report_of(ran), HasSubstr("  trace      the trace ends "));
}

TEST_F(Why, OfAPassSaysThatNothingFailed) {
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", fixture()});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(said(ran), "PASS  two_cgroups: nothing failed\n");
  EXPECT_TRUE(ran.json.at("traced").empty());
}

TEST_F(Why, OfARefusalSaysThatItCameBeforeTheRecorder) {
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", fixture("--fail-verify")});
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(said(ran),
              AnyOf(HasSubstr("it came before the recorder began"), HasSubstr("there is no trace of this run")));
}

TEST_F(Why, WithoutARecorderSaysSo) {
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", fixture("--stall-after 500"), "--no-recorder"});
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(said(ran), AllOf(HasSubstr("there is no trace of this run: "), HasSubstr("scheduler_stalled")));
  EXPECT_TRUE(ran.json.at("traced").empty());
}

}  // namespace
}  // namespace ktstr
