// SPDX-License-Identifier: Apache-2.0
#include "cli/run_session.h"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/process.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/run_request.h"
#include "report/repeat_report.h"
#include "report/text_report.h"
#include "results/run_record_json.h"

namespace ktstr::cli {

namespace {

RunRecord record_of(const std::string& test, const Error& error) {
  RunRecord record;
  record.test = test;
  const int code = exit_code_for(error);
  record.outcome = code == kExitUsage ? Outcome::kBadInput : Outcome::kInfrastructure;
  record.error = error.message();
  record.error_hint = error.hint();
  return record;
}

// https://no-color.org
bool stdout_takes_colors() { return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

std::string as_json_list(const std::vector<RunRecord>& records) {
  nlohmann::json list = nlohmann::json::array();
  for (const RunRecord& record : records) list.push_back(nlohmann::json::parse(to_json(record)));
  return list.dump(2) + "\n";
}

}  // namespace

Outcome worse_outcome(Outcome a, Outcome b) {
  if (exit_code(a) == exit_code(b)) return a == Outcome::kSkip ? b : a;
  return worse_exit(exit_code(a), exit_code(b)) == exit_code(a) ? a : b;
}

RunSession::RunSession(const RunOptions& options, RunnerEnvironment environment, bool many_tests)
    : options_(options), environment_(std::move(environment)), many_tests_(many_tests) {
  if (const auto self = own_executable()) beside_ = self->parent_path();
}

Outcome RunSession::refuse(const std::string& test, const Error& error) {
  exit_ = worse_exit(exit_, report_error(error));
  const RunRecord record = record_of(test, error);
  if (options_.json) records_.push_back(record);
  return record.outcome;
}

Outcome RunSession::run(RunRequest request, Invocation invocation) {
  if (const Status resolved = resolve(request, environment_, beside_); !resolved)
    return refuse(request.test, resolved.error());
  request.repeat_command = repeat_command(invocation, request, options_);

  int number = 0;
  const auto done = [&](const RunRecord& record) { show(record, ++number); };
  const auto records = run_repeatedly(request, environment_, options_.repeat, done);
  Outcome worst = records.empty() ? Outcome::kInterrupted : Outcome::kSkip;
  for (const RunRecord& record : records) worst = worse_outcome(worst, record.outcome);
  exit_ = worse_exit(exit_, exit_code(worst));
  if (!options_.json && options_.repeat > 1) print(repeat_summary(records));
  if (options_.json) records_.insert(records_.end(), records.begin(), records.end());
  return worst;
}

// Of many runs the first is shown in full, and after that what differs from it.
void RunSession::show(const RunRecord& record, int number) {
  if (record.outcome == Outcome::kBadInput) {
    report_error(Error(ErrorCode::kInvalidArgument, record.error).with_hint(record.error_hint));
    return;
  }
  if (options_.json) return;
  const std::string found = fmt::format("{} {}", to_string(record.outcome), record.digest);
  if (number == 1) first_found_ = found;
  const bool nothing_new = number > 1 && !record.digest.empty() && found == first_found_;
  if (options_.repeat > 1) {
    const std::string digest = record.digest.empty() ? "nothing ran" : "digest " + record.digest.substr(0, 16);
    print(fmt::format("run {} of {}: {}, {}\n", number, options_.repeat, to_string(record.outcome), digest));
  }
  if (!nothing_new)
    print(text_report(record, {.color = stdout_takes_colors(), .verbose = options_.verbosity > 0}));
}

int RunSession::finish() {
  if (options_.json) print(many_tests_ ? as_json_list(records_) : json_report(records_));
  return exit_;
}

void RunSession::print(std::string_view text) {
  if (const Status printed = print_out(text); !printed) exit_ = worse_exit(exit_, report_error(printed.error()));
}

}  // namespace ktstr::cli
