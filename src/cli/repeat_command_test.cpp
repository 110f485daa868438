// SPDX-License-Identifier: Apache-2.0
#include "cli/repeat_command.h"

#include <gmock/gmock.h>

#include "base/system/process.h"
#include "cli/command_line.h"
#include "scheduler/command.h"

namespace ktstr::cli {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> kAwkward = {"plain",       "",          "two words", "it's", "$HOME `id` \"x\"",
                                           "back\\slash", "new\nline", "*?[a]",     "~",    "a;b&c|d",
                                           "'",           "#"};

TEST(ShellQuote, LeavesHarmlessWordsAlone) {
  EXPECT_EQ(shell_quote("/usr/bin/scx_simple"), "/usr/bin/scx_simple");
  EXPECT_EQ(shell_quote("--seed=7"), "--seed=7");
  EXPECT_EQ(shell_quote(""), "''");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
}

TEST(ShellQuote, ShReadsBackWhatWasQuoted) {
  std::vector<std::string> words = {"printf", "%s\\0"};
  words.insert(words.end(), kAwkward.begin(), kAwkward.end());
  const auto output = run_captured({.argv = {"sh", "-c", shell_join(words)}}, 10s);
  ASSERT_TRUE(output.has_value()) << output.error().render();
  std::string expected;
  for (const std::string& word : kAwkward) expected += word + '\0';
  EXPECT_EQ(output->out, expected);
}

TEST(ShellQuote, SoDoesTheSplittingOfSchedulerCommands) {
  const auto words = split_command(shell_join(kAwkward));
  ASSERT_TRUE(words.has_value()) << words.error().render();
  EXPECT_EQ(*words, kAwkward);
}

RunRequest full_request() {
  RunRequest request;
  request.settings.topology = {.numa_nodes = 1, .llcs = 2, .cores_per_llc = 2, .threads_per_core = 1};
  request.scheduler = "/opt/my scx/scx -v";
  request.kernel = "7.3.4-0123456789ab";
  request.mode = "det";
  request.settings.seed = 7;
  request.settings.args = {"x y"};
  return request;
}

RunOptions options_of(std::vector<std::string> flags) {
  flags.insert(flags.begin(), {"run", "f"});
  const auto command = parse_command_line(flags);
  EXPECT_TRUE(command) << command.error().render();
  return command ? std::get<RunCommand>(*command).options : RunOptions{};
}

// Flags are over what the request says, as request_for_file() has it.
RunRequest with(RunRequest request, RunOptions options) {
  options.args = request.settings.args;
  EXPECT_TRUE(apply(options, request));
  return request;
}

TEST(RepeatCommand, SaysEverythingThatDecidesTheRun) {
  const RunOptions options =
      options_of({"--duration", "1500ms", "--memory", "512M", "--shift", "4", "--quantum", "50us"});
  const Invocation invocation{
      .program = "/usr/bin/ktstr", .selection = {"run", "/tmp/a b.toml"}, .environment = {"KTSTR_QEMU=/opt/my qemu"}};
  EXPECT_EQ(repeat_command(invocation, with(full_request(), options), options),
            "KTSTR_QEMU='/opt/my qemu' /usr/bin/ktstr run '/tmp/a b.toml' --scheduler '/opt/my scx/scx -v' --topology "
            "1n2l2c1t --kernel 7.3.4-0123456789ab --mode det --seed 7 --duration 1.5s --memory 536870912 --shift 4 "
            "--quantum 50us -- 'x y'");
}

TEST(RepeatCommand, ASchedulerThatWasTakenAwayStaysAway) {
  RunRequest request = full_request();
  request.scheduler = "";
  const RunOptions options = options_of({"--scheduler", ""});
  EXPECT_THAT(repeat_command({.program = "/k", .selection = {}, .environment = {}}, request, options),
              testing::HasSubstr("--scheduler ''"));
}

TEST(RepeatCommand, SaysWhatTheSeedVariesOnlyWhereItIsNotEverything) {
  RunRequest request = full_request();
  const Invocation invocation{.program = "/k", .selection = {}, .environment = {}};
  EXPECT_THAT(repeat_command(invocation, request, {}), testing::Not(testing::HasSubstr("--vary")));
  request.settings.vary = *VarySet::parse("handover,offsets");
  EXPECT_THAT(repeat_command(invocation, request, {}), testing::HasSubstr("--seed 7 --vary handover,offsets"));
}

TEST(RepeatCommand, SaysTheWorkTypeWithItsParameters) {
  const Invocation invocation{.program = "/k", .selection = {}, .environment = {}};
  const RunOptions bursty = options_of({"--work-type", "Bursty"});
  EXPECT_THAT(repeat_command(invocation, with(full_request(), bursty), bursty),
              testing::HasSubstr("--work-type 'Bursty(burst=50ms, sleep=100ms)'"));
  // One of the file is repeated with it.
  RunRequest of_file = full_request();
  of_file.settings.work_type = "YieldHeavy";
  EXPECT_THAT(repeat_command(invocation, of_file, {}), testing::Not(testing::HasSubstr("--work-type")));
}

TEST(RepeatCommand, OnTheHostSaysNothingOfGuests) {
  RunRequest request = full_request();
  request.on_host = true;
  request.scheduler = "";
  EXPECT_EQ(repeat_command({.program = "/k", .selection = {"run", "f"}, .environment = {}}, request, {}),
            "/k run f --host --seed 7 -- 'x y'");
}

TEST(RepeatCommand, ParsesToTheSameOptions) {
  const RunOptions options =
      options_of({"--duration", "1500ms", "--shift", "4", "--quantum", "0", "--work-type", "Bursty"});
  const Invocation invocation{.program = "/usr/bin/ktstr", .selection = {"run", "/tmp/a.toml"}, .environment = {}};
  const RunRequest wanted = with(full_request(), options);
  auto words = split_command(repeat_command(invocation, wanted, options));
  ASSERT_TRUE(words.has_value());
  const auto command = parse_command_line({words->begin() + 1, words->end()});
  ASSERT_TRUE(command.has_value()) << command.error().render();
  RunRequest again;
  ASSERT_TRUE(apply(std::get<RunCommand>(*command).options, again));
  EXPECT_EQ(again.scheduler, wanted.scheduler);
  EXPECT_EQ(again.kernel, wanted.kernel);
  EXPECT_EQ(again.settings.topology, wanted.settings.topology);
  EXPECT_EQ(again.settings.seed, 7U);
  EXPECT_EQ(again.settings.duration, 1500ms);
  EXPECT_EQ(again.settings.icount_shift, 4);
  EXPECT_EQ(again.settings.quantum, 0ns);
  EXPECT_EQ(again.settings.work_type, describe(Bursty{}));
  EXPECT_EQ(again.settings.args, wanted.settings.args);
}

}  // namespace
}  // namespace ktstr::cli
