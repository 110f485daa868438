// SPDX-License-Identifier: Apache-2.0
#include "host/host_body.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/clock.h"
#include "base/log.h"
#include "guest/migrated_pages.h"
#include "guest/record_sink.h"
#include "host/run_on_host.h"
#include "scenario_file/scenario_file.h"
#include "wire/job.h"
#include "wire/live_file.h"
#include "wire/record_pipe.h"
#include "workload/live_workers.h"

namespace ktstr {

namespace {

using JobBody = std::function<Result<AssertResult>(Ctx&, const Job&)>;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<Job> read_job() {
  KTSTR_TRY_ASSIGN(const std::string text, read_text("/proc/self/fd/0"));
  return job_from_json(text).context("the job on stdin");
}

// What we start must not have it.
Result<Fd> inherited(const char* name) {
  const std::string text = variable(name);
  int fd = -1;
  std::from_chars(text.data(), text.data() + text.size(), fd);
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return fail_errno("cannot use what {} names", name);
  return Fd(fd);
}

Result<std::shared_ptr<LiveWorkers>> live_workers() {
  KTSTR_TRY_ASSIGN(Fd fd, inherited(kHostLiveVariable));
  KTSTR_TRY_ASSIGN(LiveFile opened, LiveFile::open(std::move(fd)));
  const auto file = std::make_shared<const LiveFile>(std::move(opened));
  const std::span<LiveWorker> entries = file->entries();
  return std::make_shared<LiveWorkers>(file->head(), entries, [file, entries](std::size_t) { return entries.size(); });
}

Result<AssertResult> run_job(const Job& job, EventSink& events, const JobBody& body) {
  KTSTR_TRY_ASSIGN(auto live, live_workers());
  const HostRequest request{.settings = job.settings,
                            .events = &events,
                            .harness = {::getppid()},
                            .journals = variable(kHostJournalsVariable),
                            .live_workers = std::move(live)};
  return run_on_host(request, [&](Ctx& ctx) { return body(ctx, job); });
}

// What a payload left to itself was killed with the run's group and comes to us. CPU time is known to be the run's when
// somebody has waited for it.
void wait_for_orphans() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

// As a run's judge says it of a guest's (runner/judge/judge_evidence.cpp), where the host counts them.
Detail lost(std::uint64_t records) {
  return {.verdict = Verdict::kInconclusive,
          .kind = DetailKind::kLostEvidence,
          .message = fmt::format("lost: {} of the body's records, of more than {} each, could not be sent", records,
                                 format_bytes(kMaxPayloadBytes))};
}

int body_main(const JobBody& body) {
  auto steps = [&]() -> Status {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno("the body cannot become the reaper of its orphans");
    KTSTR_TRY_ASSIGN(const Job job, read_job());
    KTSTR_TRY_ASSIGN(Fd records, inherited(kHostRecordsVariable));
    RecordPipeWriter pipe(std::move(records));
    RecordSink sink([&](RecordType type, ByteSpan payload) {
      pipe.append(type, static_cast<std::uint64_t>(monotonic_now().count()), payload);
    });
    const MigratedPages migrated;
    auto result = run_job(job, sink, body);
    sink.migrated(migrated.more());
    if (result && pipe.dropped() != 0) result->details.push_back(lost(pipe.dropped()));
    sink.result(std::move(result));
    wait_for_orphans();
    return Status(pipe.written()).context("report to the harness");
  };
  const Status done = steps();
  if (done) return EX_OK;
  log_error("{}", done.error().render());
  return EX_SOFTWARE;
}

}  // namespace

int host_body_main(TestBody body) {
  return body_main([body](Ctx& ctx, const Job&) { return body(ctx); });
}

int host_scenario_main() {
  return body_main([](Ctx& ctx, const Job& job) -> Result<AssertResult> {
    return execute_scenario_text(ctx, job.scenario, job.settings.test);
  });
}

}  // namespace ktstr
