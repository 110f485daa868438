// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/output_file.h"
#include "base/text/users_mistake.h"
#include "cli/commands/commands.h"
#include "cli/commands/runs_report.h"
#include "cli/exit_status.h"
#include "cli/name_filter.h"
#include "cli/output.h"
#include "cli/report_files.h"
#include "cli/shown_report.h"
#include "report/page/html_report.h"
#include "results/find_run.h"
#include "results/run_directory.h"
#include "results/run_id.h"
#include "results/run_record_json.h"
#include "runner/environment.h"
#include "runner/interrupt.h"

namespace ktstr::cli {

namespace {

Result<fs::path> state_dir() {
  const RunnerEnvironment environment = RunnerEnvironment::from_process();
  KTSTR_TRY(has_directories(environment));
  return environment.state_dir;
}

// Of a run without a result that can be read: a report without it would hide it. None: it is still under way.
std::optional<RunRecord> without_result(const fs::path& run) {
  if (const auto lock = hold_run(run); !lock && lock.error().code() == ErrorCode::kBusy) return std::nullopt;
  RunRecord record;
  record.id = run.filename().string();
  record.test = test_of_run_id(record.id);
  record.outcome = Outcome::kInfrastructure;
  std::error_code error;
  record.error = fs::exists(run / "result.json", error) ? "its result.json cannot be read"
                                                        : "it left no result: its ktstr was killed";
  record.run_dir = run.string();
  return record;
}

// Finished ones, newest first; `and_lost`: also those whose result is lost.
std::vector<RunRecord> select(const fs::path& state, const RunsSelection& wanted, bool and_lost = false) {
  const NameFilter tests(wanted.test);
  std::vector<RunRecord> records;
  for (const std::string& id : run_ids(state)) {
    auto record = finished_run(state / "runs" / id);
    if (!record && and_lost) record = without_result(state / "runs" / id);
    if (!record) continue;
    if (!tests.selects(record->test) || (wanted.failed && exit_code(record->outcome) == 0)) continue;
    records.push_back(*std::move(record));
  }
  return records;
}

Status list(const RunsListCommand& command) {
  KTSTR_TRY_ASSIGN(const fs::path state, state_dir());
  std::vector<RunRecord> records = select(state, command.wanted);
  const std::size_t all = records.size();
  if (!command.json) records.resize(std::min(all, command.most));
  return print_out(command.json ? runs_list_json(records) : runs_list_text(records, all, stdout_columns()));
}

Status show(const RunsShowCommand& command) {
  KTSTR_TRY_ASSIGN(const fs::path state, state_dir());
  KTSTR_TRY_ASSIGN(const fs::path run, find_run(state, command.run));
  KTSTR_TRY_ASSIGN(const RunRecord record, load_run_record(run));
  if (command.json) return print_out(to_json(record));
  return print_out(shown_report(record, command.verbose));
}

// The named ones; none named: all that are wanted, as they were made.
Result<std::vector<RunRecord>> gather(const std::vector<std::string>& names, const RunsSelection& wanted) {
  KTSTR_TRY_ASSIGN(const fs::path state, state_dir());
  std::vector<RunRecord> records;
  for (const std::string& name : names) {
    KTSTR_TRY_ASSIGN(const fs::path run, find_run(state, name));
    KTSTR_TRY_ASSIGN(RunRecord record, load_run_record(run));
    record.run_dir = run.string();  // one that was moved knows another
    records.push_back(std::move(record));
  }
  if (!names.empty()) return records;
  records = select(state, wanted, true);
  std::reverse(records.begin(), records.end());
  return records;
}

Status export_runs(const RunsExportCommand& command) {
  KTSTR_TRY_ASSIGN(const std::vector<RunRecord> records, gather(command.runs, command.wanted));
  ReportFiles files(command.reports);
  KTSTR_TRY(files.prepare());
  for (const RunRecord& record : records) files.add(record);
  KTSTR_TRY_ASSIGN(const std::string output, files.write());
  return print_out(output);
}

Status write_page(const ReportCommand& command) {
  const std::vector<std::string> last = {"last"};
  KTSTR_TRY_ASSIGN(const std::vector<RunRecord> records,
                   gather(command.runs.empty() && !command.all ? last : command.runs, command.wanted));
  if (records.empty())
    return Error(ErrorCode::kNotFound, "no run that is kept is one of these")
        .with_hint("'ktstr runs list' shows what is kept");
  if (command.output != "-") KTSTR_TRY(check_output(command.output));
  std::vector<ReportedRun> runs;
  for (const RunRecord& record : records) runs.push_back(reported(record, true));
  const std::string page = html_report(runs);
  if (command.output == "-") return print_out(page);
  std::error_code error;
  if (const fs::path above = fs::path(command.output).parent_path(); !above.empty())
    fs::create_directories(above, error);
  if (Status written = write_output(command.output, as_byte_span(page)); !written)
    return users_mistake(std::move(written).error());
  return print_out(fmt::format("{}: {} run{}, {}\n", command.output, records.size(), records.size() == 1 ? "" : "s",
                               format_bytes(page.size())));
}

Status clean(const RunsCleanCommand& command) {
  KTSTR_TRY_ASSIGN(const fs::path state, state_dir());
  std::size_t removed = 0;
  for (const std::string& name : command.runs) {
    KTSTR_TRY_ASSIGN(const fs::path run, find_run(state, name));
    if (run.parent_path() != state / "runs")
      return fail(ErrorCode::kInvalidArgument, "{} is no run that is kept in {}", run.string(),
                  (state / "runs").string());
    KTSTR_TRY(remove_run_directory(run).context(name));
    ++removed;
  }
  // Objects that no run has any more go with either.
  KTSTR_TRY_ASSIGN(const std::size_t pruned, prune_runs(state, command.runs.empty() ? command.keep : SIZE_MAX));
  removed += pruned;
  return print_out(fmt::format("{} run{} removed, {} left\n", removed, removed == 1 ? "" : "s", run_ids(state).size()));
}

int finish_runs(const Status& status) { return status || nobody_reads() ? kExitOk : report_error(status.error()); }

}  // namespace

int execute(const RunsListCommand& command) { return finish_runs(list(command)); }
int execute(const RunsShowCommand& command) { return finish_runs(show(command)); }
int execute(const RunsExportCommand& command) { return finish_runs(export_runs(command)); }
int execute(const ReportCommand& command) { return finish_runs(write_page(command)); }
int execute(const RunsCleanCommand& command) { return finish_runs(clean(command)); }

}  // namespace ktstr::cli
