// SPDX-License-Identifier: Apache-2.0
#include "host/host_place.h"

#include <sys/utsname.h>

#include <algorithm>
#include <span>

#include "base/log.h"
#include "base/system/process.h"
#include "host/clean_up.h"
#include "host/host_body.h"
#include "host/host_topology.h"
#include "host/undo_journal.h"
#include "runner/place/host_child.h"
#include "runner/place/place.h"
#include "workload/task/task_affinity.h"

namespace ktstr {

namespace {

// This machine. The body is a child of ours; what an agent would say of it, we do, in the same records.
class OnHost final : public Place {
 public:
  OnHost(const RunRequest& request, const RunnerEnvironment& environment, RunRecord& record)
      : request_(request), environment_(environment), record_(record) {
    record_.mode = "host";
    record_.tuple = tuple_of(request.settings);
    record_.tuple.topology = {};  // what this machine has, once it was looked at
    utsname names{};
    if (::uname(&names) == 0) record_.kernel = names.release;
  }

  Status check() override { return ok(); }
  Status prepare() override;
  Result<RunEnd> run_body(const RunDirectory& directory, const std::function<Status(const Record&)>& take) override;

 private:
  Result<HostChild> child(const std::function<Status(const Record&)>& take) const;

  const RunRequest& request_;
  const RunnerEnvironment& environment_;
  RunRecord& record_;
  TestTopology machine_;
  HostPlace place_;
  fs::path journals_;
};

// The agent's lane.
class AgentRecords {
 public:
  explicit AgentRecords(const std::function<Status(const Record&)>& take) : take_(take) {}
  Status write(RecordType type, ByteVector payload) {
    return take_({.type = type,
                  .lane = mailbox::Lane::kAgent,
                  .sequence = sequence_++,
                  .time_ns = static_cast<std::uint64_t>(monotonic_now().count()),
                  .payload = std::move(payload)});
  }

 private:
  const std::function<Status(const Record&)>& take_;
  std::uint32_t sequence_ = 0;
};

Status OnHost::prepare() {
  KTSTR_TRY_ASSIGN(machine_, TestTopology::from_sysfs("/sys"));
  if (const auto topology = as_topology(machine_)) record_.tuple.topology = *topology;
  KTSTR_TRY_ASSIGN(place_, find_host_place("/proc"));
  journals_ = journal_dir(environment_.state_dir);
  clean_up_abandoned(place_.own, journals_, place_.proc_root);
  return ok();
}

Result<HostChild> OnHost::child(const std::function<Status(const Record&)>& take) const {
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
                   .take = take,
                   .clean_up = [this](int pid) {
                     for (const Error& error : clean_up_after(pid, place_.own, journals_))
                       log_warn("{}", error.render());
                   }};
}

Status report_end(const HostChildEnd& end, AgentRecords& agent) {
  constexpr std::size_t kMostLines = 5000;  // more of them would leave no room for what the body has reported
  const std::size_t shown = std::min(end.output.size(), kMostLines);
  for (const std::string& line : std::span(end.output).last(shown))
    KTSTR_TRY(agent.write(RecordType::kLog, encode(LogRecord{LogRecord::Stream::kBody, line})));
  KTSTR_TRY(
      agent.write(RecordType::kBodyEnd, encode(BodyEndRecord{.clean = end.exit.success(),
                                                             .timed_out = end.kind == HostChildEnd::Kind::kTimedOut,
                                                             .exit = end.exit.describe()})));
  return agent.write(RecordType::kEnd, {});
}

GuestOutcome outcome_of(const HostChildEnd& end, const Status& reported) {
  const Status& status = end.taken ? reported : end.taken;
  GuestOutcome outcome{.phase = Phase::kBody, .live = end.live};
  if (!status) {
    outcome.end = status.error().code() == ErrorCode::kUnsupported ? GuestEnd::kTooMuchSaid : GuestEnd::kCorrupt;
    outcome.message = status.error().message();
  } else if (end.kind == HostChildEnd::Kind::kInterrupted) {
    outcome.end = GuestEnd::kInterrupted;
  }
  return outcome;
}

Result<RunEnd> OnHost::run_body(const RunDirectory& /*directory*/, const std::function<Status(const Record&)>& take) {
  KTSTR_TRY_ASSIGN(const HostChild wanted, child(take));
  AgentRecords agent(take);
  KTSTR_TRY(agent.write(RecordType::kTopology, encode(machine_)));
  const auto before = read_cpu_times(place_.proc_root);
  KTSTR_TRY_ASSIGN(const HostChildEnd child_end, run_host_child(wanted));
  const auto after = read_cpu_times(place_.proc_root);
  RunEnd end{.guest = outcome_of(child_end, report_end(child_end, agent))};
  // What a body that was killed had started is waited for by somebody else, and looks like others' use.
  if (before && after && child_end.exit.success())
    end.cpu_use =
        cpu_use_between(*before, *after, child_end.cpu_time, task_affinity(0, "the harness").value_or(CpuSet()));
  if (!as_topology(machine_))
    end.notes.push_back({.verdict = Verdict::kPass,
                         .kind = DetailKind::kNote,
                         .message = "no NnNlNcNt describes this machine, which has " + machine_.describe()});
  return end;
}

}  // namespace

std::unique_ptr<Place> place_on_host(const RunRequest& request, const RunnerEnvironment& environment,
                                     RunRecord& record) {
  return std::make_unique<OnHost>(request, environment, record);
}

}  // namespace ktstr
