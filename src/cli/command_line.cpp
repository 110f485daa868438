// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/flags/list_flags.h"
#include "cli/flags/manual_flags.h"
#include "cli/flags/run_flags.h"
#include "cli/flags/setting_flags.h"
#include "cli/manual/command_tree.h"

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

// `ktstr completion --of WORD...`: the words are those of another command line.
bool is_question_of_a_shell(const std::vector<std::string>& arguments) {
  return arguments.size() >= 2 && arguments[0] == "completion" && arguments[1] == "--of";
}

OptionNode node_of(const CLI::Option& option) {
  OptionNode node{.names = {},
                  .type = option.get_type_size() == 0 ? "" : option.get_type_name(),
                  .help = option.get_description(),
                  .positional = option.get_positional(),
                  .required = option.get_required()};
  if (node.positional) {
    node.names.push_back(option.get_name(true));
    node.many = option.get_items_expected_max() > 1;
    return node;
  }
  for (const std::string& name : option.get_lnames()) node.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) node.names.push_back("-" + name);
  node.many = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  return node;
}

CommandNode node_of(const CLI::App& app, const std::string& above) {
  CommandNode node{.name = app.get_name(),
                   .path = above + app.get_name(),
                   .help = app.get_description(),
                   .footer = app.get_footer(),
                   .options = {},
                   .commands = {}};
  for (const CLI::Option* option : app.get_options()) node.options.push_back(node_of(*option));
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; }))
    node.commands.push_back(node_of(*each, node.path + " "));
  return node;
}

// `ktstr` with all its subcommands, in the order of the help.
struct ProgramFlags {
  CLI::App app{"Tests Linux process schedulers in real kernels.", "ktstr"};
  CLI::App* run;
  RunCommand run_command;
  SettingFlags flags;
  std::string file;
  std::optional<ReplayFlags> replay;
  std::optional<TraceFlags> trace;
  std::optional<WhyFlags> why;
  std::optional<RacesFlags> races;
  CLI::App* test;
  std::string program;
  std::optional<KernelCommands> kernel;
  std::optional<WarmCommands> warm;
  std::optional<RunsCommands> runs;
  std::optional<ReportFlags> report;
  std::optional<WorkCommands> work;
  CLI::App* scenarios;
  ScenariosCommand scenarios_command;
  std::optional<SchedulersFlags> schedulers;
  CLI::App* doctor;
  DoctorCommand doctor_command;
  std::optional<ExportFlags> exported;
  std::optional<ManualFlags> manual;
  CLI::App* version;

  ProgramFlags() {
    app.set_version_flag("--version", version_text());
    app.require_subcommand(1);
    run = app.add_subcommand("run", "run a scenario file");
    add_text(*run, "file", file, "FILE.toml|:NAME", "scenario file, or a canned scenario (see ktstr scenarios)")
        ->required();
    flags.add_all(*run);
    replay.emplace(app);
    trace.emplace(app);
    why.emplace(app);
    races.emplace(app);
    test = app.add_subcommand("test", "run the tests of a program that links ktstr::main");
    add_text(*test, "program", program, "PROGRAM", "the test program")->required();
    test->footer("Everything after PROGRAM is given to it; 'ktstr test PROGRAM --help' shows what it understands.");
    kernel.emplace(app);
    warm.emplace(app);
    runs.emplace(app);
    report.emplace(app);
    work.emplace(app);
    scenarios = app.add_subcommand("scenarios", "the canned scenarios, for ktstr run :NAME");
    scenarios->add_flag("--json", scenarios_command.json, "as JSON");
    schedulers.emplace(app);
    doctor = app.add_subcommand("doctor", "what this machine has of what is needed, and how to get the rest");
    doctor->add_flag("--json", doctor_command.json, "as JSON");
    exported.emplace(app);
    manual.emplace(app);
    version = app.add_subcommand("version", "print the version");
  }

  CommandNode tree() const { return node_of(app, ""); }

  // `tests`: the words after "--".
  Result<Command> interpreted(std::vector<std::string> tests) {
    if (!*run && !*races->races && !*work->try_out && !tests.empty())
      return fail(ErrorCode::kInvalidArgument, "only 'ktstr run', 'ktstr races' and 'ktstr test' take words after --");
    if (*version) return Command(ShowText{version_text() + "\n"});
    if (*scenarios) return Command(scenarios_command);
    if (*schedulers->schedulers) return schedulers->interpreted();
    if (*doctor) return Command(doctor_command);
    if (*replay->replay) return replay->interpreted();
    if (*trace->trace) return trace->interpreted();
    if (*why->why) return Command(why->command);
    if (*races->races) return races->interpreted(std::move(tests));
    if (*kernel->kernel) return kernel->command();
    if (*warm->warm) return warm->interpreted();
    if (*runs->runs) return runs->interpreted();
    if (*report->report) return report->interpreted();
    if (*work->work) return work->interpreted(std::move(tests));
    if (*exported->exported) return exported->interpreted();
    if (*manual->completion) return Command(manual->completion_command);
    if (*manual->man) return manual->man_interpreted();
    if (*test) return Command(TestCommand{program, {}});
    run_command.file = file;
    KTSTR_TRY_ASSIGN(run_command.options, flags.options(std::move(tests)));
    return Command(std::move(run_command));
  }
};

}  // namespace

std::string version_text() { return "ktstr " KTSTR_VERSION; }

Result<Command> parse_command_line(const std::vector<std::string>& arguments) {
  if (is_test_command(arguments)) return Command(TestCommand{arguments[1], {arguments.begin() + 2, arguments.end()}});
  if (is_question_of_a_shell(arguments))
    return Command(CompletionCommand{{}, {arguments.begin() + 2, arguments.end()}});

  ProgramFlags flags;
  SplitArguments split = split_at_double_dash(arguments);
  KTSTR_TRY_ASSIGN(ShowText show, parse(flags.app, std::move(split.ours)));
  if (!show.text.empty()) return Command(std::move(show));
  return flags.interpreted(std::move(split.tests));
}

CommandNode command_tree() { return ProgramFlags().tree(); }

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
