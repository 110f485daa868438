// SPDX-License-Identifier: Apache-2.0
#include "report/explore_report.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "report/failure_sections.h"
#include "report/likely_cause.h"
#include "report/report_sections.h"
#include "report/style.h"
#include "report/units.h"
#include "results/wilson_interval.h"

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;

std::string rate_line(const Exploration& found) {
  const std::uint64_t failed = found.count(Outcome::kFail);
  if (found.decided() == 0) return "no seed was decided";
  const Interval interval = wilson_interval(failed, found.decided());
  return fmt::format("{} of {} failed: {}, 95% interval {} to {}", failed, counted(found.decided(), "seed"),
                     short_percent(100 * static_cast<double>(failed) / static_cast<double>(found.decided())),
                     short_percent(100 * interval.low), short_percent(100 * interval.high));
}

class ExploreReport {
 public:
  ExploreReport(const Exploration& found, bool color) : found_(found), style_(color) {}

  std::string write() {
    add(fmt::format("{}  {}, seeds {} to {}: {}", style_.verdict(outcome_of(found_)), printable(found_.test),
                    found_.range.from, found_.range.to, rate_line(found_)));
    setting();
    others();
    return text_ + failure_sections(found_.groups, "seed", style_);
  }

 private:
  void setting() {
    if (found_.mode.empty()) return;
    field("mode", found_.mode == "det" ? "det: a seed that failed fails again"
                                       : found_.mode + ": in real time the same seed need not fail again");
    if (found_.vary != "all") field("varied", found_.vary + " only");
    if (const std::string text = by_policy(); !text.empty()) field("policies", text);
  }

  // "failed: 3 of 40 with pct, 1 of 38 with uniform"; "" where all turns were even.
  std::string by_policy() const {
    const auto all = found_.by_policy();
    if (all.empty() || (all.size() == 1 && all.front().policy.empty())) return "";
    std::string text = "failed: ";
    for (const auto& [policy, failed, decided] : all)
      text += fmt::format("{}{} of {} with {}", text.ends_with(' ') ? "" : ", ", failed, decided,
                          policy.empty() ? "even turns" : printable(policy));
    return text;
  }

  // What is no verdict on the scheduler.
  void others() {
    const auto count = [&](Outcome outcome, std::string_view text) {
      if (const std::uint64_t n = found_.count(outcome); n > 0)
        field("besides", counted(n, "seed") + std::string(text));
    };
    count(Outcome::kInfrastructure, " could not be run (not counted as failed)");
    if (!found_.first_trouble.empty()) field("", printable(found_.first_trouble));
    count(Outcome::kInconclusive, " decided nothing (inconclusive)");
    count(Outcome::kSkip, " skipped");
    count(Outcome::kInterrupted, " interrupted");
    if (found_.not_run() > 0) field("besides", counted(found_.not_run(), "seed") + " not run");
  }

  void add(const std::string& line) { text_ += line + "\n"; }
  void field(std::string_view label, std::string_view text) { add(fmt::format("  {:<9}  {}", label, text)); }

  const Exploration& found_;
  Style style_;
  std::string text_;
};

Json group_json(const FailureGroup& group) {
  return {{"signature", group.signature()},
          {"kind", group.kind},
          {"where", group.where},
          {"count", group.members.size()},
          {"smallest_seed", group.members.front()},
          {"seeds", group.members},
          {"message", group.message},
          {"repeat_command", group.repeat_command},
          {"run_dir", group.run_dir}};
}

Json exploration_json(const Exploration& found) {
  const std::uint64_t failed = found.count(Outcome::kFail), decided = found.decided();
  const Interval interval = wilson_interval(failed, decided);
  Json json = {{"test", found.test},
               {"mode", found.mode},
               {"vary", found.vary},
               {"seeds", {{"from", found.range.from}, {"to", found.range.to}}},
               {"runs", found.results.size()},
               {"failed", failed},
               {"infrastructure", found.count(Outcome::kInfrastructure)},
               {"inconclusive", found.count(Outcome::kInconclusive)},
               {"not_run", found.not_run()},
               {"trouble", found.first_trouble},
               {"rate", decided == 0 ? Json() : Json(static_cast<double>(failed) / static_cast<double>(decided))},
               {"rate_low", interval.low},
               {"rate_high", interval.high}};
  for (const auto& [axis, value] : found.cell) json["cell"][axis] = value;
  json["groups"] = Json::array();
  for (const FailureGroup& group : found.groups) json["groups"].push_back(group_json(group));
  json["results"] = Json::array();
  for (const SeedResult& result : found.results) {
    Json one = {
        {"seed", result.seed}, {"outcome", to_string(result.outcome)}, {"digest", result.digest}, {"id", result.id}};
    if (!result.policy.empty()) one["policy"] = result.policy;
    json["results"].push_back(std::move(one));
  }
  return json;
}

std::string dumped(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string explore_report(const Exploration& found, bool color) { return ExploreReport(found, color).write(); }

std::string seed_line(const RunRecord& record) {
  std::string why = record.error;
  const auto all = findings(record);
  if (why.empty() && !all.empty()) why = fmt::format("{}: {}", to_string(all.front()->kind), all.front()->message);
  why = printable(why.substr(0, why.find('\n')));
  const std::string digest = record.digest.empty() ? "" : ", digest " + record.digest.substr(0, kDigestShown);
  return fmt::format("seed {}: {}{}\n", record.tuple.seed, to_string(record.outcome),
                     why.empty() ? digest : ", " + why);
}

std::string explore_json(const Exploration& found) { return dumped(exploration_json(found)); }

std::string explore_json(const std::vector<Exploration>& found) {
  Json list = Json::array();
  for (const Exploration& one : found) list.push_back(exploration_json(one));
  return dumped(list);
}

}  // namespace ktstr
