// SPDX-License-Identifier: Apache-2.0
#include "scenario/executor.h"

#include <algorithm>

#include "base/duration.h"
#include "cgroup/cgroup_ops.h"
#include "scenario/event_sink.h"
#include "scenario/plan.h"
#include "scenario/step_scope.h"

namespace ktstr {

namespace {

class ScenarioRun {
 public:
  ScenarioRun(Ctx& ctx, const ScenarioPlan& plan, const Checks& checks, const ExecutorHooks& hooks)
      : ctx_(ctx), plan_(plan), checks_(checks), hooks_(hooks), start_(hooks.now()), end_(start_ + ctx.duration()) {}

  Result<AssertResult> run();

 private:
  enum class Next { kGoOn, kStop };

  Result<Next> run_steps();
  Result<Next> run_step(int number);
  Result<HoldEnd> hold(int number, StepScope& scope);
  Next conclude(int number, const Status& step, const Result<HoldEnd>& hold, Nanoseconds held_until);
  // kStop and a detail when the scheduler is no more.
  Result<Next> probe(int number, std::string_view when);

  const PlannedStep& step(int number) const { return plan_.steps[static_cast<std::size_t>(number - 1)]; }
  int last() const { return static_cast<int>(plan_.steps.size()); }
  void mark(StepMark::Kind kind, int number, const StepScope* scope = nullptr);
  void add(Verdict verdict, DetailKind kind, int number, std::string message);
  void scheduler_gone(int number, std::string_view when, Nanoseconds at);

  Ctx& ctx_;
  const ScenarioPlan& plan_;
  const Checks& checks_;
  const ExecutorHooks& hooks_;
  Nanoseconds start_, end_;
  AssertResult result_;
};

void ScenarioRun::mark(StepMark::Kind kind, int number, const StepScope* scope) {
  StepMark mark;
  mark.kind = kind;
  mark.step = number;
  mark.at_ns = static_cast<std::uint64_t>(hooks_.now().count());
  if (scope != nullptr) {
    mark.cgroups = scope->cgroup_count();
    mark.workers = scope->worker_count();
  }
  if (number > 0) mark.name = step(number).name;
  ctx_.events().mark(mark);
}

void ScenarioRun::add(Verdict verdict, DetailKind kind, int number, std::string message) {
  Detail detail;
  detail.verdict = verdict;
  detail.kind = kind;
  detail.phase = number;
  detail.message = std::move(message);
  result_.details.push_back(std::move(detail));
}

void ScenarioRun::scheduler_gone(int number, std::string_view when, Nanoseconds at) {
  add(Verdict::kFail, DetailKind::kSchedulerExited, number,
      fmt::format("the scheduler's process ended {}, {} after the scenario's start", when,
                  format_duration(at - start_)));
}

Result<ScenarioRun::Next> ScenarioRun::probe(int number, std::string_view when) {
  KTSTR_TRY_ASSIGN(const bool alive, hooks_.scheduler_alive());
  if (alive) return Next::kGoOn;
  scheduler_gone(number, when, hooks_.now());
  return Next::kStop;
}

Result<AssertResult> ScenarioRun::run() {
  mark(StepMark::Kind::kScenarioStart, 0);
  const auto outcome = run_steps();
  mark(StepMark::Kind::kScenarioEnd, 0);
  if (!outcome) return outcome.error();
  if (ctx_.scheduler_pid() != 0) result_.checked.emplace_back("scheduler: its process lives through every step");
  return std::move(result_);
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
  // Workers without any time would fail checks that say nothing about the scheduler; the same in hold().
  if (step(number).hold.count() > 0 && hooks_.now() >= end_) {
    add(Verdict::kInconclusive, DetailKind::kNote, number,
        fmt::format("step {} of {} did not run: the scenario's {} were over", number, last(),
                    format_duration(ctx_.duration())));
    return Next::kGoOn;
  }
  mark(StepMark::Kind::kStepStart, number);
  const StepSeeds seeds{.phases = ctx_.seed_for(Vary::kPhases),
                        .pauses = ctx_.seed_for(Vary::kPauses),
                        .births = ctx_.seed_for(Vary::kCpu)};
  StepScope scope(ctx_.cgroups(), hooks_, number, seeds, ctx_.topology().cpus);
  Status outcome = scope.set_up(step(number));
  // The pauses are on top of the duration: they are not to take time from the holds.
  end_ += scope.paused();
  Result<HoldEnd> held = HoldEnd::kTimeOver;
  if (outcome) held = hold(number, scope);
  const Nanoseconds held_until = hooks_.now();
  const Status torn_down = scope.tear_down(checks_, ctx_.events(), result_);
  if (outcome) outcome = torn_down;
  mark(StepMark::Kind::kStepEnd, number, &scope);
  if (!held) return held.error();
  return conclude(number, outcome, held, held_until);
}

Result<HoldEnd> ScenarioRun::hold(int number, StepScope& scope) {
  const Nanoseconds wanted = step(number).hold;
  const Nanoseconds now = hooks_.now();
  // The duration is what the workers get: how long the first set-up took must not shorten it.
  if (number == 1) {
    start_ = now;
    end_ = now + ctx_.duration();
  }
  const Nanoseconds given = std::max(std::min(wanted, end_ - now), Nanoseconds(0));
  const bool no_time = given.count() == 0;
  // A "full" hold asks for whatever is left, and cutting it is no news.
  if (no_time ? wanted.count() > 0 : given < wanted / 2 && wanted < ctx_.duration()) {
    add(no_time ? Verdict::kInconclusive : Verdict::kPass, DetailKind::kNote, number,
        fmt::format("step {} of {} holds for {} of its {}: the scenario is over then", number, last(),
                    format_duration(given), format_duration(wanted)));
    if (no_time) return HoldEnd::kTimeOver;
  }
  scope.release_workers();
  mark(StepMark::Kind::kHoldStart, number, &scope);
  return hooks_.hold_until(now + given).context(fmt::format("step {}", number));
}

ScenarioRun::Next ScenarioRun::conclude(int number, const Status& step, const Result<HoldEnd>& hold,
                                        Nanoseconds held_until) {
  Next next = Next::kGoOn;
  if (*hold == HoldEnd::kSchedulerGone) {
    scheduler_gone(number, fmt::format("during step {} of {}", number, last()), held_until);
    next = Next::kStop;
  }
  if (!step) {
    const Error& error = step.error();
    add(Verdict::kFail, DetailKind::kStepFailed, number,
        fmt::format("step {} failed: {}{}{}", number, error.message(), error.hint().empty() ? "" : "; ", error.hint()));
    next = Next::kStop;
  }
  return next;
}

}  // namespace

Result<AssertResult> run_scenario(Ctx& ctx, const std::vector<Step>& steps, const Checks& checks,
                                  const ExecutorHooks& hooks) {
  KTSTR_TRY_ASSIGN(const ScenarioPlan plan,
                   plan_scenario(steps, ctx.duration(), ctx.topology(), ctx.seed_for(Vary::kPlacement)));
  if (!plan.controllers.empty())
    KTSTR_TRY(ctx.cgroups().enable_controllers(plan.controllers).context("before the first step"));
  return ScenarioRun(ctx, plan, checks, hooks).run();
}

Result<AssertResult> execute_defs(Ctx& ctx, std::vector<CgroupDef> defs) {
  return execute_steps(ctx, {Step{.setup = std::move(defs)}});
}

Result<AssertResult> execute_steps(Ctx& ctx, const std::vector<Step>& steps) {
  return execute_steps_with(ctx, steps, ctx.checks());
}

Result<AssertResult> execute_steps_with(Ctx& ctx, const std::vector<Step>& steps, const Checks& checks) {
  KTSTR_TRY_ASSIGN(const ExecutorHooks hooks, ExecutorHooks::real(ctx.scheduler_pid()));
  return run_scenario(ctx, steps, checks, hooks);
}

}  // namespace ktstr
