// SPDX-License-Identifier: Apache-2.0
#include "races/race_story.h"

#include <fmt/format.h>

#include <algorithm>

#include "trace/task_table.h"
#include "trace/trace_file.h"

namespace ktstr {

namespace {

StoryPlace place_of(const SourceNames& names, std::uint64_t address) {
  const auto place = names.place(address);
  return {place.value_or(CodePlace{"?", 0}), names.line(address)};
}

StoryPlace place_of(const SourceNames& names, const CodePlace& place) {
  return {place, names.line(names.address(place))};
}

std::string task_on(const TaskTable& tasks, std::uint32_t cpu) {
  const std::int32_t pid = tasks.running(cpu);
  return pid == 0 ? tasks.comm(pid, cpu) : fmt::format("{}[{}]", tasks.comm(pid, cpu), pid);
}

}  // namespace

std::string to_text(const StoryPlace& place) {
  if (place.line.line == 0) return to_text(place.place);
  return fmt::format("{}, {}", place.place.function, to_text(place.line));
}

Result<RaceStory> race_story(const std::filesystem::path& trace_file, const std::string& schedule) {
  KTSTR_TRY_ASSIGN(const std::vector<PlannedHold> planned, parse_schedule(schedule));
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_file));
  RaceStory story;
  std::uint64_t end_ns = 0;
  SourceNames names;
  TaskTable tasks;
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, reader.next());
    if (!event) break;
    tasks.follow(*event);
    names.follow(*event);
    end_ns = event->time_ns;
    if (event->kind != TraceKind::kHeld) continue;
    const auto seen = event_as<trace::Held>(*event);
    const auto change = control::HoldChange{seen.change};
    if (change == control::HoldChange::kBegins) {
      RaceStop stop{.hold = seen.hold,
                    .cpu = seen.vcpu,
                    .task = task_on(tasks, seen.vcpu),
                    .after = {},
                    .before = place_of(names, seen.place),
                    .variable = names.data(seen.address),
                    .from_ns = event->time_ns,
                    .to_ns = event->time_ns,
                    .times = seen.times};
      if (seen.hold < planned.size()) stop.after = place_of(names, planned[seen.hold].first);
      story.stops.push_back(std::move(stop));
      continue;
    }
    const auto stop = std::find_if(story.stops.rbegin(), story.stops.rend(), [&](const RaceStop& one) {
      return one.hold == seen.hold && one.end == control::HoldChange::kBegins;
    });
    if (stop == story.stops.rend()) continue;
    stop->end = change;
    stop->to_ns = event->time_ns;
    if (change != control::HoldChange::kMet) continue;
    stop->other_cpu = event->cpu;
    stop->other_task = task_on(tasks, event->cpu);
    stop->between = place_of(names, seen.place);
  }
  for (RaceStop& stop : story.stops)
    if (stop.end == control::HoldChange::kBegins) stop.to_ns = end_ns;
  if (story.stops.empty()) return fail(ErrorCode::kNotFound, "no CPU was held in that run");
  return story;
}

}  // namespace ktstr
