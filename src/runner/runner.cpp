// SPDX-License-Identifier: Apache-2.0
#include "runner/runner.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "base/activity.h"
#include "base/clock.h"
#include "base/log.h"
#include "results/run_directory.h"
#include "results/run_id.h"
#include "runner/collector.h"
#include "runner/event_file.h"
#include "runner/interrupt.h"
#include "runner/judge/classify.h"
#include "runner/place/place.h"
#include "runner/replay/auto_repro.h"
#include "runner/store_run.h"
#include "sched_ext/dump.h"
#include "sched_ext/exit_reason.h"
#include "trace/trace_file.h"

namespace ktstr {

RunTuple tuple_of(const RunSettings& settings) {
  return {.test = settings.test,
          .seed = settings.seed,
          .vary = settings.vary.to_string(),
          .work_type = settings.work_type,
          .topology = settings.topology};
}

PhaseLimits limits_for(std::chrono::nanoseconds duration) {
  PhaseLimits limits;
  // Setting up and collecting many cgroups on a slow guest takes its time; a stuck body is worth waiting for once.
  limits.body = std::chrono::duration_cast<std::chrono::milliseconds>(duration) + std::chrono::seconds(30);
  return limits;
}

namespace {

constexpr std::size_t kLogTail = 200;

// One run on its way. Each part either goes on or has left its Error in `record`.
class Run {
 public:
  Run(const RunRequest& request, const RunnerEnvironment& environment)
      : request_(request),
        environment_(environment),
        name_(request.settings.test + (request.on_host ? " on this machine" : "")),
        running_("running " + name_, Activity::Kind::kRunning),
        place_((request.on_host ? place_on_host : place_in_guest)(request, environment, record_)) {}

  RunRecord execute();

 private:
  Status check();
  Status make_directory(std::chrono::system_clock::time_point now);
  Status run_body();
  Status take(const Record& record);
  void finish_events();
  void remember(const GuestOutcome& guest);

  const RunRequest& request_;
  const RunnerEnvironment& environment_;
  std::string name_;
  Activity running_;
  RunRecord record_;
  std::unique_ptr<Place> place_;
  std::optional<RunDirectory> directory_;
  Collector collector_;
  std::optional<EventWriter> events_;
};

Status Run::check() {
  if (request_.settings.duration <= std::chrono::nanoseconds(0))
    return fail(ErrorCode::kInvalidArgument, "the duration must be longer than nothing");
  return place_->check();
}

Status Run::make_directory(std::chrono::system_clock::time_point now) {
  KTSTR_TRY_ASSIGN(directory_, RunDirectory::create(environment_.state_dir, request_.settings.test, now));
  record_.id = directory_->id();
  record_.run_dir = directory_->path().string();
  auto events = EventWriter::create(directory_->path() / "events.bin");
  if (events)
    events_.emplace(*std::move(events));
  else
    log_warn("{}", events.error().render());
  return ok();
}

// What cannot be written to the event file is no reason to end the run, which is judged by what is in memory.
Status Run::take(const Record& record) {
  KTSTR_TRY(collector_.add(record));
  if (events_) events_->add(record);
  if (record.type != RecordType::kMark) return ok();
  const int step = collector_.story().marks.back().step;
  if (step > 0) running_.rename(fmt::format("running {}, step {}", name_, step));
  return ok();
}

void Run::finish_events() {
  if (!events_) return;
  if (const Status status = events_->finish(); !status) log_warn("{}", status.error().render());
}

Status Run::run_body() {
  auto end = place_->run_body(*directory_, [this](const Record& record) { return take(record); });
  finish_events();
  if (!end) return std::move(end).error();
  place_->remember(end->guest, collector_.story());
  remember(end->guest);
  const fs::path trace = directory_->path() / kTraceFileName;
  classify(request_, collector_.story(), end->guest, record_,
           {.cpu_use = end->cpu_use ? &*end->cpu_use : nullptr, .trace = record_.trace_events > 0 ? &trace : nullptr});
  record_.details.insert(record_.details.end(), end->notes.begin(), end->notes.end());
  return ok();
}

std::vector<std::string> tail(const std::vector<std::string>& lines) {
  return {lines.end() - static_cast<std::ptrdiff_t>(std::min(lines.size(), kLogTail)), lines.end()};
}

void Run::remember(const GuestOutcome& guest) {
  const GuestStory& story = collector_.story();
  const DumpTask stalled = stalled_task(parse_scheduler_exit(story.kernel_log).message);
  record_.scheduler_log = tail(with_short_dumps(story.scheduler_log, stalled));
  record_.kernel_log = tail(story.kernel_log);
  record_.body_log = tail(story.body_log);
  record_.body_start_ns = story.body_start_ns;
  if (story.body_end_ns > story.body_start_ns && story.body_start_ns != 0)
    record_.body_ns = story.body_end_ns - story.body_start_ns;
  if (!request_.on_host) {  // where no run is like another
    record_.digest = collector_.digest();
    record_.digest_complete = guest.end == GuestEnd::kCompleted && story.ended && guest.dropped_records == 0;
  }
  for (const std::string& line : story.agent_log) log_warn("guest agent: {}", line);
}

RunRecord Run::execute() {
  const Nanoseconds start = monotonic_now();
  const auto now = std::chrono::system_clock::now();
  record_.test = request_.settings.test;
  record_.repeat_command = request_.repeat_command;
  record_.replay_of = request_.replay_of;
  record_.started_at = format_rfc3339(now);

  bool of_user = true;
  auto steps = [&]() -> Status {
    KTSTR_TRY(check());
    of_user = false;
    KTSTR_TRY(place_->prepare());
    KTSTR_TRY(make_directory(now));
    place_->keep_inputs(*directory_);
    return run_body();
  };
  if (const Status status = steps(); !status) {
    record_.outcome = outcome_of_error(status.error(), of_user);
    record_.error = status.error().message();
    record_.error_hint = status.error().hint();
  }
  if (record_.outcome == Outcome::kInterrupted) record_.error = interruption();
  record_.host_seconds = to_seconds(monotonic_now() - start);
  store_run(record_);
  ignore_result(prune_runs(environment_.state_dir), "old runs are removed another time");
  return record_;
}

RunRecord run_once(const RunRequest& request, const RunnerEnvironment& environment) {
  // One on this machine would measure all others.
  static std::shared_mutex running;
  std::shared_lock beside_others(running, std::defer_lock);
  std::unique_lock alone(running, std::defer_lock);
  if (request.on_host) {
    const Activity waiting("waiting until no other run disturbs one on this machine");
    alone.lock();
  } else {
    beside_others.lock();
  }
  return Run(request, environment).execute();
}

}  // namespace

RunRecord run(const RunRequest& request, const RunnerEnvironment& environment) {
  RunRecord record = run_once(request, environment);
  if (!can_reproduce(request, record)) return record;
  record.repro = reproduce(request, record, environment);
  store_run(record);
  return record;
}

}  // namespace ktstr
