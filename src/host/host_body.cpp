// SPDX-License-Identifier: Apache-2.0
#include "host/host_body.h"

#include <sysexits.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "base/log.h"
#include "host/list_sink.h"
#include "host/run_on_host.h"
#include "results/run_record_json.h"
#include "scenario/ops/op_table.h"
#include "scenario_file/scenario_file.h"
#include "wire/job.h"

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

Status write_record(const RunRecord& record) {
  const std::string text = variable(kHostResultVariable);
  int fd = -1;
  std::from_chars(text.data(), text.data() + text.size(), fd);
  return write_all(fd, as_byte_span(to_json(record))).context("hand back the result");
}

void take_error(const Error& error, RunRecord& record) {
  record.outcome = error.code() == ErrorCode::kInvalidArgument ? Outcome::kBadInput : Outcome::kInfrastructure;
  record.error = error.message();
  record.error_hint = error.hint();
}

void take_result(AssertResult result, RunRecord& record) {
  record.outcome = result.skipped ? Outcome::kSkip : outcome_of(result.verdict());
  record.details = std::move(result.details);
  record.cgroups = std::move(result.cgroups);
  record.checked = std::move(result.checked);
  record.payloads = std::move(result.payloads);
  record.captures = std::move(result.captures);
}

RunRecord run_job(const Job& job, const JobBody& body) {
  ListSink sink;
  HostRequest request{
      .settings = job.settings, .events = &sink, .harness = {::getppid()}, .journals = variable(kHostJournalsVariable)};
  RunRecord record;
  record.test = job.settings.test;
  auto result = run_on_host(request, [&](Ctx& ctx) { return body(ctx, job); });
  if (result)
    take_result(*std::move(result), record);
  else
    take_error(result.error(), record);
  for (const auto& [at, stimulus] : sink.stimuli)
    record.stimuli.push_back(seen_at(static_cast<std::uint64_t>(at.count()), stimulus, op_names(stimulus.op_kinds)));
  record.marks = std::move(sink.marks);
  record.workers = std::move(sink.workers);
  return record;
}

int body_main(const JobBody& body) {
  auto steps = [&]() -> Status {
    KTSTR_TRY_ASSIGN(const Job job, read_job());
    return write_record(run_job(job, body));
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
