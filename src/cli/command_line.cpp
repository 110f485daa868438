// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/flags/list_flags.h"
#include "cli/flags/run_flags.h"
#include "cli/flags/setting_flags.h"

namespace ktstr::cli {

namespace {

// Words after the first "--" are the test's own and never reach the parser.
struct SplitArguments {
  std::vector<std::string> ours;
  std::vector<std::string> tests;
};

SplitArguments split_at_double_dash(const std::vector<std::string>& arguments) {
  const auto dash = std::find(arguments.begin(), arguments.end(), "--");
  SplitArguments split;
  split.ours.assign(arguments.begin(), dash);
  if (dash != arguments.end()) split.tests.assign(dash + 1, arguments.end());
  return split;
}

// Parses; a text to show instead of running, or an empty one.
Result<ShowText> parse(CLI::App& app, std::vector<std::string> arguments) {
  std::transform(arguments.begin(), arguments.end(), arguments.begin(), veiled);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the end
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return ShowText{app.help()};
  } catch (const CLI::CallForAllHelp&) {
    return ShowText{app.help("", CLI::AppFormatMode::All)};
  } catch (const CLI::CallForVersion& version) {
    return ShowText{std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    const std::string command = chosen.empty() ? app.get_name() : app.get_name() + " " + chosen.front()->get_name();
    const std::vector<std::string> extras = app.remaining(true);
    const std::string what = extras.empty() ? error.what() : fmt::format("not understood: {}", fmt::join(extras, " "));
    return fail(ErrorCode::kInvalidArgument, "{}", what)
        .with_hint(fmt::format("'{} --help' shows what is understood", command));
  }
  return ShowText{};
}

// `ktstr test PROGRAM ...`: the words after PROGRAM are the program's, whatever they look like.
bool is_test_command(const std::vector<std::string>& arguments) {
  return arguments.size() >= 2 && arguments[0] == "test" && !arguments[1].starts_with("-");
}

}  // namespace

std::string version_text() { return "ktstr " KTSTR_VERSION; }

Result<Command> parse_command_line(const std::vector<std::string>& arguments) {
  if (is_test_command(arguments)) return Command(TestCommand{arguments[1], {arguments.begin() + 2, arguments.end()}});

  CLI::App app("Tests Linux process schedulers in real kernels.", "ktstr");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);

  CLI::App* run = app.add_subcommand("run", "run a scenario file");
  RunCommand run_command;
  SettingFlags flags;
  std::string file;
  add_text(*run, "file", file, "FILE.toml|:NAME", "scenario file, or a canned scenario (see ktstr scenarios)")
      ->required();
  flags.add_all(*run);

  const ReplayFlags replay(app);
  const TraceFlags trace(app);
  const WhyFlags why(app);
  const RacesFlags races(app);

  std::string program;
  CLI::App* test = app.add_subcommand("test", "run the tests of a program that links ktstr::main");
  add_text(*test, "program", program, "PROGRAM", "the test program")->required();
  test->footer("Everything after PROGRAM is given to it; 'ktstr test PROGRAM --help' shows what it understands.");

  const KernelCommands kernel(app);
  const WarmCommands warm(app);
  const RunsCommands runs(app);
  const ReportFlags report(app);

  const WorkCommands work(app);

  ScenariosCommand scenarios_command;
  CLI::App* scenarios = app.add_subcommand("scenarios", "the canned scenarios, for ktstr run :NAME");
  scenarios->add_flag("--json", scenarios_command.json, "as JSON");

  const SchedulersFlags schedulers(app);

  DoctorCommand doctor_command;
  CLI::App* doctor = app.add_subcommand("doctor", "what this machine has of what is needed, and how to get the rest");
  doctor->add_flag("--json", doctor_command.json, "as JSON");

  CLI::App* version = app.add_subcommand("version", "print the version");

  SplitArguments split = split_at_double_dash(arguments);
  KTSTR_TRY_ASSIGN(ShowText show, parse(app, std::move(split.ours)));
  if (!show.text.empty()) return Command(std::move(show));
  if (!*run && !*races.races && !*work.try_out && !split.tests.empty())
    return fail(ErrorCode::kInvalidArgument, "only 'ktstr run', 'ktstr races' and 'ktstr test' take words after --");
  if (*version) return Command(ShowText{version_text() + "\n"});
  if (*scenarios) return Command(scenarios_command);
  if (*schedulers.schedulers) return schedulers.interpreted();
  if (*doctor) return Command(doctor_command);
  if (*replay.replay) return replay.interpreted();
  if (*trace.trace) return trace.interpreted();
  if (*report.report) return report.interpreted();
  if (*why.why) return Command(why.command);
  if (*races.races) return races.interpreted(std::move(split.tests));
  if (*kernel.kernel) return kernel.command();
  if (*warm.warm) return warm.interpreted();
  if (*runs.runs) return runs.interpreted();
  if (*work.work) return work.interpreted(std::move(split.tests));
  if (*test) return Command(TestCommand{program, {}});
  run_command.file = file;
  KTSTR_TRY_ASSIGN(run_command.options, flags.options(std::move(split.tests)));
  return Command(std::move(run_command));
}

Result<std::variant<ShowText, TestProgramCommand>> parse_test_program_arguments(
    const std::string& program_name, const std::vector<std::string>& arguments) {
  using Parsed = std::variant<ShowText, TestProgramCommand>;
  CLI::App app("Scheduler tests, each in a real kernel of its own.", program_name);
  app.set_version_flag("--version", version_text());
  TestProgramCommand command;
  SettingFlags flags;
  app.add_flag("--list", command.list, "print the names of the tests; with --json, what each asks for");
  add_text(app, "--filter", command.filter, "GLOB[:GLOB]",
           "run the tests whose names match one of these patterns (* and ?)");
  flags.add_all(app);

  SplitArguments split = split_at_double_dash(arguments);
  KTSTR_TRY_ASSIGN(ShowText show, parse(app, std::move(split.ours)));
  if (!show.text.empty()) return Parsed(std::move(show));
  KTSTR_TRY_ASSIGN(command.options, flags.options(std::move(split.tests)));
  return Parsed(std::move(command));
}

}  // namespace ktstr::cli
