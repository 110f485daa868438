// SPDX-License-Identifier: Apache-2.0
#include "guest/body.h"

#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "base/log.h"
#include "cgroup/cgroup_fs.h"
#include "guest/agent_channel.h"
#include "guest/cpu_speeds.h"
#include "guest/mailbox_mapping.h"
#include "guest/migrated_pages.h"
#include "guest/record_sink.h"
#include "guest/setup.h"
#include "scenario/scheduler_control.h"
#include "scenario_file/scenario_file.h"
#include "wire/job.h"
#include "workload/live_workers.h"
#include "workload/task/priorities.h"

namespace ktstr {

namespace {

using guest::RecordLog;

// The body's end of the agent's socket.
Fd agent_channel() {
  const char* text = std::getenv(kAgentFdVariable);
  int fd = -1;
  if (text != nullptr) std::from_chars(text, text + std::string_view(text).size(), fd);
  return Fd(fd);
}

using RunBody = std::function<Result<AssertResult>(Ctx&, const Job&)>;

// Workers count where the host sees it.
Result<std::shared_ptr<LiveWorkers>> live_workers(mailbox::View mailbox, std::string_view kernel_command_line) {
  KTSTR_TRY_ASSIGN(guest::LiveArea mapped, guest::LiveArea::map(kernel_command_line));
  const auto area = std::make_shared<guest::LiveArea>(std::move(mapped));
  return std::make_shared<LiveWorkers>(mailbox.layout().live, area->entries(),
                                       [area](std::size_t count) { return area->make_room(count); });
}

struct Prepared {
  Mapping mailbox;
  std::shared_ptr<LiveWorkers> live;
  TestTopology topology;
  Result<CgroupFs> cgroups = fail(ErrorCode::kInternal, "not made yet");
  Fd agent;
  int scheduler_pid = 0;
  Job job;
};

Result<AssertResult> run_with_context(Prepared& prepared, mailbox::View mailbox, EventSink& sink,
                                      const RunBody& run_body) {
  const Job& job = prepared.job;
  KTSTR_TRY_ASSIGN(CgroupFs cgroups, std::move(prepared.cgroups));
  Ctx ctx({.topology = &prepared.topology,
           .cgroups = &cgroups,
           .events = &sink,
           .settings = job.settings,
           .scheduler_pid = prepared.scheduler_pid,
           .find_scheduler = [&]() -> Result<int> {
             KTSTR_TRY_ASSIGN(const auto now, ask(guest::to_agent(prepared.agent), request::FindScheduler{}));
             return now.pid;
           },
           .cpu_speeds = job.settings.turn ? std::make_shared<const CpuSpeedControl>(
                                                 guest::cpu_speeds(guest::to_host(mailbox, mailbox::Lane::kBody)))
                                           : nullptr,
           .schedulers = std::make_shared<const SchedulerControl>(
               SchedulerControl{[&](const SchedulerChange& change) -> Result<int> {
                 KTSTR_TRY_ASSIGN(const auto now,
                                  ask(guest::to_agent(prepared.agent),
                                      request::ChangeScheduler{change.end, change.start, change.again, change.name}));
                 return now.pid;
               }}),
           .live_workers = prepared.live});
  try {
    auto result = run_body(ctx, job);
    if (const Status closed = cgroups.close(); !closed && result)
      result->details.push_back({.verdict = Verdict::kPass,
                                 .kind = DetailKind::kNote,
                                 .message = "cgroups left behind: " + closed.error().message()});
    return result;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kNoSpace, "the test's body found no memory")
        .with_hint("give the guest more memory (`memory`, --memory), or the test fewer workers");
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "the test's body threw: {}", error.what());
  }
}

// Everything that needs no job comes before the body says that it is ready: for a scenario file it is then in the warm
// image.
int body_main(const RunBody& run_body) {
  auto prepare = []() -> Result<Prepared> {
    Prepared prepared;
    // What descends from the body stays below it, so that the agent can tell it from the scheduler's (programs.h).
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno("the body cannot become the reaper of its orphans");
    KTSTR_TRY(guest::become_realtime(kBodyPriority, guest::Children::kInherit));
    KTSTR_TRY_ASSIGN(const std::string command_line, read_text("/proc/cmdline"));
    KTSTR_TRY_ASSIGN(prepared.mailbox, guest::map_mailbox(command_line));
    KTSTR_TRY(guest::keep_only(prepared.mailbox, mailbox::Lane::kBody));
    KTSTR_TRY_ASSIGN(prepared.live, live_workers(mailbox::View(prepared.mailbox.bytes()), command_line));
    KTSTR_TRY_ASSIGN(prepared.topology, TestTopology::from_sysfs("/sys"));
    prepared.cgroups = CgroupFs::create(guest::kCgroupRoot, guest::kBodyGroup);
    prepared.agent = agent_channel();
    KTSTR_TRY_ASSIGN(
        const auto scheduler,
        ask(guest::to_agent(prepared.agent), request::Run{}).context("the agent has no run for this body"));
    prepared.scheduler_pid = scheduler.pid;
    KTSTR_TRY_ASSIGN(const std::string text, read_text(fs::path("/") / kJobPath));
    KTSTR_TRY_ASSIGN(prepared.job, job_from_json(text));
    return prepared;
  };
  auto prepared = prepare();
  if (!prepared) {
    log_error("{}", prepared.error().render());
    return EX_SOFTWARE;
  }
  const mailbox::View mailbox(prepared->mailbox.bytes());
  RecordLog log(mailbox, mailbox::Lane::kBody);
  RecordSink sink([&](RecordType type, ByteSpan payload) { log.write(type, payload); });
  // Of several nodes only: to ask takes the guest's time.
  std::optional<MigratedPages> migrated;
  if (prepared->topology.nodes.size() > 1) migrated.emplace();
  auto result = run_with_context(*prepared, mailbox, sink, run_body);
  if (migrated) sink.migrated(migrated->more());
  sink.result(std::move(result));
  return EX_OK;
}

}  // namespace

int guest_body_main([[maybe_unused]] const std::string& test_name, TestBody body) {
  return body_main([body](Ctx& ctx, const Job&) { return body(ctx); });
}

int guest_scenario_main() {
  return body_main([](Ctx& ctx, const Job& job) -> Result<AssertResult> {
    return execute_scenario_text(ctx, job.scenario, job.settings.test);
  });
}

}  // namespace ktstr
