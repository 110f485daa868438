// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <gmock/gmock.h>

#include <vector>

namespace scx_ktstr {
namespace {

using ::testing::HasSubstr;

tl::expected<Options, std::string> parse(std::vector<std::string> args) {
  args.insert(args.begin(), "scx_ktstr");
  std::vector<char*> argv;
  for (auto& arg : args) argv.push_back(arg.data());
  return parse_options(argv);
}

TEST(ParseOptions, HasNoFaultOnByDefault) {
  const auto options = parse({});
  ASSERT_TRUE(options) << options.error();
  EXPECT_EQ(options->slice_us, 5000U);
  EXPECT_EQ(options->watchdog_ms(), 2000U);
  EXPECT_FALSE(options->stall_after_ms || options->crash_after_ms || options->exit_after_ms);
  EXPECT_TRUE(options->starve_comm.empty());
  EXPECT_EQ(options->slow_dispatch_us, 0U);
  EXPECT_TRUE(options->lose_comm.empty());
  EXPECT_FALSE(options->ping_pong);
  EXPECT_FALSE(options->invert_nice);
  EXPECT_FALSE(options->ignore_nice);
  EXPECT_FALSE(options->ignore_affinity);
  EXPECT_FALSE(options->hot_queue);
  EXPECT_FALSE(options->idle_cpu);
  EXPECT_FALSE(options->lose_wakeup);
  EXPECT_FALSE(options->ignore_weights);
  EXPECT_FALSE(options->fail_verify);
  EXPECT_FALSE(options->talk);
}

TEST(ParseOptions, ReadsEverySwitch) {
  const auto options = parse({"--slice-us=700",
                              "--watchdog-ms",
                              "900",
                              "--stall-after",
                              "1",
                              "--crash-after=0",
                              "--exit-after",
                              "3",
                              "--starve",
                              "victim",
                              "--slow-dispatch",
                              "40",
                              "--lose-task",
                              "load/",
                              "--ping-pong",
                              "--invert-nice",
                              "--ignore-nice",
                              "--ignore-affinity",
                              "--hot-queue",
                              "--leave-idle",
                              "3",
                              "--lose-wakeup",
                              "--ignore-weights",
                              "--fail-verify",
                              "--talk",
                              "--sysfs",
                              "/x"});
  ASSERT_TRUE(options) << options.error();
  EXPECT_EQ(options->slice_us, 700U);
  EXPECT_EQ(options->watchdog_ms(), 900U);
  EXPECT_EQ(options->stall_after_ms, 1U);
  EXPECT_EQ(options->crash_after_ms, 0U);
  EXPECT_EQ(options->exit_after_ms, 3U);
  EXPECT_EQ(options->starve_comm, "victim");
  EXPECT_EQ(options->slow_dispatch_us, 40U);
  EXPECT_EQ(options->lose_comm, "load/");
  EXPECT_TRUE(options->ping_pong);
  EXPECT_TRUE(options->invert_nice);
  EXPECT_TRUE(options->ignore_nice);
  EXPECT_TRUE(options->ignore_affinity);
  EXPECT_TRUE(options->hot_queue);
  EXPECT_EQ(options->idle_cpu, 3u);
  EXPECT_TRUE(options->lose_wakeup);
  EXPECT_TRUE(options->ignore_weights);
  EXPECT_TRUE(options->fail_verify);
  EXPECT_TRUE(options->talk);
  EXPECT_EQ(options->sysfs_root, "/x");
}

TEST(ParseOptions, StarvesForTheLongestWatchdogUnlessOneIsGiven) {
  EXPECT_EQ(parse({"--starve", "victim"})->watchdog_ms(), kMaxWatchdogMs);
  EXPECT_EQ(parse({"--starve", "victim", "--watchdog-ms", "900"})->watchdog_ms(), 900U);
}

TEST(ParseOptions, NamesTheUnknownOption) {
  const auto options = parse({"--slice-us", "1", "--no-such-thing"});
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error(), HasSubstr("--no-such-thing"));
}

TEST(ParseOptions, RefusesValuesOutOfRange) {
  for (const char* arg : {"--slice-us=0", "--watchdog-ms=0", "--watchdog-ms=30001", "--stall-after=-1",
                          "--crash-after=1s", "--slow-dispatch=", "--starve=", "--starve=sixteen_letters_"})
    EXPECT_FALSE(parse({arg})) << arg;
}

TEST(ParseOptions, RefusesAMissingValueAndAStrayArgument) {
  EXPECT_THAT(parse({"--starve"}).error(), HasSubstr("needs a value"));
  EXPECT_THAT(parse({"stray"}).error(), HasSubstr("'stray'"));
}

TEST(ParseOptions, AcceptsTheLongestTaskName) { EXPECT_TRUE(parse({"--starve=fifteen_letters"})); }

}  // namespace
}  // namespace scx_ktstr
