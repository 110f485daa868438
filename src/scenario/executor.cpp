// SPDX-License-Identifier: Apache-2.0
#include "scenario/executor.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>

#include "base/text/duration.h"
#include "base/text/error_line.h"
#include "cgroup/cgroup_ops.h"
#include "scenario/event_sink.h"
#include "scenario/execution_state.h"
#include "scenario/plan/fingerprint.h"
#include "scenario/plan/plan.h"
#include "scenario/plan/planned_work.h"
#include "scenario/plan/scenario_size.h"
#include "scenario/world.h"

namespace ktstr {

namespace {

constexpr int kLastPhase = 65535;  // of the stimulus record

class ScenarioRun {
 public:
  ScenarioRun(Ctx& ctx, const ScenarioPlan& plan, const Checks& checks, const ExecutorHooks& hooks)
      : ctx_(ctx),
        state_(ctx),
        plan_(plan),
        hooks_(hooks),
        oom_kills_(hooks),
        findings_{checks, ctx.events(), result_, oom_kills_},
        world_(ctx, hooks, plan, findings_),
        start_(hooks.now()),
        had_scheduler_(ctx.scheduler_pid() != 0) {}

  Result<AssertResult> run();

 private:
  enum class Next { kGoOn, kStop };

  Status set_up_backdrop();
  Result<Next> run_steps();
  Result<Next> run_step(int number);
  // Everything between begin_step() and end_step().
  struct Acted {
    Status step = ok();  // what the step itself failed at
    Result<HoldEnd> held = HoldEnd::kTimeOver;
    Nanoseconds held_from{}, held_until{};
  };
  Acted act(int number);
  void do_round(int number, Nanoseconds wanted, Acted& acted);
  Status do_ops(const std::vector<Op>& ops);
  Nanoseconds time_for(int number, Nanoseconds wanted);
  // kStop and a detail when the scheduler is no more.
  Result<Next> probe(int number, std::string_view when);

  const PlannedStep& step(int number) const { return plan_.steps[static_cast<std::size_t>(number - 1)]; }
  int last() const { return static_cast<int>(plan_.steps.size()); }
  void mark(StepMark::Kind kind);
  void note(Verdict verdict, int number, std::string message);
  // Why there is no further step: reported when all is collected, after what was found there.
  void stop_for(DetailKind kind, int number, std::string message);
  void stop_for(DetailKind kind, int number, std::string_view what, const Error& error);
  void stop_for_scheduler(int number, std::string_view when, Nanoseconds at);

  Ctx& ctx_;
  ExecutionState state_;
  const ScenarioPlan& plan_;
  const ExecutorHooks& hooks_;
  AssertResult result_;
  OomKills oom_kills_;
  Findings findings_;
  World world_;
  std::vector<Detail> stops_;
  std::optional<Error> machine_fails_;  // it is too small, or lacks something: nobody is to blame
  Nanoseconds start_;
  bool had_scheduler_;
  bool first_hold_ = true;
  bool loop_ran_ = false;  // the step's first round has begun
};

void ScenarioRun::mark(StepMark::Kind kind) {
  const int number = ctx_.step();
  StepMark mark;
  mark.kind = kind;
  mark.step = number;
  mark.at_ns = static_cast<std::uint64_t>(hooks_.now().count());
  mark.cgroups = world_.cgroup_count();
  mark.workers = world_.worker_count();
  if (number > 0 && number <= last()) mark.name = step(number).name;
  if (kind == StepMark::Kind::kScenarioStart) mark.fingerprint = fingerprint(ctx_, plan_);
  ctx_.events().mark(mark);
}

void ScenarioRun::note(Verdict verdict, int number, std::string message) {
  result_.details.push_back(
      {.verdict = verdict, .kind = DetailKind::kNote, .message = std::move(message), .step = number});
}

void ScenarioRun::stop_for(DetailKind kind, int number, std::string message) {
  stops_.push_back({.verdict = Verdict::kFail, .kind = kind, .message = std::move(message), .step = number});
}

void ScenarioRun::stop_for(DetailKind kind, int number, std::string_view what, const Error& error) {
  stop_for(kind, number, fmt::format("{}: {}", what, in_one_line(error)));
  if (error.saved_errno() == ENOMEM)
    machine_fails_ = fail(ErrorCode::kNoSpace, "{}", stops_.back().message)
                         .with_hint(
                             "give the guest more memory (`memory`, --memory), the scenario fewer workers, or "
                             "their cgroup a higher memory_max");
  else if (error.code() == ErrorCode::kUnsupported)
    machine_fails_ = fail(ErrorCode::kUnsupported, "{}: the machine lacks what it asks for: {}", what, error.message())
                         .with_hint(error.hint());
  else
    return;
  stops_.back().verdict = Verdict::kInconclusive;
}

void ScenarioRun::stop_for_scheduler(int number, std::string_view when, Nanoseconds at) {
  const SchedulerEnd end = hooks_.scheduler_end ? hooks_.scheduler_end() : SchedulerEnd::kUnknown;
  const char* how = "died, and nothing says why,";
  DetailKind kind = DetailKind::kSchedulerDied;
  if (end == SchedulerEnd::kExitedCleanly) how = "ended without an error", kind = DetailKind::kSchedulerExited;
  if (end == SchedulerEnd::kCrashed) how = "crashed", kind = DetailKind::kSchedulerCrashed;
  if (end == SchedulerEnd::kStalled) how = "was ended by the kernel's watchdog", kind = DetailKind::kSchedulerStalled;
  stop_for(kind, number,
           fmt::format("the scheduler {} {}, {} after the scenario's start", how, when, format_duration(at - start_)));
}

Result<ScenarioRun::Next> ScenarioRun::probe(int number, std::string_view when) {
  KTSTR_TRY_ASSIGN(const bool alive, hooks_.scheduler_alive(ctx_.scheduler_pid()));
  if (alive) return Next::kGoOn;
  stop_for_scheduler(number, when, hooks_.now());
  return Next::kStop;
}

Result<AssertResult> ScenarioRun::run() {
  const int outer_step = ctx_.step();
  state_.set_step(0);
  mark(StepMark::Kind::kScenarioStart);
  Result<Next> outcome = Next::kGoOn;
  const Status ready = set_up_backdrop();
  if (ready)
    outcome = run_steps();
  else
    stop_for(DetailKind::kBackdropFailed, 0, "the Backdrop could not be set up", ready.error());
  state_.set_step(0);
  // Behind a set-up that failed this is no news.
  if (const Status torn_down = world_.end_backdrop(); ready && !torn_down)
    result_.details.push_back({.kind = DetailKind::kBackdropFailed, .message = in_one_line(torn_down.error())});
  std::move(stops_.begin(), stops_.end(), std::back_inserter(result_.details));
  mark(StepMark::Kind::kScenarioEnd);
  state_.set_step(outer_step);
  if (!outcome) return outcome.error();
  if (machine_fails_ && result_.verdict() != Verdict::kFail) return *machine_fails_;
  if (had_scheduler_ || ctx_.scheduler_pid() != 0)
    result_.add_checked("scheduler: its process lives through every step");
  return std::move(result_);
}

Status ScenarioRun::set_up_backdrop() {
  KTSTR_TRY(world_.set_up(plan_.backdrop.cgroups));
  world_.backdrop().release_workers();
  KTSTR_TRY(do_ops(plan_.backdrop.ops));
  for (const Payload& payload : plan_.backdrop_payloads)
    KTSTR_TRY(world_.start_payload(payload, {}, "", "Backdrop::payloads"));
  return ok();
}

Result<ScenarioRun::Next> ScenarioRun::run_steps() {
  for (int number = 1; number <= last(); ++number) {
    if (number > 1) {
      KTSTR_TRY_ASSIGN(const Next next, probe(number - 1, fmt::format("after step {} of {}", number - 1, last())));
      if (next == Next::kStop) return next;
    }
    KTSTR_TRY_ASSIGN(const Next next, run_step(number));
    if (next == Next::kStop) return next;
  }
  return probe(last(), "after all steps");
}

Result<ScenarioRun::Next> ScenarioRun::run_step(int number) {
  // Workers without any time would fail checks that say nothing about the scheduler; the same in time_for(), where the
  // scenario's time begins with the first hold.
  if (step(number).hold.count() > 0 && !first_hold_ && hooks_.now() >= world_.end()) {
    note(Verdict::kInconclusive, number,
         fmt::format("step {} of {} did not run: the scenario's {} were over", number, last(),
                     format_duration(ctx_.duration())));
    return Next::kGoOn;
  }
  state_.set_step(std::min(number, kLastPhase));
  world_.begin_step(number, step(number).interval.has_value());
  mark(StepMark::Kind::kStepStart);
  loop_ran_ = false;
  Acted acted = act(number);
  if (acted.held && *acted.held == HoldEnd::kSchedulerGone)
    world_.leave_shares_undefined("the scheduler ended meanwhile");
  const Status torn_down = world_.end_step();
  if (acted.step) acted.step = torn_down;
  mark(StepMark::Kind::kStepEnd);
  state_.set_step(0);
  if (!acted.held) return acted.held.error();
  Next next = Next::kGoOn;
  if (*acted.held == HoldEnd::kSchedulerGone) {
    stop_for_scheduler(number,
                       fmt::format("during step {} of {}, {} into its hold", number, last(),
                                   format_duration(acted.held_until - acted.held_from)),
                       acted.held_until);
    next = Next::kStop;
  }
  if (!acted.step) {
    stop_for(DetailKind::kStepFailed, number, fmt::format("step {} failed", number), acted.step.error());
    next = Next::kStop;
  }
  return next;
}

ScenarioRun::Acted ScenarioRun::act(int number) {
  const PlannedStep& planned = step(number);
  Acted acted;
  if (!planned.interval) {
    acted.step = do_ops(planned.ops);
    if (acted.step) acted.step = world_.set_up(planned.cgroups);
    if (acted.step) do_round(number, planned.hold, acted);
    return acted;
  }
  acted.step = world_.set_up(planned.cgroups);
  while (acted.step && acted.held && *acted.held == HoldEnd::kTimeOver) {
    acted.step = do_ops(planned.ops);
    if (acted.step) do_round(number, *planned.interval, acted);
    if (hooks_.now() >= world_.end()) break;
  }
  return acted;
}

Status ScenarioRun::do_ops(const std::vector<Op>& ops) {
  for (const Op& op : ops) KTSTR_TRY(world_.apply(op));
  return ok();
}

// How much of what a hold wants is left.
Nanoseconds ScenarioRun::time_for(int number, Nanoseconds wanted) {
  const Nanoseconds now = hooks_.now();
  // The duration is what the workers get: how long the first set-up took must not shorten it.
  if (std::exchange(first_hold_, false)) {
    start_ = now;
    world_.set_end(now + ctx_.duration());
  }
  const Nanoseconds given = std::max(std::min(wanted, world_.end() - now), Nanoseconds(0));
  const bool no_time = given.count() == 0;
  const bool is_loop = step(number).interval.has_value();
  // A "full" hold asks for whatever is left, and cutting it is no news; nor is a loop's last round, but its first is.
  const bool first_round = !std::exchange(loop_ran_, true);
  const bool counts = !is_loop || (no_time && first_round);
  if (counts && (no_time ? wanted.count() > 0 : given < wanted / 2 && wanted < ctx_.duration()))
    note(no_time ? Verdict::kInconclusive : Verdict::kPass, number,
         fmt::format("step {} of {} holds for {} of its {}: the scenario is over then", number, last(),
                     format_duration(given), format_duration(wanted)));
  return given;
}

void ScenarioRun::do_round(int number, Nanoseconds wanted, Acted& acted) {
  const Nanoseconds given = time_for(number, wanted);
  if (given.count() == 0 && wanted.count() > 0) return;
  world_.target().release_workers();
  ctx_.events().stimulus(world_.stimulus(start_, step(number).ops));
  mark(StepMark::Kind::kScenarioResume);
  acted.held_from = hooks_.now();
  acted.held = hooks_.hold_until(ctx_.scheduler_pid(), acted.held_from + given).context(fmt::format("step {}", number));
  acted.held_until = hooks_.now();
  mark(StepMark::Kind::kScenarioPause);
}

}  // namespace

Result<AssertResult> run_scenario(Ctx& ctx, const Backdrop& backdrop, const std::vector<Step>& steps,
                                  const Checks& checks, const ExecutorHooks& hooks) {
  ScenarioPlan plan;
  if (const auto mistakes = plan_scenario(ctx, backdrop, steps, plan); !mistakes.empty())
    return fail(ErrorCode::kInvalidArgument, "{}", describe(mistakes));
  if (hooks.instead) {
    hooks.instead(ctx, plan);
    return AssertResult();
  }
  if (hooks.memory != 0)
    KTSTR_TRY(check_size(size_of(ctx, plan), hooks.memory, static_cast<int>(ctx.topology().cpus.size())));
  KTSTR_TRY(make_machine_ready(ctx, plan));
  if (const auto root = plan.controllers.find(""); root != plan.controllers.end())
    KTSTR_TRY(ctx.cgroups().enable_controllers("", root->second).context("before the first step"));
  return ScenarioRun(ctx, plan, checks, hooks).run();
}

Result<AssertResult> execute_defs(Ctx& ctx, std::vector<CgroupDef> defs) {
  return execute_steps(ctx, {Step{.setup = std::move(defs)}});
}

Result<AssertResult> execute_steps(Ctx& ctx, const std::vector<Step>& steps) {
  return execute_steps_with(ctx, steps, ctx.checks());
}

Result<AssertResult> execute_steps_with(Ctx& ctx, const std::vector<Step>& steps, const Checks& checks) {
  return execute_scenario_with(ctx, {}, steps, checks);
}

Result<AssertResult> execute_scenario(Ctx& ctx, const Backdrop& backdrop, const std::vector<Step>& steps) {
  return execute_scenario_with(ctx, backdrop, steps, ctx.checks());
}

Result<AssertResult> execute_scenario_with(Ctx& ctx, const Backdrop& backdrop, const std::vector<Step>& steps,
                                           const Checks& checks) {
  if (const auto& hooks = ExecutionState::hooks(ctx)) return run_scenario(ctx, backdrop, steps, checks, *hooks);
  KTSTR_TRY_ASSIGN(ExecutorHooks hooks,
                   ExecutorHooks::real(ctx.scheduler_pid(), ctx.find_scheduler(), ExecutionState::live_workers(ctx)));
  if (ctx.cpu_speeds()) hooks.cpu_speeds = *ctx.cpu_speeds();
  if (ctx.schedulers()) hooks.schedulers = *ctx.schedulers();
  return run_scenario(ctx, backdrop, steps, checks, hooks);
}

}  // namespace ktstr
