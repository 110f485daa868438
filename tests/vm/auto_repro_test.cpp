// SPDX-License-Identifier: Apache-2.0
//
// Failures that are replayed at once, with probes of what the scheduler does.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

class AutoRepro : public GuestTest {
 protected:
  GuestRun failing(const std::string& switches, const std::vector<std::string>& more = {}) {
    const std::string file = write("failing.toml",
                                   "topology = '1n1l2c1t'\nduration = '1s'\nauto_repro = true\n[checks]\nmax_gap = "
                                   "false\n[[cgroup]]\nname = 'load'\nworkers = 3\nwork = 'Bursty'\n")
                                 .string();
    std::vector<std::string> arguments = {file, "--scheduler", fixture(switches), "--kernel", "7"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  // All lines of a part.
  static std::string lines_of(const nlohmann::json& part) {
    std::string text;
    for (const auto& line : part.at("lines")) text += line.at("words").get<std::string>() + "\n";
    return text;
  }
  // The replay is the same run, and has something to tell.
  static void expect_replayed(const GuestRun& ran) {
    ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
    ASSERT_TRUE(ran.json.contains("repro")) << ran.out;
    const auto& repro = ran.json.at("repro");
    EXPECT_EQ(repro.at("why_not"), "");
    EXPECT_EQ(repro.at("digest"), ran.json.at("digest"));
    ASSERT_FALSE(repro.at("parts").empty()) << repro;
    EXPECT_FALSE(repro.at("parts")[0].at("lines").empty()) << repro;
  }
};

TEST_F(AutoRepro, OfACrashNamesTheCallbackThatDidIt) {
  need_kernel("7");
  const GuestRun ran = failing("--crash-after 300");
  ASSERT_NO_FATAL_FAILURE(expect_replayed(ran));
  const auto& repro = ran.json.at("repro");
  EXPECT_THAT(repro.at("stack").get<std::vector<std::string>>(), testing::Contains("crash_timer_fn"));
  const auto& where = repro.at("parts").back();
  EXPECT_THAT(where.at("what").get<std::string>(), HasSubstr("where it was ended"));
  ASSERT_FALSE(where.at("lines").empty());
  // Which of the callbacks came last depends on when the timer fires, and so on each instruction before.
  EXPECT_THAT(lines_of(where), testing::ContainsRegex("ktstr_(dispatch|enqueue|running|stopping|tick)[(]"));
  EXPECT_THAT(lines_of(where), HasSubstr("crash_timer_fn("));
  EXPECT_EQ(where.at("lines").back().at("is_open"), true) << "it was in there that it was ended";
}

TEST_F(AutoRepro, OfAStallShowsTheTaskThatTheKernelNames) {
  need_kernel("7");
  const GuestRun ran = failing("--stall-after 200 --watchdog-ms 400");
  ASSERT_NO_FATAL_FAILURE(expect_replayed(ran));
  const auto& victim = ran.json.at("repro").at("parts")[0];
  EXPECT_THAT(victim.at("what").get<std::string>(), HasSubstr("which the kernel names"));
  EXPECT_THAT(lines_of(victim), HasSubstr("ktstr_enqueue(p load/"));
  EXPECT_THAT(lines_of(victim), HasSubstr(", enq_flags "));
  EXPECT_THAT(lines_of(victim), HasSubstr("goes into the scheduler's queue 0x"));
}

// In real time nothing repeats: it is looked for in det mode first.
TEST_F(AutoRepro, OfARealTimeModeIsBroughtIntoDetMode) {
  need_kernel("7");
  const GuestRun ran = failing("--crash-after 300", {"--mode", "tcg"});
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  const auto& repro = ran.json.at("repro");
  EXPECT_EQ(repro.at("why_not"), "");
  EXPECT_EQ(repro.at("det_runs"), 1);
  EXPECT_FALSE(repro.at("parts").empty()) << repro;
}

TEST_F(AutoRepro, OfWhatPassesThereIsNone) {
  need_kernel("7");
  const GuestRun ran = failing("");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_FALSE(ran.json.contains("repro"));
}

// Every switch of the fixture by which the kernel ends it, or that is a finding of the recorder.
class LongAutoRepro : public AutoRepro, public testing::WithParamInterface<const char*> {};

TEST_P(LongAutoRepro, TellsOfEachFault) {
  need_kernel("7");
  expect_replayed(failing(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Long, LongAutoRepro,
                         testing::Values("--crash-after 200", "--stall-after 200 --watchdog-ms 400",
                                         "--lose-task load/1 --watchdog-ms 400", "--starve load/1 --watchdog-ms 400"));

class LongOtherRepro : public AutoRepro {};

TEST_F(LongOtherRepro, OfATaskOnACpuThatItMayNotUse) {
  need_kernel("7");
  const GuestRun ran = run({write("pinned.toml",
                                  "topology = '1n1l2c1t'\nduration = '400ms'\nauto_repro = true\n"
                                  "[[cgroup]]\nname = 'load'\nworkers = 2\ncpuset = '1'\nwork = 'SpinWait'\n")
                                .string(),
                            "--kernel", "7", "--scheduler", fixture("--ignore-affinity")});
  ASSERT_NO_FATAL_FAILURE(expect_replayed(ran));
  EXPECT_THAT(lines_of(ran.json.at("repro").at("parts")[0]), HasSubstr("the local queue of CPU 0"));
}

// The race of a few instructions: one seed in twenty.
TEST_F(LongOtherRepro, OfARaceThatSeedsFind) {
  need_kernel("7");
  const GuestRun explored = run({example("lost_wakeup.toml"), "--scheduler", fixture("--lose-wakeup"), "--seeds",
                                 "1..200", "-j", "2", "--fail-fast", "--auto-repro"});
  ASSERT_EQ(explored.status, 1) << explored.out << explored.err;
  const fs::path kept = explored.json.at("groups")[0].at("run_dir").get<std::string>();
  const auto record = nlohmann::json::parse(read_text(kept / "result.json").value_or(""), nullptr, false);
  ASSERT_TRUE(record.contains("repro")) << kept;
  EXPECT_EQ(record.at("repro").at("why_not"), "");
  EXPECT_EQ(record.at("repro").at("digest"), record.at("digest"));
  EXPECT_FALSE(record.at("repro").at("parts").empty());
}

}  // namespace
}  // namespace ktstr
