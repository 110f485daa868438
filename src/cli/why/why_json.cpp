// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "cli/why/why.h"
#include "model/names.h"
#include "report/repro_section.h"

namespace ktstr::cli {

namespace {

using Json = nlohmann::ordered_json;

Json finding_json(const Detail& finding) {
  return {{"kind", to_string(finding.kind)},
          {"message", finding.message},
          {"cgroup", finding.cgroup},
          {"worker", finding.worker},
          {"step", finding.step}};
}

Json victim_json(const WaitStory& story) {
  return {{"pid", story.pid},
          {"comm", story.comm},
          {"cgroup", story.cgroup},
          {"class", story.sched_class ? Json(to_string(*story.sched_class)) : Json()},
          {"may_run_on", cpu_list(story)},
          {"ran_ns", story.ran_ns},
          {"waited_ns", story.waited_ns},
          {"slept_ns", story.slept_ns},
          {"throttled_ns", story.throttled_ns},
          {"frozen_ns", story.frozen_ns},
          {"queue", queue_text(story)}};
}

Json cpus_json(const WaitStory& story) {
  Json cpus = Json::array();
  for (const CpuStory& cpu : story.cpus) {
    Json users = Json::array();
    for (const CpuUser& user : cpu.users)
      users.push_back({{"pid", user.pid},
                       {"comm", user.comm},
                       {"ran_ns", user.ran_ns},
                       {"real_time", user.real_time},
                       {"higher_class", user.higher_class}});
    cpus.push_back({{"cpu", cpu.cpu},
                    {"idle_ns", cpu.idle_ns},
                    {"offline_ns", cpu.offline_ns},
                    {"irq_ns", cpu.irq_ns},
                    {"users", std::move(users)}});
  }
  return cpus;
}

Json event_json(const LeadUpEvent& event) {
  return {{"time_ns", event.at_ns}, {"on_cpu", event.cpu}, {"words", event.words}};
}
Json run_json(const std::optional<LeadUpRun>& run) {
  if (!run) return {};
  return {{"pid", run->pid}, {"task", run->task}, {"cpu", run->cpu}, {"from_ns", run->from_ns}, {"to_ns", run->to_ns}};
}

Json timeline_json(const Timeline& timeline) {
  Json rows = Json::array(), legend = Json::array();
  for (const Timeline::Row& row : timeline.rows) rows.push_back({{"cpu", row.cpu}, {"cells", row.cells}});
  for (const Timeline::Letter& one : timeline.legend)
    legend.push_back(
        {{"letter", std::string(1, one.letter)}, {"pid", one.pid}, {"task", one.task}, {"ran_ns", one.ran_ns}});
  return {{"from_ns", timeline.from_ns}, {"to_ns", timeline.to_ns},     {"columns", timeline.columns},
          {"rows", std::move(rows)},     {"task", timeline.task_cells}, {"legend", std::move(legend)}};
}

Json look_json(const Look& look) {
  const LeadUp& lead = look.lead_up;
  Json events = Json::array();
  for (const LeadUpEvent& event : lead.events) events.push_back(event_json(event));
  return {{"last_ran", run_json(lead.last_ran)},
          {"last_touch", lead.last_touch ? event_json(*lead.last_touch) : Json()},
          {"cpu_ran", run_json(lead.cpu_ran)},
          {"events", std::move(events)},
          {"timeline", timeline_json(look.timeline)}};
}

}  // namespace

std::string to_json(const Why& why) {
  Json json = {{"run", why.record.id},
               {"run_dir", why.record.run_dir},
               {"test", why.record.test},
               {"verdict", to_string(why.record.outcome)},
               {"body_start_ns", why.record.body_start_ns},
               {"finding", why.finding ? finding_json(*why.finding) : Json()},
               {"why_no_story", why.why_no_story},
               {"remarks", why.remarks}};
  if (why.traced) {
    const TracedFinding& traced = *why.traced;
    json["traced"] = {{"kind", to_string(traced.kind)},
                      {"headline", traced.headline},
                      {"scene", scene_of(why)},
                      {"pid", traced.pid},
                      {"cpu", traced.cpu},
                      {"from_ns", traced.from_ns},
                      {"to_ns", traced.to_ns},
                      {"cause", traced.cause},
                      {"words", traced.words}};
    json["traced_is_of_another_finding"] = why.of_another;
  }
  if (why.story) {
    json["victim"] = victim_json(*why.story);
    json["cpus"] = cpus_json(*why.story);
  }
  if (why.look) json.update(look_json(*why.look));
  if (why.record.repro) json["calls"] = repro_lines(why.record);
  json["go_on"] = ways_on(why);
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ktstr::cli
