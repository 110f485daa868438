// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <gmock/gmock.h>

namespace ktstr::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

template <typename T>
T parsed_as(const std::vector<std::string>& arguments) {
  const auto command = parse_command_line(arguments);
  if (!command) {
    ADD_FAILURE() << command.error().render();
    return {};
  }
  const T* wanted = std::get_if<T>(&*command);
  EXPECT_NE(wanted, nullptr) << "another command than expected";
  return wanted == nullptr ? T{} : *wanted;
}

std::string refusal(const std::vector<std::string>& arguments) {
  const auto command = parse_command_line(arguments);
  if (command) return "accepted";
  EXPECT_EQ(command.error().code(), ErrorCode::kInvalidArgument);
  return command.error().render();
}

// What the settings make of a request that says nothing else.
RunRequest asked(const RunOptions& options) {
  RunRequest request;
  EXPECT_TRUE(apply(options, request));
  return request;
}

RunRequest asked(const std::vector<std::string>& arguments) { return asked(parsed_as<RunCommand>(arguments).options); }

TEST(CommandLine, RacesTakesItsFlagsAndExplain) {
  const auto search = parsed_as<RacesCommand>({"races", "two.toml", "--runs", "9", "--tries", "2", "--budget", "5m",
                                               "--first", "--resume", "--no-shorten", "--json"});
  EXPECT_EQ(search.file, "two.toml");
  EXPECT_EQ(search.most_runs, 9U);
  EXPECT_EQ(search.tries, 2U);
  EXPECT_EQ(search.budget, std::chrono::nanoseconds(5min));
  EXPECT_TRUE(search.first_only && search.resume && search.options.json);
  EXPECT_FALSE(search.shorten);
  const auto explain = parsed_as<RacesCommand>({"races", "--explain", "last-failed", "--json"});
  EXPECT_EQ(explain.explain, "last-failed");
  EXPECT_TRUE(explain.options.json);
  EXPECT_THAT(refusal({"races"}), HasSubstr("No file is given"));
  EXPECT_THAT(refusal({"races", "two.toml", "--budget", "soon"}), HasSubstr("'soon' is not a duration"));
}

TEST(CommandLine, ARunIsQuietOrVerbose) {
  EXPECT_TRUE(parsed_as<RunCommand>({"run", "two.toml", "-q"}).options.quiet);
  EXPECT_FALSE(parsed_as<RunCommand>({"run", "two.toml"}).options.quiet);
  EXPECT_THAT(refusal({"run", "two.toml", "-q", "-v"}), HasSubstr("--quiet and --verbose exclude each other"));
}

TEST(CommandLine, AScriptIsExportedForOneMachine) {
  const auto exported = parsed_as<ExportCommand>({"export", ":steady", "-o", "a.sh", "--here", "--strict"});
  EXPECT_EQ(exported.file, ":steady");
  EXPECT_EQ(exported.output, "a.sh");
  EXPECT_TRUE(exported.here && exported.strict);
  EXPECT_THAT(refusal({"export", ":steady", "--here", "--topology", "1n1l1c1t"}),
              HasSubstr("--here takes the topology"));
}

TEST(CommandLine, RunsAreRemovedOnlyWhereItIsSaidWhich) {
  EXPECT_THAT(refusal({"runs", "clean"}), HasSubstr("which runs are to go?"));
  EXPECT_THAT(refusal({"runs", "clean", "last", "--all"}), HasSubstr("which runs are to go?"));
  EXPECT_EQ(parsed_as<RunsCleanCommand>({"runs", "clean", "--keep", "7"}).keep, 7U);
  EXPECT_EQ(parsed_as<RunsCleanCommand>({"runs", "clean", "--all"}).keep, 0U);
  EXPECT_THAT(parsed_as<RunsCleanCommand>({"runs", "clean", "last", "2026"}).runs, ::testing::SizeIs(2));
}

TEST(CommandLine, RunsAreExportedAsCsvWhereNothingElseIsSaid) {
  const auto plain = parsed_as<RunsExportCommand>({"runs", "export", "--failed", "--test", "two*"});
  ASSERT_EQ(plain.reports.size(), 1U);
  EXPECT_STREQ(plain.reports[0].format->name, "csv");
  EXPECT_TRUE(plain.wanted.failed);
  EXPECT_EQ(plain.wanted.test, "two*");
  EXPECT_EQ(parsed_as<RunsExportCommand>({"runs", "export", "last", "--report", "junit:a", "--report", "ktap:-"})
                .reports.size(),
            2U);
}

TEST(CommandLine, ReportsAreSeveralOfWhichOneTakesStandardOutput) {
  const auto run = parsed_as<RunCommand>({"run", "two.toml", "--report", "junit:a.xml", "--report", "github:-"});
  ASSERT_EQ(run.options.reports.size(), 2U);
  EXPECT_EQ(run.options.reports[1].path, "-");
  EXPECT_THAT(refusal({"run", "two.toml", "--report", "ktap:-", "--json"}), HasSubstr("standard output takes one"));
  EXPECT_THAT(refusal({"run", "two.toml", "--report", "xunit:a"}), HasSubstr("'xunit' is no format"));
  EXPECT_THAT(refusal({"races", "two.toml", "--report", "junit:a"}), HasSubstr("--report is about the runs of tests"));
}

TEST(CommandLine, RunTakesEveryFlag) {
  const auto run = parsed_as<RunCommand>(
      {"run",       "two.toml",   "--scheduler", "/bin/scx -v", "--topology", "1n2l2c1t", "--kernel",
       "7.3",       "--mode",     "det",         "--seed",      "7",          "--repeat", "3",
       "--json",    "--duration", "2s",          "--memory",    "512M",       "--shift",  "4",
       "--quantum", "50us",       "-v",          "-v",          "--",         "a",        "--b"});
  const RunOptions& options = run.options;
  const RunRequest request = asked(options);
  EXPECT_EQ(run.file, "two.toml");
  EXPECT_EQ(request.scheduler, "/bin/scx -v");
  EXPECT_EQ(request.settings.topology.to_string(), "1n2l2c1t");
  EXPECT_EQ(request.kernel, "7.3");
  EXPECT_EQ(request.mode, "det");
  EXPECT_EQ(request.settings.seed, 7U);
  EXPECT_EQ(options.repeat, 3);
  EXPECT_TRUE(options.json);
  EXPECT_EQ(request.settings.duration, 2s);
  EXPECT_EQ(request.settings.memory, Bytes{512} << 20);
  EXPECT_EQ(request.settings.icount_shift, 4);
  EXPECT_EQ(request.settings.quantum, 50us);
  EXPECT_EQ(options.verbosity, 2);
  EXPECT_THAT(request.settings.args, ElementsAre("a", "--b"));
}

TEST(CommandLine, SomeSettingsMayBeGivenSeveralTimes) {
  const RunOptions options =
      parsed_as<RunCommand>({"run", "f", "--topology", "1n1l2c1t", "--scheduler", "", "--topology", "1n2l2c1t",
                             "--scheduler=scx_mine -v", "--kernel", "7.3"})
          .options;
  const std::vector<Axis> axes = options.axes(false);
  ASSERT_EQ(axes.size(), 2U);
  EXPECT_EQ(axes[0].name, "scheduler");
  EXPECT_THAT(axes[0].values, ElementsAre("", "scx_mine -v"));
  EXPECT_EQ(axes[1].name, "topology");
  EXPECT_THAT(axes[1].values, ElementsAre("1n1l2c1t", "1n2l2c1t"));
  const RunRequest cell = asked(options.at({{"scheduler", ""}, {"topology", "1n1l2c1t"}}));
  EXPECT_EQ(cell.scheduler, "");
  EXPECT_EQ(cell.settings.topology.to_string(), "1n1l2c1t");
  EXPECT_EQ(cell.kernel, "7.3");
  // What shapes guests does not vary a test that runs on this machine.
  EXPECT_EQ(options.axes(true).size(), 1U);
}

TEST(CommandLine, AValueTwiceIsNoMatrix) {
  EXPECT_THAT(refusal({"run", "f", "--work-type", "SpinWait", "--work-type", "SpinWait"}),
              HasSubstr("--work-type 'SpinWait' is given twice"));
  EXPECT_NE(refusal({"run", "f", "--seed", "1", "--seed", "2"}), "accepted");
  EXPECT_NE(refusal({"run", "f", "--mode", "det", "--mode", "kvm"}), "accepted");
  EXPECT_NE(refusal({"warm", "build", "--kernel", "6.12", "--kernel", "7.3"}), "accepted");
  EXPECT_THAT(refusal({"run", "f", "--topology", "1n1l2c1t", "--topology", "1n3l0c1t"}), HasSubstr("1n3l0c1t"));
  EXPECT_THAT(refusal({"run", "f", "--host", "--scheduler", "", "--scheduler", "scx_mine"}), HasSubstr("scx_mine"));
}

TEST(CommandLine, RunLeavesUnsetWhatIsNotSaid) {
  const RunOptions options = parsed_as<RunCommand>({"run", "two.toml"}).options;
  EXPECT_TRUE(options.given.empty());
  EXPECT_EQ(options.repeat, 1);
}

TEST(CommandLine, AnEmptySchedulerIsSaidAndNotUnset) {
  EXPECT_EQ(parsed_as<RunCommand>({"run", "two.toml", "--scheduler", ""}).options.given.at(0).second, "");
  EXPECT_EQ(parsed_as<RunCommand>({"run", "two.toml", "--scheduler="}).options.given.at(0).second, "");
}

TEST(CommandLine, TheLargestSeedIsAccepted) {
  EXPECT_EQ(asked({"run", "f", "--seed", "18446744073709551615"}).settings.seed, UINT64_MAX);
}

TEST(CommandLine, RunTakesManySeedsAtOnce) {
  const RunOptions options =
      parsed_as<RunCommand>({"run", "f", "--seeds", "1..200", "-j", "4", "--vary", "handover,cpu", "--fail-fast"})
          .options;
  EXPECT_EQ(options.seeds, (SeedRange{1, 200}));
  EXPECT_EQ(options.jobs, 4);
  EXPECT_EQ(asked(options).settings.vary.to_string(), "handover,cpu");
  EXPECT_TRUE(options.fail_fast);
  EXPECT_EQ(parsed_as<RunCommand>({"run", "f", "--jobs", "auto"}).options.jobs, kAutoJobs);
  EXPECT_FALSE(parsed_as<RunCommand>({"run", "f"}).options.jobs.has_value());
}

TEST(CommandLine, TakesAWorkTypeByItsName) {
  EXPECT_EQ(asked({"run", "f", "--work-type", "Bursty"}).settings.work_type, describe(Bursty{}));
  EXPECT_EQ(asked({"run", "f", "--host", "--work-type", "YieldHeavy"}).settings.work_type, "YieldHeavy");
  EXPECT_EQ(asked({"run", "f"}).settings.work_type, "");
  EXPECT_THAT(refusal({"run", "f", "--work-type", "Lively"}),
              HasSubstr("--work-type: there is no work type 'Lively'; 'ktstr work list'"));
}

TEST(CommandLine, HostModeTakesASeedAndRepetitionsAndAnEmptyScheduler) {
  const auto run = parsed_as<RunCommand>(
      {"run", "f", "--host", "--seed", "3", "--repeat", "2", "--scheduler", "", "--duration", "1s"});
  EXPECT_TRUE(asked(run.options).on_host);
  EXPECT_EQ(asked(run.options).settings.seed, 3U);
  EXPECT_FALSE(asked({"run", "f"}).on_host);
  EXPECT_EQ(refusal({"run", "f", "--host", "-j", "1"}), "accepted");
}

TEST(CommandLine, HostModeRefusesWhatChoosesOrShapesAGuest) {
  EXPECT_THAT(refusal({"run", "f", "--host", "--scheduler", "scx"}), HasSubstr("the scheduler 'scx'"));
  EXPECT_THAT(refusal({"run", "f", "--host", "--kernel", "7.3"}), HasSubstr("the kernel '7.3'"));
  EXPECT_THAT(refusal({"run", "f", "--host", "--seeds", "1..2"}), HasSubstr("--repeat"));
  EXPECT_THAT(refusal({"run", "f", "--host", "-j", "2"}), HasSubstr("--jobs"));
  for (const std::vector<std::string>& flag : std::vector<std::vector<std::string>>{{"--topology", "1n1l1c1t"},
                                                                                    {"--mode", "det"},
                                                                                    {"--memory", "1G"},
                                                                                    {"--shift", "1"},
                                                                                    {"--turn", "1000"},
                                                                                    {"--quantum", "1ms"},
                                                                                    {"--cold"}}) {
    std::vector<std::string> words = {"run", "f", "--host"};
    words.insert(words.end(), flag.begin(), flag.end());
    EXPECT_THAT(refusal(words), HasSubstr(flag[0] + " means nothing together with --host"));
  }
}

TEST(CommandLine, RefusesSeedsWithASeedOrARepetition) {
  EXPECT_THAT(refusal({"run", "f", "--seeds", "1..3", "--seed", "2"}), HasSubstr("--seed and --seeds"));
  EXPECT_THAT(refusal({"run", "f", "--seeds", "1..3", "--repeat", "2"}), HasSubstr("--repeat and --seeds"));
  EXPECT_EQ(refusal({"run", "f", "--seeds", "1..3", "--repeat", "1"}), "accepted");
}

TEST(CommandLine, RefusesValuesThatCannotWorkAndNamesTheOption) {
  EXPECT_THAT(refusal({"run", "f", "--seeds", "3..1"}), HasSubstr("--seeds: '3..1'"));
  EXPECT_THAT(refusal({"run", "f", "--seeds", "1-3"}), HasSubstr("1..200"));
  EXPECT_THAT(refusal({"run", "f", "-j", "0"}), HasSubstr("--jobs: '0'"));
  EXPECT_THAT(refusal({"run", "f", "-j", "many"}), HasSubstr("'auto'"));
  EXPECT_THAT(refusal({"run", "f", "--vary", "weather"}), HasSubstr("--vary: 'weather'"));
  EXPECT_THAT(refusal({"run", "f", "--seed", "18446744073709551616"}), HasSubstr("--seed"));
  EXPECT_THAT(refusal({"run", "f", "--seed", "7x"}), HasSubstr("--seed: '7x'"));
  EXPECT_THAT(refusal({"run", "f", "--repeat", "0"}), HasSubstr("--repeat: '0'"));
  EXPECT_THAT(refusal({"run", "f", "--topology", "1n3l0c1t"}), HasSubstr("--topology"));
  EXPECT_THAT(refusal({"run", "f", "--topology", "2n3l1c1t"}), HasSubstr("--topology"));
  EXPECT_THAT(refusal({"run", "f", "--mode", "fast"}), HasSubstr("accepted: det"));
  EXPECT_THAT(refusal({"run", "f", "--duration", "2"}), HasSubstr("--duration"));
  EXPECT_THAT(refusal({"run", "f", "--duration", "0s"}), HasSubstr("--duration"));
  EXPECT_THAT(refusal({"run", "f", "--memory", "lots"}), HasSubstr("--memory"));
  EXPECT_THAT(refusal({"run", "f", "--shift", "11"}), HasSubstr("--shift: '11'"));
  EXPECT_THAT(refusal({"run", "f", "--quantum", "1h"}), HasSubstr("--quantum"));
  EXPECT_THAT(refusal({"run", "f", "--quantum", "999ns"}), HasSubstr("a vCPU's turn lasts from 1us to 10s"));
  EXPECT_THAT(refusal({"run", "f", "--quantum", "11s"}), HasSubstr("a vCPU's turn lasts from 1us to 10s"));
  EXPECT_THAT(refusal({"run", "f", "--cpu-mips", "0"}), HasSubstr("--cpu-mips: '0'"));
  EXPECT_THAT(refusal({"run", "f", "--cpu-mips", "fast"}), HasSubstr("--cpu-mips: 'fast'"));
  EXPECT_THAT(refusal({"run", "f", "--cpu-mips", "9", "--shift", "1"}), HasSubstr("--shift and --cpu-mips exclude"));
  EXPECT_THAT(refusal({"run", "f", "--turn", "99"}), HasSubstr("--turn: '99'"));
  EXPECT_THAT(refusal({"run", "f", "--turn", "10000001"}), HasSubstr("--turn: '10000001'"));
  EXPECT_THAT(refusal({"run", "f", "--turn", "1000", "--quantum", "1ms"}),
              HasSubstr("--turn and --quantum exclude each other"));
}

TEST(CommandLine, RefusesWhatItDoesNotKnowAndSaysWhereToLook) {
  EXPECT_THAT(refusal({"run", "f", "--sed", "1"}), HasSubstr("'ktstr run --help'"));
  EXPECT_THAT(refusal({"run"}), HasSubstr("'ktstr run --help'"));
  EXPECT_THAT(refusal({}), HasSubstr("'ktstr --help'"));
  EXPECT_THAT(refusal({"frobnicate"}), HasSubstr("'ktstr --help'"));
  EXPECT_THAT(refusal({"kernel"}), HasSubstr("'ktstr kernel --help'"));
  EXPECT_THAT(refusal({"doctor", "--", "x"}), HasSubstr("--"));
}

TEST(CommandLine, TestGivesTheProgramEverythingAfterItsName) {
  const auto test = parsed_as<TestCommand>({"test", "./my_tests", "--help", "--filter", "a", "--", "b"});
  EXPECT_EQ(test.program, "./my_tests");
  EXPECT_THAT(test.arguments, ElementsAre("--help", "--filter", "a", "--", "b"));
}

TEST(CommandLine, KernelCommandsAndDoctor) {
  EXPECT_EQ(parsed_as<KernelFetchCommand>({"kernel", "fetch"}).what, "");
  EXPECT_EQ(parsed_as<KernelFetchCommand>({"kernel", "fetch", "sid"}).what, "sid");
  EXPECT_TRUE(parsed_as<KernelListCommand>({"kernel", "list", "--json"}).json);
  EXPECT_EQ(parsed_as<KernelRemoveCommand>({"kernel", "remove", "k"}).key, "k");
  EXPECT_EQ(parsed_as<KernelPathCommand>({"kernel", "path"}).spec, "");
  EXPECT_FALSE(parsed_as<DoctorCommand>({"doctor"}).json);
}

TEST(CommandLine, WarmCommands) {
  EXPECT_TRUE(parsed_as<WarmListCommand>({"warm", "list", "--json"}).json);
  EXPECT_THAT(parsed_as<WarmCleanCommand>({"warm", "clean"}).digests, ElementsAre());
  EXPECT_THAT(parsed_as<WarmCleanCommand>({"warm", "clean", "01", "ab"}).digests, ElementsAre("01", "ab"));
  const auto build = parsed_as<WarmBuildCommand>({"warm", "build", "--topology", "1n1l2c1t", "--topology", "1n2l2c1t",
                                                  "--kernel", "7.3", "--mode", "det", "--memory", "512M"});
  ASSERT_EQ(build.topologies.size(), 2U);
  EXPECT_EQ(build.topologies[1].to_string(), "1n2l2c1t");
  EXPECT_EQ(asked(build.options).kernel, "7.3");
  EXPECT_EQ(asked(build.options).mode, "det");
  EXPECT_EQ(asked(build.options).settings.memory, Bytes{512} << 20);
  EXPECT_TRUE(parsed_as<WarmBuildCommand>({"warm", "build"}).topologies.empty());
}

TEST(CommandLine, RefusesWarmCommandsThatCannotWork) {
  EXPECT_THAT(refusal({"warm"}), HasSubstr("'ktstr warm --help'"));
  EXPECT_THAT(refusal({"warm", "build", "--topology", "1n3l0c1t"}), HasSubstr("--topology"));
  EXPECT_THAT(refusal({"warm", "build", "1n1l2c1t"}), HasSubstr("1n1l2c1t"));
  EXPECT_THAT(refusal({"warm", "build", "--mode", "fast"}), HasSubstr("accepted: det"));
}

TEST(CommandLine, HelpAndVersionAreTextsAndNoErrors) {
  EXPECT_THAT(parsed_as<ShowText>({"--help"}).text, HasSubstr("doctor"));
  EXPECT_THAT(parsed_as<ShowText>({"run", "--help"}).text, HasSubstr("--topology"));
  EXPECT_THAT(parsed_as<ShowText>({"--version"}).text, StartsWith("ktstr "));
  EXPECT_EQ(parsed_as<ShowText>({"version"}).text, parsed_as<ShowText>({"--version"}).text);
}

TEST(TestProgramArguments, TakeFilterListAndTheFlagsOfRun) {
  const auto parsed = parse_test_program_arguments("t", {"--filter", "a*:b", "--list", "--seed", "3", "--", "x"});
  ASSERT_TRUE(parsed.has_value()) << parsed.error().render();
  const auto& command = std::get<TestProgramCommand>(*parsed);
  EXPECT_TRUE(command.list);
  EXPECT_EQ(command.filter, "a*:b");
  EXPECT_EQ(asked(command.options).settings.seed, 3U);
  EXPECT_THAT(command.options.args, ElementsAre("x"));
}

TEST(TestProgramArguments, RefuseWordsThatAreNoFlags) {
  const auto parsed = parse_test_program_arguments("my_tests", {"two_cgroups"});
  ASSERT_FALSE(parsed.has_value());
  EXPECT_THAT(parsed.error().render(), HasSubstr("'my_tests --help'"));
}

TEST(CommandLine, Replays) {
  const auto plain = parsed_as<ReplayCommand>({"replay", "last"});
  EXPECT_EQ(plain.run, "last");
  EXPECT_EQ(plain.times, 1);
  EXPECT_FALSE(plain.anyway || plain.current || plain.json || plain.with_console || plain.with_events);
  const auto full = parsed_as<ReplayCommand>({"replay", "2026", "--times", "3", "--with", "console,events", "--current",
                                              "--kernel", "7.3", "--anyway", "--json", "-v"});
  EXPECT_EQ(full.times, 3);
  EXPECT_EQ(full.kernel, "7.3");
  EXPECT_EQ(full.verbosity, 1);
  EXPECT_TRUE(full.anyway && full.current && full.json && full.with_console && full.with_events);
}

TEST(CommandLine, RefusesReplaysThatCannotWork) {
  EXPECT_THAT(refusal({"replay"}), HasSubstr("run"));
  EXPECT_THAT(refusal({"replay", "last", "--times", "0"}), HasSubstr("--times"));
  EXPECT_THAT(refusal({"replay", "last", "--with", "trace"}),
              HasSubstr("--with 'trace': no such evidence; accepted: console, events"));
}

TEST(CommandLine, ExportsTraces) {
  const auto plain = parsed_as<TraceCommand>({"trace", "last"});
  EXPECT_EQ(plain.run, "last");
  EXPECT_EQ(plain.output, "");
  EXPECT_EQ(plain.format, TraceCommand::Format::kPerfetto);
  EXPECT_EQ(parsed_as<TraceCommand>({"trace", "last", "--text"}).format, TraceCommand::Format::kText);
  const auto full = parsed_as<TraceCommand>({"trace", "2026", "--json", "-o", "x.json", "-v"});
  EXPECT_EQ(full.format, TraceCommand::Format::kJson);
  EXPECT_EQ(full.output, "x.json");
  EXPECT_EQ(full.verbosity, 1);
  EXPECT_THAT(refusal({"trace"}), HasSubstr("run"));
  EXPECT_THAT(refusal({"trace", "last", "--json", "--text"}), HasSubstr("excludes"));
}

}  // namespace
}  // namespace ktstr::cli
