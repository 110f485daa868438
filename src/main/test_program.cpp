// SPDX-License-Identifier: Apache-2.0
#include "main/test_program.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <variant>

#include "base/log.h"
#include "base/system/process.h"
#include "base/text/duration.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/name_filter.h"
#include "cli/output.h"
#include "cli/run_request.h"
#include "cli/run_session.h"
#include "guest/body.h"
#include "host/host_body.h"
#include "main/registry.h"

namespace ktstr {

namespace {

using cli::TestProgramCommand;

int run_body(const std::vector<TestEntry>& tests, const std::string& name, bool on_host) {
  const auto is_wanted = [&](const TestEntry& entry) { return entry.name == name; };
  const auto test = std::find_if(tests.begin(), tests.end(), is_wanted);
  if (test == tests.end()) return cli::report_error(fail(ErrorCode::kNotFound, "no test is named '{}'", name));
  return on_host ? host_body_main(test->body) : guest_body_main(test->name, test->body);
}

std::string list_of(const std::vector<TestEntry>& tests, bool json) {
  std::string names;
  nlohmann::json document = nlohmann::json::array();
  for (const TestEntry& test : tests) {
    names += test.name + "\n";
    document.push_back({{"name", test.name},
                        {"file", test.file},
                        {"line", test.line},
                        {"topology", test.attributes.topology.empty() ? kDefaultTopology : test.attributes.topology},
                        {"scheduler", test.attributes.scheduler},
                        {"duration", format_duration(test.attributes.duration)},
                        {"expect_failure", test.attributes.expect_failure.kind},
                        {"expect_text", test.attributes.expect_failure.text},
                        {"expect_pattern", test.attributes.expect_failure.pattern},
                        {"host_only", test.attributes.host_only}});
  }
  return json ? document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n" : names;
}

Result<std::vector<TestEntry>> select(const std::vector<TestEntry>& tests, const std::string& patterns) {
  const cli::NameFilter filter(patterns);
  std::vector<TestEntry> selected;
  std::copy_if(tests.begin(), tests.end(), std::back_inserter(selected),
               [&](const TestEntry& test) { return filter.selects(test.name); });
  if (!selected.empty()) return selected;
  if (tests.empty())
    return fail(ErrorCode::kInvalidArgument, "this program has no tests")
        .with_hint("KTSTR_TEST(name, {...}) { ... } declares one");
  // A run of nothing must not look like a run without failures.
  return fail(ErrorCode::kInvalidArgument, "no test matches --filter '{}'", patterns)
      .with_hint("--list shows the names");
}

int run_tests(const std::vector<TestEntry>& tests, const TestProgramCommand& command) {
  const auto program = own_executable();
  if (!program) return cli::report_error(program.error());
  RunnerEnvironment environment = RunnerEnvironment::from_process();
  environment.verbose = command.options.verbosity > 0;
  cli::RunSession session(command.options, std::move(environment), true);
  install_interrupt_handler();
  const auto schedulers = schedulers_declared_in(*program, registered_schedulers());
  for (const TestEntry& test : tests)
    session.add(
        test.name,
        [&](const cli::RunOptions& options) { return cli::request_for_test(test, *program, options, schedulers); },
        {.program = *program, .selection = {"--filter", test.name}, .environment = cli::deciding_environment()},
        test.attributes.host_only);
  const int exit = session.run_all();
  if (session.is_quiet()) return exit;
  const BatchResult& found = session.result();
  const Status printed = cli::print_out(summary_line(found.tests_by_outcome(), found.tests_not_run()) + "\n");
  return printed ? exit : worse_exit(exit, cli::report_error(printed.error()));
}

int print(const std::string& text) {
  const Status printed = cli::print_out(text);
  return printed ? cli::kExitOk : cli::report_error(printed.error());
}

// Not as a body.
int run_command(const std::vector<TestEntry>& tests, const std::string& program_name,
                const std::vector<std::string>& arguments) {
  const auto parsed = cli::parse_test_program_arguments(program_name, arguments);
  if (!parsed) return cli::report_error(parsed.error());
  if (const auto* text = std::get_if<cli::ShowText>(&*parsed)) return print(text->text);
  const auto& command = std::get<TestProgramCommand>(*parsed);
  cli::set_verbosity(command.options.verbosity);
  if (command.list && tests.empty()) return print(command.options.json ? "[]\n" : "");
  const auto selected = select(tests, command.filter);
  if (!selected) return cli::report_error(selected.error());
  if (command.list) return print(list_of(*selected, command.options.json));
  return run_tests(*selected, command);
}

}  // namespace

std::string summary_line(const std::map<Outcome, int>& tally, int not_run) {
  constexpr std::array<std::pair<Outcome, const char*>, 7> kWords = {{{Outcome::kPass, "passed"},
                                                                      {Outcome::kFail, "failed"},
                                                                      {Outcome::kInconclusive, "inconclusive"},
                                                                      {Outcome::kSkip, "skipped"},
                                                                      {Outcome::kInfrastructure, "could not be run"},
                                                                      {Outcome::kBadInput, "refused"},
                                                                      {Outcome::kInterrupted, "interrupted"}}};
  int all = 0;
  std::string parts;
  for (const auto& [outcome, word] : kWords) {
    const auto found = tally.find(outcome);
    if (found == tally.end() || found->second == 0) continue;
    all += found->second;
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", found->second, word);
  }
  if (parts.empty()) parts = "nothing ran";
  if (not_run > 0) parts += fmt::format(", {} not run", not_run);
  all += not_run;
  return fmt::format("{} test{}: {}", all, all == 1 ? "" : "s", parts);
}

int run_test_program(const std::vector<TestEntry>& tests, const std::string& program_name,
                     const std::vector<std::string>& arguments) {
  if (!arguments.empty())
    for (const std::string_view argument : {kBodyArgument, kHostBodyArgument})
      if (arguments.front().starts_with(argument))
        return run_body(tests, arguments.front().substr(argument.size()), argument == kHostBodyArgument);

  return cli::guarded([&] { return run_command(tests, program_name, arguments); });
}

}  // namespace ktstr
