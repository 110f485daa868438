// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/system/process.h"
#include "cli/commands/commands.h"
#include "cli/commands/races.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/repeat_command.h"
#include "cli/run_request.h"
#include "results/find_run.h"
#include "runner/environment.h"
#include "runner/interrupt.h"
#include "runner/replay/stored_request.h"
#include "scenario_file/scenario_file.h"
#include "scenario_file/smaller.h"
#include "trace/trace_file.h"

namespace ktstr::cli {

namespace {

// The test of a search, cut down. Such a test is a file of its own, so that its run can be repeated.
class SmallerTests {
 public:
  SmallerTests(const RacesCommand& command, const RunRequest& whole, const RunnerEnvironment& environment)
      : file_(command.file.string()),
        whole_text_(whole.scenario_text),
        duration_given_(command.options.gives("--duration")),
        environment_(environment) {}

  // None where the file names others by paths from where it lies: it would not be the same test elsewhere.
  std::vector<RunRequest> of(const RunRequest& request) const {
    std::vector<RunRequest> all;
    if (request.definition || !request.staged.empty() || !request.payloads.empty() || !request.include_files.empty() ||
        !request.scheduler_include.empty())
      return all;
    for (std::string& text : smaller_scenarios(request.scenario_text)) {
      const auto scenario = parse_scenario(text, file_);
      if (!scenario) continue;
      RunRequest smaller = request;
      smaller.scenario_text = std::move(text);
      if (!duration_given_) smaller.settings.duration = scenario->settings.duration;
      auto packed = pack_inputs(smaller, environment_);
      if (!packed) continue;
      smaller.packed = *std::move(packed);
      all.push_back(std::move(smaller));
    }
    return all;
  }

  Invocation named(Invocation invocation, const RunRequest& request) const {
    if (request.scenario_text == whole_text_) return invocation;
    const std::filesystem::path file =
        environment_.state_dir / "races" /
        fmt::format("{}-{}.toml", request.settings.test, sha256(as_byte_span(request.scenario_text)).substr(0, 12));
    const Status written = write_atomically(file, as_byte_span(request.scenario_text));
    if (!written) log_warn("{}", written.error().message());
    invocation.selection = {"run", named_for_repeat(file)};
    return invocation;
  }

 private:
  std::string file_, whole_text_;
  bool duration_given_;
  const RunnerEnvironment& environment_;
};

Result<int> find_races(const RacesCommand& command) {
  RunnerEnvironment environment = RunnerEnvironment::from_process();
  environment.verbose = command.options.verbosity > 0;
  KTSTR_TRY(has_directories(environment));
  KTSTR_TRY_ASSIGN(const std::filesystem::path program, own_executable());
  KTSTR_TRY_ASSIGN(RunRequest request, request_for_file(command.file, command.options));
  if (!request.has_scheduler() && request.watch_kernel.empty())
    return Error(ErrorCode::kInvalidArgument, "no BPF scheduler is under test, whose code could be watched")
        .with_hint("name one with --scheduler, or functions of the kernel with --watch-kernel");
  KTSTR_TRY(resolve(request, environment, program.parent_path()));
  const Invocation invocation{
      .program = program, .selection = {"run", named_for_repeat(command.file)}, .environment = deciding_environment()};
  const SmallerTests smaller(command, request, environment);
  const auto again = [&](const RunRequest& one) {
    return repeat_command(smaller.named(invocation, one), one, command.options);
  };
  request.repeat_command = again(request);
  KTSTR_TRY_ASSIGN(request.packed, pack_inputs(request, environment));
  install_interrupt_handler();
  Progress progress(Progress::kind(), command.options.json);
  RaceSearchOptions options{.pool = pool_for_runs(command.options.jobs.value_or(kAutoJobs), environment),
                            .most_runs = command.most_runs,
                            .tries = command.tries,
                            .first_only = command.first_only,
                            .shorten = command.shorten,
                            .made_runs_dir = environment.state_dir / "races",
                            .resume = command.resume};
  if (command.budget) options.until = std::chrono::steady_clock::now() + *command.budget;
  options.pool.progress = [&](const PoolState& state) { progress.show(state); };
  options.repeat_command = again;
  options.smaller = [&](const RunRequest& one) { return smaller.of(one); };
  options.run = [&](const RunRequest& one) { return run(one, environment); };
  const RaceSearch search = search_races(request, options);
  progress.show({});
  KTSTR_TRY(print_out(command.options.json ? races_json(search)
                                           : races_text(search, command.options.verbosity > 0, stdout_takes_colors())));
  if (search.interrupted) return exit_code(Outcome::kInterrupted);
  if (!search.why_not.empty()) {
    const bool said = search.watched.outcome != Outcome::kPass && search.watched.outcome != Outcome::kInconclusive;
    if (said && !search.watched.error.empty())
      report_error(Error(ErrorCode::kInvalidArgument, search.watched.error).with_hint(search.watched.error_hint));
    return exit_code(said ? search.watched.outcome : Outcome::kInconclusive);
  }
  return search.harmful() != 0 ? exit_code(Outcome::kFail) : exit_code(Outcome::kPass);
}

Result<int> explain_race(const RacesCommand& command) {
  const RunnerEnvironment environment = RunnerEnvironment::from_process();
  KTSTR_TRY_ASSIGN(const std::filesystem::path dir, find_run(environment.state_dir, command.explain));
  KTSTR_TRY_ASSIGN(const StoredRun stored, load_stored_run(dir));
  if (!stored.record) return fail(ErrorCode::kNotFound, "{} did not come to a result", stored.id);
  const RunRecord& record = *stored.record;
  auto story = race_story(dir / kTraceFileName, record.tuple.schedule);
  if (!story)
    return Error(story.error())
        .with_hint("runs that `ktstr races` names, and those of ktstr run --hold, have such a story");
  KTSTR_TRY(print_out(command.options.json ? race_story_json(*story, record) : race_story_text(*story, record)));
  return exit_code(Outcome::kPass);
}

}  // namespace

int execute(const RacesCommand& command) {
  set_verbosity(command.options.verbosity);
  const Result<int> exit = command.explain.empty() ? find_races(command) : explain_race(command);
  return exit ? *exit : report_error(exit.error());
}

}  // namespace ktstr::cli
