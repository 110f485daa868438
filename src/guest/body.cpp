// SPDX-License-Identifier: Apache-2.0
#include "guest/body.h"

#include <sysexits.h>

#include <charconv>
#include <cstdlib>
#include <exception>
#include <functional>

#include "base/log.h"
#include "cgroup/cgroup_fs.h"
#include "guest/mailbox_mapping.h"
#include "guest/setup.h"
#include "scenario/event_sink.h"
#include "scenario/scenario_file.h"
#include "wire/job.h"

namespace ktstr {

namespace {

using guest::RecordLog;

class MailboxSink final : public EventSink {
 public:
  explicit MailboxSink(RecordLog& log) : log_(log) {}
  void mark(const StepMark& mark) override { log_.write(RecordType::kMark, mark); }
  void worker(int phase, const WorkerReport& report) override {
    log_.write(RecordType::kWorker, WorkerRecord{phase, report});
  }

 private:
  RecordLog& log_;
};

int number_from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int value = otherwise;
  if (text != nullptr) std::from_chars(text, text + std::string_view(text).size(), value);
  return value;
}

void tell_agent_started() {
  const Fd started(number_from_environment(kStartedFdVariable, -1));
  if (started) ignore_result(write_all(started.get(), as_byte_span("s")), "the agent then sees a late start");
}

using RunBody = std::function<Result<AssertResult>(Ctx&, const Job&)>;

Result<AssertResult> run_with_context(const Job& job, RecordLog& log, const RunBody& run_body) {
  KTSTR_TRY_ASSIGN(const TestTopology topology, TestTopology::from_sysfs("/sys"));
  KTSTR_TRY_ASSIGN(CgroupFs cgroups, CgroupFs::create("/sys/fs/cgroup", "ktstr"));
  MailboxSink sink(log);
  Ctx ctx({.topology = &topology,
           .cgroups = &cgroups,
           .events = &sink,
           .duration = job.duration,
           .seed = job.seed,
           .vary = job.vary,
           .checks = job.checks,
           .scheduler_pid = number_from_environment(kSchedulerPidVariable, 0),
           .args = job.args});
  tell_agent_started();
  try {
    auto result = run_body(ctx, job);
    if (const Status closed = cgroups.close(); !closed && result)
      result->details.push_back({.verdict = Verdict::kPass, .kind = DetailKind::kNote,
                                 .message = "cgroups left behind: " + closed.error().message()});
    return result;
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "the test's body threw: {}", error.what());
  }
}

int body_main(const RunBody& run_body) {
  auto prepare = []() -> Result<std::pair<Mapping, Job>> {
    KTSTR_TRY(guest::become_realtime(guest::kBodyPriority, guest::Children::kInherit));
    KTSTR_TRY_ASSIGN(const std::string command_line, read_text("/proc/cmdline"));
    KTSTR_TRY_ASSIGN(Mapping mapping, guest::map_mailbox(command_line));
    KTSTR_TRY_ASSIGN(const std::string text, read_text(fs::path("/") / kJobPath));
    KTSTR_TRY_ASSIGN(Job job, job_from_json(text));
    return std::pair(std::move(mapping), std::move(job));
  };
  auto prepared = prepare();
  if (!prepared) {
    log_error("{}", prepared.error().render());
    return EX_SOFTWARE;
  }
  const auto& [mapping, job] = *prepared;
  RecordLog log(mailbox::View(mapping.bytes()), mailbox::Lane::kBody);
  ResultRecord record;
  if (auto result = run_with_context(job, log, run_body)) {
    record.result = *std::move(result);
  } else {
    record.error = result.error().message();
    record.error_hint = result.error().hint();
    record.code = result.error().code();
  }
  log.write(RecordType::kResult, record);
  return EX_OK;
}

}  // namespace

int guest_body_main([[maybe_unused]] const std::string& test_name, TestBody body) {
  return body_main([body](Ctx& ctx, const Job&) { return body(ctx); });
}

int guest_scenario_main() {
  return body_main([](Ctx& ctx, const Job& job) -> Result<AssertResult> {
    KTSTR_TRY_ASSIGN(const ScenarioFile scenario, parse_scenario(job.scenario, job.test));
    return execute_steps(ctx, scenario.steps);
  });
}

}  // namespace ktstr
