// SPDX-License-Identifier: Apache-2.0
#include "model/names.h"

#include <fmt/core.h>

namespace ktstr {

namespace {

constexpr EnumName<Verdict> kVerdicts[] = {{Verdict::kSkip, "skip"},
                                           {Verdict::kPass, "pass"},
                                           {Verdict::kInconclusive, "inconclusive"},
                                           {Verdict::kFail, "fail"}};

constexpr EnumName<DetailKind> kDetailKinds[] = {
    {DetailKind::kNoProgress, "no_progress"},
    {DetailKind::kStuck, "stuck"},
    {DetailKind::kUnfair, "unfair"},
    {DetailKind::kIsolation, "isolation"},
    {DetailKind::kWorkerDied, "worker_died"},
    {DetailKind::kSchedulerNotAttached, "scheduler_not_attached"},
    {DetailKind::kSchedulerRejected, "scheduler_rejected"},
    {DetailKind::kSchedulerCrashed, "scheduler_crashed"},
    {DetailKind::kSchedulerStalled, "scheduler_stalled"},
    {DetailKind::kSchedulerExited, "scheduler_exited"},
    {DetailKind::kSchedulerNotDetached, "scheduler_not_detached"},
    {DetailKind::kSchedulerNotUsed, "scheduler_not_used"},
    {DetailKind::kStepFailed, "step_failed"},
    {DetailKind::kBackdropFailed, "backdrop_failed"},
    {DetailKind::kTimeout, "timeout"},
    {DetailKind::kBodyCrashed, "body_crashed"},
    {DetailKind::kKernelPanic, "kernel_panic"},
    {DetailKind::kKernelStall, "kernel_stall"},
    {DetailKind::kKernelHang, "kernel_hang"},
    {DetailKind::kKernelOops, "kernel_oops"},
    {DetailKind::kKernelWarning, "kernel_warning"},
    {DetailKind::kLockdep, "lockdep"},
    {DetailKind::kHungTask, "hung_task"},
    {DetailKind::kRcuStall, "rcu_stall"},
    {DetailKind::kLockup, "lockup"},
    {DetailKind::kKernelTaint, "kernel_taint"},
    {DetailKind::kNotRepeatable, "not_repeatable"},
    {DetailKind::kPayload, "payload"},
    {DetailKind::kWorkerStalled, "worker_stalled"},
    {DetailKind::kShare, "share"},
    {DetailKind::kLostEvidence, "lost_evidence"},
    {DetailKind::kOutputFlood, "output_flood"},
    {DetailKind::kSchedulerDied, "scheduler_died"},
    {DetailKind::kWorkConservation, "work_conservation"},
    {DetailKind::kWaitAge, "wait_age"},
    {DetailKind::kAllowedCpu, "allowed_cpu"},
    {DetailKind::kStarvation, "starvation"},
    {DetailKind::kLostTask, "lost_task"},
    {DetailKind::kMaxSlice, "max_slice"},
    {DetailKind::kPingPong, "ping_pong"},
    {DetailKind::kWeightOrder, "weight_order"},
    {DetailKind::kWeightShare, "weight_share"},
    {DetailKind::kBandwidth, "bandwidth"},
    {DetailKind::kQueueDepth, "queue_depth"},
    {DetailKind::kWorkNotDone, "work_not_done"},
    {DetailKind::kUser, "user"},
    {DetailKind::kNote, "note"},
};

constexpr EnumName<Polarity> kPolarities[] = {
    {Polarity::kHigher, "higher"}, {Polarity::kLower, "lower"}, {Polarity::kNeutral, "neutral"}};

constexpr EnumName<Vary> kFactors[] = {{Vary::kHandover, "handover"},
                                       {Vary::kRandom, "random"},
                                       {Vary::kOffsets, "offsets"},
                                       {Vary::kPhases, "phases"},
                                       {Vary::kPauses, "pauses"},
                                       {Vary::kPlacement, "placement"},
                                       {Vary::kCpu, "cpu"}};
static_assert(std::size(kFactors) == kVaryCount);

constexpr EnumName<TurnPolicy> kTurnPolicies[] = {{TurnPolicy::kEven, "even"},     {TurnPolicy::kUniform, "uniform"},
                                                  {TurnPolicy::kBursts, "bursts"}, {TurnPolicy::kVictim, "victim"},
                                                  {TurnPolicy::kPct, "pct"},       {TurnPolicy::kPos, "pos"},
                                                  {TurnPolicy::kMix, "mix"}};

using Mark = StepMark::Kind;
constexpr EnumName<Mark> kMarks[] = {{Mark::kScenarioStart, "scenario_start"},
                                     {Mark::kStepStart, "step_start"},
                                     {Mark::kScenarioResume, "scenario_resume"},
                                     {Mark::kScenarioResume, "hold_start"},  // in records of earlier programs
                                     {Mark::kScenarioPause, "scenario_pause"},
                                     {Mark::kStepEnd, "step_end"},
                                     {Mark::kScenarioEnd, "scenario_end"}};

}  // namespace

EnumNames<Verdict> names_of(Verdict) { return names_from<kVerdicts>(); }
EnumNames<DetailKind> names_of(DetailKind) { return names_from<kDetailKinds>(); }
EnumNames<Polarity> names_of(Polarity) { return names_from<kPolarities>(); }
EnumNames<Vary> names_of(Vary) { return names_from<kFactors>(); }
EnumNames<TurnPolicy> names_of(TurnPolicy) { return names_from<kTurnPolicies>(); }
EnumNames<StepMark::Kind> names_of(StepMark::Kind) { return names_from<kMarks>(); }

std::string_view to_string(Verdict verdict) { return names_of(verdict).text(verdict); }
std::string_view to_string(DetailKind kind) { return names_of(kind).text(kind); }
std::string_view to_string(Vary factor) { return names_of(factor).text(factor); }
std::string_view to_string(TurnPolicy policy) { return names_of(policy).text(policy); }
std::optional<DetailKind> detail_kind_from(std::string_view text) { return enum_from<DetailKind>(text); }

std::string what_happened(const StepMark& mark) {
  constexpr std::string_view kDone[] = {"scenario began", "began", "resumed", "paused", "ended", "scenario ended"};
  const std::string_view done = kDone[static_cast<std::size_t>(mark.kind)];
  if (mark.kind == Mark::kScenarioStart || mark.kind == Mark::kScenarioEnd) return std::string(done);
  return fmt::format("step {} {}", mark.step, done);
}

}  // namespace ktstr
