// SPDX-License-Identifier: Apache-2.0
#include "cli/run_session.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/system/process.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/run_request.h"
#include "cli/shown_report.h"
#include "report/explore_report.h"
#include "report/matrix_report.h"
#include "report/repeat_report.h"
#include "report/units.h"
#include "results/run_record_json.h"
#include "runner/environment.h"

namespace ktstr::cli {

namespace {

Error error_of(const RunRecord& record) {
  return Error(ErrorCode::kInvalidArgument, record.error).with_hint(record.error_hint);
}

std::string as_json_list(const std::vector<RunRecord>& records) {
  nlohmann::json list = nlohmann::json::array();
  for (const RunRecord& record : records) list.push_back(nlohmann::json::parse(to_json(record)));
  return list.dump(2) + "\n";
}

// What the environment says counts where no flag says it. A mistake in it is left in `refused`.
std::vector<ReportTarget> targets(const RunOptions& options, Status& refused) {
  const char* const value = std::getenv("KTSTR_REPORT");
  if (!options.reports.empty() || value == nullptr) return options.reports;
  RunOptions with = options;
  auto parsed = ReportFiles::parse(value);
  if (parsed) {
    with.reports = *std::move(parsed);
    refused = check_together(with).context("KTSTR_REPORT");
  } else {
    refused = std::move(parsed).error().context("KTSTR_REPORT");
  }
  return with.reports;
}

}  // namespace

RunSession::RunSession(const RunOptions& options, RunnerEnvironment environment, bool many_tests)
    : options_(options),
      environment_(std::move(environment)),
      many_tests_(many_tests),
      reports_(targets(options, refused_)),
      is_quiet_(options.json || reports_.takes_output()),
      progress_(Progress::kind(), is_quiet_),
      batch_{.seeds = options.seeds, .repeat = options.repeat} {
  if (const auto self = own_executable()) beside_ = self->parent_path();
}

void RunSession::add(std::string name, std::function<Result<RunRequest>(const RunOptions&)> request,
                     Invocation invocation, bool host_only) {
  BatchTest& test = batch_.tests.emplace_back();
  test.name = std::move(name);
  test.axes = options_.axes(host_only || options_.gives("--host"));
  test.request = [this, make = std::move(request)](const auto& values) { return make(options_.at(values)); };
  test.prepare = [this](RunRequest& made) { return prepare(made); };
  test.repeat_command = [this, of = std::move(invocation)](const auto& made) {
    return repeat_command(of, made, options_);
  };
}

Status RunSession::prepare(RunRequest& request) const {
  KTSTR_TRY(has_directories(environment_));
  KTSTR_TRY(resolve(request, environment_, beside_));
  if (!request.on_host && batch_.runs_of_cell() > 1) {
    // Once for all runs; what cannot be packed is said by the run itself.
    if (auto packed = pack_inputs(request, environment_)) request.packed = *std::move(packed);
  }
  return ok();
}

PoolOptions RunSession::pool(bool is_matrix) {
  const int one_or_auto = many_tests_ || options_.seeds || is_matrix ? kAutoJobs : 1;
  PoolOptions pool = pool_for_runs(options_.jobs.value_or(one_or_auto), environment_);
  pool.fail_fast = options_.fail_fast;
  pool.progress = [this](const PoolState& state) { progress_.show(state); };
  return pool;
}

int RunSession::run_all() {
  for (const Status& ready : {refused_, reports_.prepare()})
    if (!ready) return report_error(ready.error());
  const std::uint64_t cells = batch_.cells();
  BatchOptions options{.pool = pool(cells > batch_.tests.size()), .keep_records = options_.json || options_.repeat > 1};
  options.run = [this](const RunRequest& request) { return ktstr::run(request, environment_); };
  options.ran = [&](const Cell& cell, const RunRecord& record, std::uint64_t number) {
    if (number == 1) introduce(cell, cells);
    show(cell, record, number);
    reports_.add(cell, record, number);
  };
  options.ended = [this](const Cell& cell) { conclude(cell); };
  result_ = run_batch(batch_, options);
  progress_.show({});
  exit_ = worse_exit(exit_, result_.exit());
  // Also when it came between two runs: those after it were not made.
  if (interrupted()) exit_ = worse_exit(exit_, exit_code(Outcome::kInterrupted));
  if (options_.json)
    print(document());
  else if (result_.is_matrix() && !is_quiet_ && !options_.quiet)
    print("\n" + matrix_report(result_, stdout_takes_colors()));
  write_reports();
  return exit_;
}

// Which cell of a matrix comes.
void RunSession::introduce(const Cell& cell, std::uint64_t cells) {
  if (is_quiet_ || options_.quiet || cells == batch_.tests.size()) return;
  const std::string values = describe(cell.values);
  const std::string what = many_tests_ ? cell.test + (values.empty() ? "" : ", ") + values : values;
  print(fmt::format("cell {} of {}: {}\n", cell.number, cells, printable(what)));
}

// Of many runs the first is shown in full, and after that what differs from it.
void RunSession::show(const Cell& cell, const RunRecord& record, std::uint64_t number) {
  if (record.outcome == Outcome::kBadInput || cell.refusal) {
    report_error(error_of(record));
    return;
  }
  if (cell.exploration) return show_seed(record);
  if (is_quiet_) return;
  if (options_.quiet) return print(shown_verdict(record));
  const bool nothing_new = !cell.records.empty() && !record.digest.empty() &&
                           record.outcome == cell.records.front().outcome &&
                           record.digest == cell.records.front().digest;
  if (options_.repeat > 1) {
    const std::string digest = record.digest.empty() ? "nothing ran" : "digest " + record.digest.substr(0, 16);
    print(fmt::format("run {} of {}: {}, {}\n", number, options_.repeat, to_string(record.outcome), digest));
  }
  if (!nothing_new) print(shown_report(record, options_.verbosity > 0));
}

// A pass is only counted, and so is what an interrupt ended.
void RunSession::show_seed(const RunRecord& record) {
  if (is_quiet_ || options_.quiet || record.outcome == Outcome::kInterrupted) return;
  if (record.outcome == Outcome::kPass && options_.verbosity == 0) return;
  print(seed_line(record));
}

void RunSession::conclude(const Cell& cell) {
  if (is_quiet_ || cell.refusal) return;
  // The first line of either says what came of it.
  const auto as_asked = [&](std::string text) {
    if (options_.quiet) text.resize(std::min(text.size(), text.find('\n') + 1));
    return text;
  };
  if (!cell.exploration && options_.repeat > 1) print(as_asked(repeat_summary(cell.records)));
  if (cell.exploration && worst_outcome(cell) != Outcome::kBadInput)
    print(as_asked(explore_report(*cell.exploration, stdout_takes_colors())));
}

std::string RunSession::document() const {
  if (options_.seeds) {
    std::vector<Exploration> explorations;
    for (const Cell& cell : result_.cells)
      if (!cell.counts.empty()) explorations.push_back(*cell.exploration);
    const bool is_one = !many_tests_ && result_.cells.size() == 1 && explorations.size() == 1;
    return is_one ? explore_json(explorations.front()) : explore_json(explorations);
  }
  if (!many_tests_) return json_report(result_);
  std::vector<RunRecord> records;
  for (const Cell& cell : result_.cells) records.insert(records.end(), cell.records.begin(), cell.records.end());
  return as_json_list(records);
}

void RunSession::write_reports() {
  const auto output = reports_.write();
  if (!output)
    exit_ = worse_exit(exit_, report_error(output.error()));
  else if (!output->empty())
    print(*output);
}

void RunSession::print(std::string_view text) {
  if (const Status printed = print_out(text); !printed) exit_ = worse_exit(exit_, report_error(printed.error()));
}

}  // namespace ktstr::cli
