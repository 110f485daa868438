// SPDX-License-Identifier: Apache-2.0
#include "cli/run_session.h"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/system/process.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/run_request.h"
#include "report/explore_report.h"
#include "report/repeat_report.h"
#include "report/text_report.h"
#include "results/run_record_json.h"
#include "runner/environment.h"
#include "runner/explore.h"

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

Error error_of(const RunRecord& record) {
  return Error(ErrorCode::kInvalidArgument, record.error).with_hint(record.error_hint);
}

// https://no-color.org
bool stdout_takes_colors() { return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

std::string as_json_list(const std::vector<RunRecord>& records) {
  nlohmann::json list = nlohmann::json::array();
  for (const RunRecord& record : records) list.push_back(nlohmann::json::parse(to_json(record)));
  return list.dump(2) + "\n";
}

}  // namespace

RunSession::RunSession(const RunOptions& options, RunnerEnvironment environment, bool many_tests)
    : options_(options),
      environment_(std::move(environment)),
      many_tests_(many_tests),
      progress_(Progress::kind(), options.json) {
  if (const auto self = own_executable()) beside_ = self->parent_path();
}

void RunSession::refuse(const std::string& test, const Error& error) {
  Entry& entry = entries_.emplace_back();
  entry.request.settings.test = test;
  entry.refusal = error;
}

void RunSession::add(RunRequest request, Invocation invocation) {
  if (const Status places = has_directories(environment_); !places)
    return refuse(request.settings.test, places.error());
  if (const Status resolved = resolve(request, environment_, beside_); !resolved)
    return refuse(request.settings.test, resolved.error());
  request.repeat_command = repeat_command(invocation, request, options_);
  if (!request.on_host && (options_.repeat > 1 || options_.seeds)) {
    // Once for all runs; what cannot be packed is said by the run itself.
    if (auto packed = pack_inputs(request, environment_)) request.packed = *std::move(packed);
  }
  Entry& entry = entries_.emplace_back();
  entry.ram = request.on_host ? 0 : ram_of(request);
  entry.request = std::move(request);
  entry.invocation = std::move(invocation);
}

PoolOptions RunSession::pool() {
  const int one_or_auto = many_tests_ || options_.seeds ? kAutoJobs : 1;
  PoolOptions pool = pool_for_runs(options_.jobs.value_or(one_or_auto), environment_);
  pool.fail_fast = options_.fail_fast;
  pool.progress = [this](const PoolState& state) { progress_.show(state); };
  return pool;
}

void RunSession::run_all() {
  if (!options_.seeds) return run_once_or_repeatedly();
  for (Entry& entry : entries_) {
    const bool failed = tally_.contains(Outcome::kFail) || tally_.contains(Outcome::kInfrastructure) ||
                        tally_.contains(Outcome::kBadInput);
    if (interrupted() || (options_.fail_fast && failed)) break;
    explore_seeds(entry);
  }
}

void RunSession::run_once_or_repeatedly() {
  const auto times = static_cast<std::uint64_t>(options_.repeat);
  std::vector<Entry*> entries;
  for (Entry& entry : entries_) entries.push_back(&entry);
  const auto job = [&](std::uint64_t index) { return job_of(*entries[index / times]); };
  const auto done = [&](std::uint64_t index, RunRecord record) {
    Entry& entry = *entries[index / times];
    take(entry, static_cast<int>(index % times) + 1, std::move(record));
    if (index % times + 1 == times) conclude(entry);
    return true;
  };
  run_pool(entries.size() * times, job, pool(), done);
  progress_.show({});
  for (Entry* entry : entries) conclude(*entry);  // those that were stopped on their way
}

RunRecord RunSession::run_one(const RunRequest& request) const { return ktstr::run(request, environment_); }

PoolJob RunSession::job_of(Entry& entry) const {
  return {entry.ram, [this, &entry] {
            if (entry.refusal) return record_of(entry.request.settings.test, *entry.refusal);
            RunRecord record;
            record.outcome = Outcome::kBadInput;
            if (!entry.is_bad_input) record = run_one(entry.request);
            if (record.outcome == Outcome::kBadInput) entry.is_bad_input = true;
            return record;
          }};
}

void RunSession::take(Entry& entry, int number, RunRecord record) {
  if (record.test.empty()) record.test = entry.request.settings.test;  // not even begun
  const bool is_first = entry.records.empty();
  if (!is_first && (entry.refusal || entry.records.front().outcome == Outcome::kBadInput)) return;
  if (!is_first) compare_repeated(entry.records.front(), record);
  entry.worst = worse_outcome(entry.worst.value_or(Outcome::kSkip), record.outcome);
  show(entry, record, number);
  if (is_first || options_.json || options_.repeat > 1) entry.records.push_back(std::move(record));
}

void RunSession::conclude(Entry& entry) {
  if (!entry.worst) return;
  settle(*entry.worst);
  entry.worst.reset();
  if (!options_.json && options_.repeat > 1 && !entry.refusal) print(repeat_summary(entry.records));
}

void RunSession::explore_seeds(Entry& entry) {
  Exploration found;
  if (entry.refusal) {
    const RunRecord refused = record_of(entry.request.settings.test, *entry.refusal);
    report_error(*entry.refusal);
    found.test = refused.test;
    found.range = *options_.seeds;
    found.results = {{found.range.from, refused.outcome, "", ""}};
    found.first_trouble = refused.error;
  } else {
    found = explore({.range = *options_.seeds,
                     .pool = pool(),
                     .request =
                         [&](std::uint64_t seed) {
                           RunRequest request = entry.request;
                           request.settings.seed = seed;
                           request.repeat_command = repeat_command(entry.invocation, request, options_);
                           return request;
                         },
                     .run = [&](const RunRequest& request) { return run_one(request); },
                     .done = [&](const RunRecord& record) { show_seed(record); }});
    progress_.show({});
  }
  const Outcome outcome = outcome_of(found);
  settle(outcome);
  if (!options_.json && outcome != Outcome::kBadInput && !entry.refusal)
    print(explore_report(found, stdout_takes_colors()));
  explorations_.push_back(std::move(found));
}

void RunSession::settle(Outcome worst) {
  ++tally_[worst];
  exit_ = worse_exit(exit_, exit_code(worst));
}

int RunSession::not_run() const {
  int run = 0;
  for (const auto& [outcome, count] : tally_) run += count;
  return static_cast<int>(entries_.size()) - run;
}

// Of many runs the first is shown in full, and after that what differs from it.
void RunSession::show(const Entry& entry, const RunRecord& record, int number) {
  if (entry.refusal) {
    exit_ = worse_exit(exit_, report_error(*entry.refusal));
    return;
  }
  if (record.outcome == Outcome::kBadInput) {
    report_error(error_of(record));
    return;
  }
  if (options_.json) return;
  const bool nothing_new = !entry.records.empty() && !record.digest.empty() &&
                           record.outcome == entry.records.front().outcome &&
                           record.digest == entry.records.front().digest;
  if (options_.repeat > 1) {
    const std::string digest = record.digest.empty() ? "nothing ran" : "digest " + record.digest.substr(0, 16);
    print(fmt::format("run {} of {}: {}, {}\n", number, options_.repeat, to_string(record.outcome), digest));
  }
  if (!nothing_new) print(text_report(record, {.color = stdout_takes_colors(), .verbose = options_.verbosity > 0}));
}

// A pass is only counted, and so is what an interrupt ended.
void RunSession::show_seed(const RunRecord& record) {
  if (record.outcome == Outcome::kBadInput) {
    report_error(error_of(record));
    return;
  }
  if (options_.json || record.outcome == Outcome::kInterrupted) return;
  if (record.outcome == Outcome::kPass && options_.verbosity == 0) return;
  print(seed_line(record));
}

int RunSession::finish() {
  // Also when it came between two runs: those behind it were not made.
  if (interrupted()) exit_ = worse_exit(exit_, exit_code(Outcome::kInterrupted));
  if (!options_.json) return exit_;
  if (options_.seeds) {
    print(many_tests_ || explorations_.size() != 1 ? explore_json(explorations_) : explore_json(explorations_.front()));
    return exit_;
  }
  std::vector<RunRecord> records;
  for (const Entry& entry : entries_) records.insert(records.end(), entry.records.begin(), entry.records.end());
  print(many_tests_ ? as_json_list(records) : json_report(records));
  return exit_;
}

void RunSession::print(std::string_view text) {
  if (const Status printed = print_out(text); !printed) exit_ = worse_exit(exit_, report_error(printed.error()));
}

}  // namespace ktstr::cli
