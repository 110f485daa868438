// SPDX-License-Identifier: Apache-2.0
#include "cli/host_run.h"

#include <sys/utsname.h>

#include <algorithm>
#include <mutex>

#include "base/activity.h"
#include "base/log.h"
#include "base/system/how_it_ended.h"
#include "base/system/process.h"
#include "cli/host_child.h"
#include "host/clean_up.h"
#include "host/host_body.h"
#include "host/host_place.h"
#include "host/host_topology.h"
#include "host/undo_journal.h"
#include "report/text_report.h"
#include "results/run_directory.h"
#include "results/run_id.h"
#include "results/run_record_json.h"
#include "runner/interrupt.h"
#include "runner/judge/classify.h"

namespace ktstr::cli {

namespace {

constexpr std::size_t kLogTail = 200;

class HostRun {
 public:
  HostRun(const RunRequest& request, const RunnerEnvironment& environment)
      : request_(request), environment_(environment) {}

  RunRecord execute();

 private:
  void introduce(std::chrono::system_clock::time_point now);
  Status look_at_machine();
  Status run(std::chrono::system_clock::time_point now);
  Result<HostChild> child() const;
  void conclude(HostChildEnd end);
  void take(RunRecord from_body);
  void fail_body(DetailKind kind, std::string message);
  void store();

  const RunRequest& request_;
  const RunnerEnvironment& environment_;
  RunRecord record_;
  std::optional<RunDirectory> directory_;
  HostPlace place_;
  fs::path journals_;
  std::vector<Detail> notes_;
};

void HostRun::introduce(std::chrono::system_clock::time_point now) {
  record_.test = request_.settings.test;
  record_.mode = "host";
  record_.repeat_command = request_.repeat_command;
  record_.started_at = format_rfc3339(now);
  record_.tuple = tuple_of(request_.settings);
  record_.tuple.topology = {};  // what this machine has, once it was looked at
  utsname names{};
  if (::uname(&names) == 0) record_.kernel = names.release;
}

Status HostRun::look_at_machine() {
  KTSTR_TRY_ASSIGN(const TestTopology machine, TestTopology::from_sysfs("/sys"));
  if (const auto topology = as_topology(machine)) {
    record_.tuple.topology = *topology;
  } else {
    notes_.push_back({.verdict = Verdict::kPass,
                      .kind = DetailKind::kNote,
                      .message = "no NnNlNcNt describes this machine, which has " + machine.describe()});
  }
  KTSTR_TRY_ASSIGN(place_, find_host_place("/proc"));
  journals_ = journal_dir(environment_.state_dir);
  clean_up_abandoned(place_.own, journals_, place_.proc_root);
  return ok();
}

Result<HostChild> HostRun::child() const {
  fs::path program = request_.test_binary;
  if (program.empty()) {
    KTSTR_TRY_ASSIGN(program, own_executable());
  }
  const std::string name = request_.test_binary.empty() ? "" : request_.settings.test;
  Job job{.settings = request_.settings, .scenario = request_.scenario_text};
  job.settings.topology = record_.tuple.topology;
  job.settings.turn.reset();  // of guests
  job.settings.quantum.reset();
  return HostChild{.argv = {program.string(), kHostBodyArgument + name},
                   .job_json = job_to_json(job),
                   .journals = journals_,
                   .limit = limits_for(request_.settings.duration).body,
                   .interrupted = interrupted,
                   .clean_up = [this](int pid) {
                     for (const Error& error : clean_up_after(pid, place_.own, journals_))
                       log_warn("{}", error.render());
                   }};
}

void HostRun::fail_body(DetailKind kind, std::string message) {
  record_.details.push_back({.verdict = Verdict::kFail, .kind = kind, .message = std::move(message)});
  record_.outcome = Outcome::kFail;
}

void HostRun::take(RunRecord from_body) {
  record_.outcome = from_body.outcome;
  record_.error = std::move(from_body.error);
  record_.error_hint = std::move(from_body.error_hint);
  record_.details = std::move(from_body.details);
  record_.cgroups = std::move(from_body.cgroups);
  record_.checked = std::move(from_body.checked);
  record_.payloads = std::move(from_body.payloads);
  record_.captures = std::move(from_body.captures);
  record_.stimuli = std::move(from_body.stimuli);
  record_.marks = std::move(from_body.marks);
  record_.workers = std::move(from_body.workers);
}

void HostRun::conclude(HostChildEnd end) {
  const std::size_t shown = std::min(end.output.size(), kLogTail);
  record_.body_log.assign(end.output.end() - static_cast<std::ptrdiff_t>(shown), end.output.end());
  if (end.kind == HostChildEnd::Kind::kInterrupted) {
    record_.outcome = Outcome::kInterrupted;
    record_.error = interruption();
    return;
  }
  if (end.kind == HostChildEnd::Kind::kTimedOut) {
    fail_body(DetailKind::kTimeout, fmt::format("the body did not end within {} s",
                                                limits_for(request_.settings.duration).body.count() / 1000));
  } else if (auto from_body = from_json(end.result); from_body && end.exit.success()) {
    take(*std::move(from_body));
  } else {
    const std::string words = record_.body_log.empty() ? "" : ": " + record_.body_log.back();
    fail_body(DetailKind::kBodyCrashed, fmt::format("the test's body gave no result: its process {}{}",
                                                    how_it_ended(end.exit.describe()), words));
  }
  record_.details.insert(record_.details.end(), notes_.begin(), notes_.end());
  if (record_.error.empty()) judge_expectation(request_.expect_failure, record_);
}

Status HostRun::run(std::chrono::system_clock::time_point now) {
  KTSTR_TRY(look_at_machine());
  KTSTR_TRY_ASSIGN(directory_, RunDirectory::create(environment_.state_dir, request_.settings.test, now));
  record_.id = directory_->id();
  record_.run_dir = directory_->path().string();
  KTSTR_TRY_ASSIGN(const HostChild wanted, child());
  KTSTR_TRY_ASSIGN(HostChildEnd end, run_host_child(wanted));
  conclude(std::move(end));
  return ok();
}

void HostRun::store() {
  if (!directory_) return;
  for (const auto& [name, text] :
       {std::pair("result.json", to_json(record_)), std::pair("report.txt", text_report(record_, {.verbose = true}))}) {
    if (const Status status = write_atomically(directory_->path() / name, as_byte_span(text)); !status)
      log_warn("{}", status.error().render());
  }
}

RunRecord HostRun::execute() {
  const Activity running(fmt::format("running {} on this machine", request_.settings.test), Activity::Kind::kRunning);
  const Nanoseconds start = monotonic_now();
  const auto now = std::chrono::system_clock::now();
  introduce(now);
  if (const Status status = run(now); !status) {
    record_.outcome = outcome_of_error(status.error(), false);
    record_.error = status.error().message();
    record_.error_hint = status.error().hint();
  }
  record_.host_seconds = to_seconds(monotonic_now() - start);
  store();
  ignore_result(prune_runs(environment_.state_dir), "old runs are removed another time");
  return record_;
}

}  // namespace

RunRecord run_here(const RunRequest& request, const RunnerEnvironment& environment) {
  static std::mutex one_at_a_time;
  const std::scoped_lock lock(one_at_a_time);
  return HostRun(request, environment).execute();
}

}  // namespace ktstr::cli
