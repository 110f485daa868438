// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text/printable.h"
#include "cli/commands/races.h"
#include "report/units.h"

namespace ktstr::cli {

namespace {

using Json = nlohmann::ordered_json;
using control::HoldChange;

constexpr std::size_t kColumns = 56;
constexpr std::size_t kMostStopsShown = 8;  // the last ones

std::string_view why_it_went_on(HoldChange end) {
  switch (end) {
    case HoldChange::kBegins:
      return "it stood there until the run ended";
    case HoldChange::kMet:
      return "another CPU came between";
    case HoldChange::kTooLong:
      return "no other CPU came between within the bound";
    case HoldChange::kNobodyElse:
      return "all other CPUs were idle";
  }
  return "?";
}

std::string at_text(const RunRecord& record, std::uint64_t at_ns) {
  return fmt::format("{:.6f} s", static_cast<double>(at_ns - std::min(at_ns, record.body_start_ns)) / 1e9);
}

// A column is a slice of time around `about`: '=' goes on, '.' stands still, 'x' comes between.
std::string picture(const RaceStory& story, const RaceStop& about) {
  const std::uint64_t pad = std::max<std::uint64_t>((about.to_ns - about.from_ns) / 4, 500);
  const std::uint64_t from = about.from_ns - std::min(about.from_ns, pad), to = about.to_ns + pad;
  const auto column = [&](std::uint64_t at_ns) {
    return static_cast<std::size_t>((std::clamp(at_ns, from, to) - from) * (kColumns - 1) / (to - from));
  };
  std::set<std::uint32_t> cpus = {about.cpu};
  if (about.end == HoldChange::kMet) cpus.insert(about.other_cpu);
  std::string text;
  for (const std::uint32_t cpu : cpus) {
    std::string cells(kColumns, '=');
    for (const RaceStop& stop : story.stops) {
      if (stop.to_ns < from || stop.from_ns > to) continue;
      if (stop.cpu == cpu)
        for (std::size_t i = column(stop.from_ns); i <= column(stop.to_ns); ++i) cells[i] = '.';
      if (stop.end == HoldChange::kMet && stop.other_cpu == cpu) cells[column(stop.to_ns)] = 'x';
    }
    text += fmt::format("  CPU {:<4} {}\n", cpu, cells);
  }
  return text + fmt::format("           {} in all; . stands still, x comes between\n", short_duration(to - from));
}

std::string stop_text(const RaceStop& stop, const RunRecord& record) {
  const auto line = [](std::string_view label, std::string_view text) {
    return fmt::format("    {:<13}{}\n", label, printable(text));
  };
  const std::string time = stop.to_ns == stop.from_ns ? "no time" : short_duration(stop.to_ns - stop.from_ns);
  std::string text = fmt::format("\n  {}  CPU {}, {}, stands still for {}\n", at_text(record, stop.from_ns), stop.cpu,
                                 printable(stop.task), time);
  text += line("after", to_text(stop.after));
  text += line("before", to_text(stop.before));
  text += line("it touched", fmt::format("{}; arrival {} at this place", stop.variable, stop.times));
  if (stop.end == HoldChange::kMet)
    text += line(fmt::format("CPU {} does", stop.other_cpu),
                 fmt::format("{} ({})", to_text(stop.between), stop.other_task));
  else
    text += line("end", why_it_went_on(stop.end));
  return text;
}

}  // namespace

std::string race_story_text(const RaceStory& story, const RunRecord& record) {
  std::string text = fmt::format("{} on {}, seed {}: {}\n", printable(record.test), printable(record.kernel),
                                 record.tuple.seed, to_string(record.outcome));
  text += fmt::format("  schedule   {}\n", record.tuple.schedule);
  const std::size_t shown = std::min(story.stops.size(), kMostStopsShown);
  if (shown < story.stops.size())
    text += fmt::format("  CPUs were held {} times; these are the last {}\n", story.stops.size(), shown);
  for (std::size_t i = story.stops.size() - shown; i < story.stops.size(); ++i)
    text += stop_text(story.stops[i], record);
  const auto last = std::find_if(story.stops.rbegin(), story.stops.rend(),
                                 [](const RaceStop& one) { return one.end == HoldChange::kMet; });
  if (last != story.stops.rend()) text += "\n" + picture(story, *last);
  for (const Detail& detail : record.details)
    if (detail.verdict == Verdict::kFail)
      text += fmt::format("\n  then       {}: {}\n", to_string(detail.kind), printable(detail.message));
  return text + fmt::format("\n  more       ktstr why {0}; ktstr trace {0} (for ui.perfetto.dev)\n", record.id);
}

std::string race_story_json(const RaceStory& story, const RunRecord& record) {
  const auto place = [](const StoryPlace& one) {
    return Json{
        {"place", to_text(one.place)}, {"file", one.line.file}, {"line", one.line.line}, {"text", one.line.text}};
  };
  Json json = {{"run", record.id},
               {"verdict", to_string(record.outcome)},
               {"schedule", record.tuple.schedule},
               {"stops", Json::array()}};
  for (const RaceStop& stop : story.stops) {
    Json one = {{"hold", stop.hold},
                {"cpu", stop.cpu},
                {"task", stop.task},
                {"after", place(stop.after)},
                {"before", place(stop.before)},
                {"variable", stop.variable},
                {"from_ns", stop.from_ns},
                {"to_ns", stop.to_ns},
                {"times", stop.times},
                {"end", why_it_went_on(stop.end)}};
    if (stop.end == HoldChange::kMet)
      one["between"] = {{"cpu", stop.other_cpu}, {"task", stop.other_task}, {"place", place(stop.between)}};
    json["stops"].push_back(std::move(one));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ktstr::cli
