// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text/printable.h"
#include "cli/commands/races.h"
#include "report/style.h"
#include "report/units.h"

namespace ktstr::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string line_of(std::string_view label, std::string_view text) {
  return fmt::format("  {:<11}{}\n", label, printable(text));
}

std::string place_text(const CodePlace& place, const SourceLine& line) {
  return line.line == 0 ? to_text(place) : fmt::format("{}, {}", place.function, to_text(line));
}

std::uint64_t count_of(const RaceSearch& search, RaceOutcome outcome) {
  return static_cast<std::uint64_t>(std::count_if(search.races.begin(), search.races.end(),
                                                  [&](const TriedRace& one) { return one.outcome == outcome; }));
}

// What is found, and where: enough to go to the source with.
std::string places_of(const TriedRace& race) {
  const RaceCandidate& candidate = race.candidate;
  std::string text = line_of("after", place_text(candidate.holds.front().first, candidate.first));
  text += line_of("before", place_text(candidate.holds.front().second, candidate.second));
  for (const SourceLine& other : candidate.others)
    text += line_of(&other == &candidate.others.front() ? "between" : "", to_text(other));
  if (candidate.interrupts) text += line_of("interrupts", "are on: one of the same CPU may come between too");
  return text;
}

double share_that_failed(const TriedRace& race) {
  return race.runs == 0 ? 0 : static_cast<double>(race.failed) / static_cast<double>(race.runs);
}

std::string failed_text(const TriedRace& race, std::string_view what) {
  std::string text = fmt::format("\n{}  {}\n", what, printable(race.candidate.to_text()));
  text += places_of(race);
  text += line_of(
      "forced", fmt::format("another CPU came between in {} of {} runs, {} failed", race.met, race.runs, race.failed));
  if (!race.under.empty()) text += line_of("under", to_text(race.under));
  if (race.controls != 0)
    text += line_of("control", fmt::format("held before the first access instead: {} of {} runs failed so",
                                           race.controls_failed, race.controls));
  if (!race.failure) return text;
  const MadeRun& failure = *race.failure;
  text += line_of("why", fmt::format("{}: {}", failure.kind, failure.message));
  if (race.smaller_test) text += line_of("test", "cut down: less of it is needed, see the file of 'again'");
  text += line_of("schedule", failure.schedule);
  if (race.repeats != 0)
    text += line_of("repeats",
                    fmt::format("{} of {} more runs with it are the same to the bit", race.repeated, race.repeats));
  text += line_of("replay", failure.replay_command);
  text += line_of("again", failure.repeat_command);
  return text;
}

std::string short_text(const TriedRace& race) {
  std::string text = fmt::format("\n{}  {}\n", to_string(race.outcome), printable(race.candidate.to_text()));
  text += places_of(race);
  if (!race.candidate.lock.empty())
    text += line_of("why", fmt::format("both sides hold the lock {}", race.candidate.lock));
  if (race.runs != 0)
    text += line_of("forced", fmt::format("another CPU came between in {} of {} runs", race.met, race.runs));
  return text;
}

// No race of these places; but what a delay of a few milliseconds does is worth a look.
std::string delayed_text(const RaceSearch& search, bool verbose) {
  std::string text;
  for (const TriedRace& race : search.races) {
    if (race.outcome != RaceOutcome::kDelay || (!verbose && !text.empty())) continue;
    text += failed_text(race, "FAILS WHEN DELAYED");
    text += line_of("note", "no other CPU needs to come between: it is the delay, or a race on something else");
  }
  return text;
}

std::string failed_unforced(const RaceSearch& search) {
  std::string text;
  for (const auto& [run, seed] : search.failed_unforced)
    text += fmt::format("  with seed {} the test failed with nobody held: ktstr why {}\n", seed, run);
  return text;
}

}  // namespace

std::string races_text(const RaceSearch& search, bool verbose, bool color) {
  const Style style(color);
  const RunRecord& watched = search.watched;
  std::string text = fmt::format("{} on {}, {}: ", printable(watched.test), printable(watched.kernel),
                                 watched.tuple.topology.to_string());
  if (!search.why_not.empty()) {
    text += fmt::format("no races were looked for: {}\n", printable(search.why_not));
    return text + failed_unforced(search);
  }
  text += fmt::format("{} accesses to memory, {} candidates, {} runs, {} of them tries\n", search.accesses,
                      search.races.size(), search.runs, search.tries);
  if (search.remembered != 0)
    text += fmt::format("  {} of the runs are those that an earlier search had made\n", search.remembered);
  if (!search.all_accesses)
    text += "  not all of them: the trace has no room for more; give a shorter duration or fewer workers\n";
  if (!search.all_candidates) text += "  not all candidates: there is no room for more; watch fewer functions\n";
  std::vector<const TriedRace*> harmful;
  for (const TriedRace& race : search.races)
    if (race.outcome == RaceOutcome::kHarmful) harmful.push_back(&race);
  std::stable_sort(harmful.begin(), harmful.end(),
                   [](const auto* a, const auto* b) { return share_that_failed(*a) > share_that_failed(*b); });
  std::set<std::string> kinds;
  for (const TriedRace* race : harmful) {
    text += failed_text(*race, style.heading("HARMFUL"));
    if (race->failure && !kinds.insert(race->failure->kind).second)
      text += line_of("note", "one above fails in the same way: it may be its race, come to while a CPU was held here");
  }
  text += delayed_text(search, verbose);
  if (verbose)
    for (const RaceOutcome outcome :
         {RaceOutcome::kBenign, RaceOutcome::kNeverMet, RaceOutcome::kLocked, RaceOutcome::kNotTried})
      for (const TriedRace& race : search.races)
        if (race.outcome == outcome) text += short_text(race);
  text += fmt::format(
      "\n{} harmful, {} fail when delayed, {} benign, {} never met, {} protected by a lock, {} not tried{}\n",
      search.harmful(), count_of(search, RaceOutcome::kDelay), count_of(search, RaceOutcome::kBenign),
      count_of(search, RaceOutcome::kNeverMet), count_of(search, RaceOutcome::kLocked),
      count_of(search, RaceOutcome::kNotTried), verbose ? "" : " (-v lists all)");
  return text + failed_unforced(search);
}

std::string races_json(const RaceSearch& search) {
  const auto line = [](const SourceLine& one) {
    return Json{{"file", one.file}, {"line", one.line}, {"text", one.text}};
  };
  Json json = {{"test", search.watched.test},
               {"watched_run", search.watched.id},
               {"why_not", search.why_not},
               {"accesses", search.accesses},
               {"all_accesses", search.all_accesses},
               {"all_candidates", search.all_candidates},
               {"tries", search.tries},
               {"runs", search.runs},
               {"remembered", search.remembered},
               {"runs_to_first_failure", search.runs_to_first()},
               {"failed_unforced", Json::array()},
               {"races", Json::array()}};
  for (const auto& [run, seed] : search.failed_unforced)
    json["failed_unforced"].push_back({{"run", run}, {"seed", seed}});
  for (const TriedRace& race : search.races) {
    const RaceCandidate& candidate = race.candidate;
    Json one = {{"what", candidate.to_text()},
                {"shape", to_string(candidate.shape)},
                {"variable", candidate.variable},
                {"second_variable", candidate.second_variable},
                {"first", line(candidate.first)},
                {"second", line(candidate.second)},
                {"others", Json::array()},
                {"schedule", to_text(candidate.holds)},
                {"under", to_text(race.under)},
                {"lock", candidate.lock},
                {"interrupts", candidate.interrupts},
                {"times", candidate.times},
                {"conflicts", candidate.conflicts},
                {"outcome", to_string(race.outcome)},
                {"runs", race.runs},
                {"met", race.met},
                {"failed", race.failed},
                {"runs_that_failed", race.runs_that_failed},
                {"controls", race.controls},
                {"controls_failed", race.controls_failed}};
    for (const SourceLine& other : candidate.others) one["others"].push_back(line(other));
    if (race.failure)
      one["failure"] = {{"run", race.failure->id},
                        {"seed", race.failure->seed},
                        {"schedule", race.failure->schedule},
                        {"kind", race.failure->kind},
                        {"message", race.failure->message},
                        {"repeats", race.repeats},
                        {"repeated", race.repeated},
                        {"smaller_test", race.smaller_test.has_value()},
                        {"repeat_command", race.failure->repeat_command}};
    json["races"].push_back(std::move(one));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ktstr::cli
