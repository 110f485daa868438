// SPDX-License-Identifier: Apache-2.0
#include "results/timeline.h"

#include <algorithm>

namespace ktstr {

namespace {

// All of it comes from a guest that may lie about it: nothing here relies on an order, and sums are floating point.
struct Moment {
  std::uint64_t at_ns = 0;
  double iterations = 0;  // of the workers alive then
};

struct Span {
  std::uint64_t began_ns = 0;
  std::vector<const Stimulus*> rounds;
};

// The iterations of a worker that ended in between are in its report and in no stimulus any more.
std::optional<double> rate_between(const RunRecord& record, const Moment& from, const Moment& to) {
  double iterations = to.iterations - from.iterations;
  std::uint64_t last_end = 0;
  bool outlived = false;
  for (const auto& worker : record.workers) {
    const std::uint64_t end = worker.ended_ns();
    if (worker.outlived(from.at_ns, to.at_ns)) outlived = true;
    if (end <= from.at_ns || end > to.at_ns) continue;
    iterations += static_cast<double>(worker.iterations);
    last_end = std::max(last_end, end);
  }
  const std::uint64_t until = outlived || last_end == 0 ? to.at_ns : last_end;
  if (iterations < 0 || until <= from.at_ns) return {};
  return iterations / (static_cast<double>(until - from.at_ns) / 1e9);
}

std::optional<std::uint64_t> scenario_end_after(const RunRecord& record, std::uint64_t at_ns) {
  for (const StepMark& mark : record.marks)
    if (mark.kind == StepMark::Kind::kScenarioEnd && mark.at_ns >= at_ns) return mark.at_ns;
  return {};
}

Moment moment_of(const Stimulus& stimulus) { return {stimulus.at_ns, static_cast<double>(stimulus.iterations)}; }

std::optional<double> rate_of(const RunRecord& record, const std::vector<Span>& spans, std::size_t i) {
  if (spans[i].rounds.empty()) return {};
  const Moment from = moment_of(*spans[i].rounds.front());
  const auto end = scenario_end_after(record, from.at_ns);
  for (std::size_t next = i + 1; next < spans.size(); ++next) {
    if (end && spans[next].began_ns >= *end) break;  // of another scenario
    if (!spans[next].rounds.empty()) return rate_between(record, from, moment_of(*spans[next].rounds.front()));
  }
  const bool ended = end && std::any_of(record.workers.begin(), record.workers.end(), [&](const auto& worker) {
                       return worker.ended_ns() > from.at_ns && worker.ended_ns() <= *end;
                     });
  if (!ended) return {};
  return rate_between(record, from, {*end, 0});
}

struct Timeline {
  std::vector<TimelineStep> steps;
  std::vector<Span> spans;  // of each
};

Timeline steps_of(const std::vector<StepMark>& marks) {
  Timeline all;
  std::uint64_t resumed_ns = 0;  // 0: it is not
  for (const StepMark& mark : marks) {
    if (mark.kind == StepMark::Kind::kStepStart) {
      all.steps.push_back({.step = mark.step, .name = mark.name});
      all.spans.push_back({.began_ns = mark.at_ns});
      resumed_ns = 0;
    }
    if (all.steps.empty()) continue;
    TimelineStep& step = all.steps.back();
    if (mark.kind == StepMark::Kind::kScenarioResume) {
      resumed_ns = mark.at_ns;
      step.rounds += 1;
      step.cgroups = mark.cgroups;
      step.workers = mark.workers;
    }
    if (mark.kind == StepMark::Kind::kScenarioPause && resumed_ns != 0) {
      if (mark.at_ns > resumed_ns) step.held_ns += mark.at_ns - resumed_ns;
      resumed_ns = 0;
    }
  }
  return all;
}

void add_stimulus(const Stimulus& stimulus, Timeline& all) {
  std::size_t i = all.steps.size();
  while (i > 0 && (all.spans[i - 1].began_ns > stimulus.at_ns || all.steps[i - 1].step != stimulus.step)) --i;
  if (i == 0) return;
  TimelineStep& step = all.steps[i - 1];
  if (!step.elapsed_ms) step.elapsed_ms = stimulus.elapsed_ms;
  step.ops = stimulus.ops;
  step.op_kinds = stimulus.op_kinds;
  step.cgroups = stimulus.cgroups;
  step.workers = stimulus.workers;
  all.spans[i - 1].rounds.push_back(&stimulus);
}

}  // namespace

std::vector<TimelineStep> timeline_of(const RunRecord& record) {
  Timeline all = steps_of(record.marks);
  for (const Stimulus& stimulus : record.stimuli) add_stimulus(stimulus, all);
  for (std::size_t i = 0; i < all.steps.size(); ++i) all.steps[i].iterations_per_s = rate_of(record, all.spans, i);
  return std::move(all.steps);
}

}  // namespace ktstr
