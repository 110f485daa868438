// SPDX-License-Identifier: Apache-2.0
#include "report/page/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "ktstr/topology.h"
#include "report/page/assets.h"
#include "report/page/packed.h"
#include "report/page/timeline_data.h"
#include "report/page/trace_marks.h"
#include "results/run_record_json.h"
#include "trace/accounts.h"

namespace ktstr {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

// JSON within a <script>: nothing in it may look like the element's end.
std::string within_script(const json& value) {
  std::string text;
  for (const char c : dumped(value))
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  return text;
}

std::string times_of(std::uint64_t ns) { return fmt::format("{}", ns); }

json spans_of(const std::vector<TraceSpan>& spans) {
  json all = json::array();
  for (const TraceSpan& span : spans)
    all.push_back({{"name", span.name}, {"from_ns", times_of(span.begin_ns)}, {"to_ns", times_of(span.end_ns)}});
  return all;
}

// Of each CPU its node, LLC and core.
json places_of(const Topology& topology) {
  json places = json::array();
  if (!topology.validate()) return places;
  const int per_llc = topology.cores_per_llc * topology.threads_per_core;
  for (int cpu = 0; cpu < topology.cpus(); ++cpu)
    places.push_back({cpu / per_llc / topology.llcs_per_node(), cpu / per_llc, cpu / topology.threads_per_core});
  return places;
}

struct Timeline {
  std::string columns;  // packed; "": there is none
  std::string head;     // JSON
  std::string why_none;
};

Timeline timeline_of_run(const RunRecord& record) {
  Timeline made;
  const fs::path path = fs::path(record.run_dir) / kTraceFileName;
  std::error_code error;
  if (record.run_dir.empty() || !fs::exists(path, error)) {
    if (!record.why_no_trace.empty())
      made.why_none = record.why_no_trace;
    else if (record.trace_events > 0)
      made.why_none = fmt::format("its {} is gone", kTraceFileName);
    else if (record.body_start_ns == 0)
      made.why_none = "no body ran, so nothing was recorded";
    else
      made.why_none = fmt::format("there is no {} of this run; a run in det mode has one", kTraceFileName);
    return made;
  }
  const auto fill = [&]() -> Status {
    KTSTR_TRY_ASSIGN(TraceReader trace, TraceReader::open(path));
    KTSTR_TRY_ASSIGN(const TimelineData data, timeline_data(trace));
    if (data.is_empty)
      return fail(ErrorCode::kNotFound, "its {} has no events: it was cut short, or nothing happened", kTraceFileName);
    made.head = data.head;
    made.columns = packed(data.columns);
    return ok();
  };
  if (const Status status = fill(); !status) made.why_none = status.error().message();
  return made;
}

std::string shortened(const std::string& text, std::size_t most) {
  return text.size() > most ? text.substr(0, most) + "..." : text;
}

json row_of(const ReportedRun& run) {
  json row = {{"id", run.id},
              {"test", run.test},
              {"name", run.name},
              {"outcome", to_string(run.outcome)},
              {"kind", run.kind},
              {"host_s", run.host_seconds},
              {"started", run.started_at},
              {"repeat", run.repeat_command}};
  constexpr std::size_t kMostOfMessage = 300, kMostOfText = 20'000;
  row["message"] = shortened(run.message, kMostOfMessage);
  for (const auto& [key, value] : run.properties) row[key] = shortened(value, kMostOfText);
  for (const char* const key : {"test", "name", "repeat"}) row[key] = shortened(row[key], kMostOfText);
  return row;
}

// Failures first, each in the order of the runs.
std::vector<std::size_t> by_interest(std::span<const ReportedRun> runs) {
  std::vector<std::size_t> order(runs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_partition(order.begin(), order.end(), [&](std::size_t at) { return runs[at].outcome != Outcome::kPass; });
  return order;
}

class PageMaker {
 public:
  PageMaker(std::span<const ReportedRun> runs, const PageLimits& limits) : runs_(runs), limits_(limits) {}

  std::string make() {
    json rows = json::array();
    for (const ReportedRun& run : runs_) rows.push_back(row_of(run));
    for (const std::size_t at : by_interest(runs_)) add(at, rows[at]);
    const std::string policy = fmt::format(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        policy_hash(kPageScript), policy_hash(kPageStyle));
    const std::string title =
        runs_.size() == 1 ? std::string("ktstr: a run") : fmt::format("ktstr: {} runs", runs_.size());
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n"
        "<noscript><p>This page draws itself with a script, which it carries. <code>ktstr runs show</code> prints the "
        "same as "
        "text.</p></noscript>\n"
        "<script type=\"application/json\" id=\"runs\">{}</script>\n{}<script>{}</script>\n</body>\n</html>\n",
        policy, title, kPageStyle, within_script(rows), packs_, kPageScript);
  }

 private:
  void add(std::size_t at, json& row) {
    const ReportedRun& run = runs_[at];
    if (run.record == nullptr || record_bytes_ >= limits_.record_bytes) return;
    const RunRecord& record = *run.record;
    const TraceMarks marks = trace_marks(record);
    json pack = {{"text", run.text},
                 {"places", places_of(record.tuple.topology)},
                 {"body_ns", times_of(record.body_start_ns)},
                 {"body_end_ns", times_of(record.body_start_ns + record.body_ns)},
                 {"steps", spans_of(marks.steps)},
                 {"ops", spans_of(marks.ops)},
                 {"findings", findings_of(record)}};
    Timeline timeline;
    if (timelines_ < limits_.timelines && timeline_bytes_ < limits_.timeline_bytes)
      timeline = timeline_of_run(record);
    else
      timeline.why_none = fmt::format(
          "this page has the timelines of {} of its runs; 'ktstr report {} -o page.html' makes a page with this one",
          timelines_, run.id);
    if (timeline.columns.empty()) pack["no_timeline"] = timeline.why_none;
    // The record and the timeline's head are JSON already.
    std::string whole = "{\"record\":" + to_json_line(record);
    if (!timeline.columns.empty()) whole += ",\"timeline\":" + timeline.head;
    const std::string text = packed(whole + "," + dumped(pack).substr(1));
    record_bytes_ += text.size();
    row["pack"] = true;
    packs_ += fmt::format("<script type=\"text/plain\" id=\"pack{}\">{}</script>\n", at, text);
    if (timeline.columns.empty()) return;
    ++timelines_;
    timeline_bytes_ += timeline.columns.size();
    row["timeline"] = true;
    packs_ += fmt::format("<script type=\"text/plain\" id=\"columns{}\">{}</script>\n", at, timeline.columns);
  }

  // Those that the recorder placed are exact; the others are where their worker's gap was, or their step ended.
  static json findings_of(const RunRecord& record) {
    json all = json::array();
    for (const Detail& detail : record.details) {
      if (detail.verdict != Verdict::kFail && detail.verdict != Verdict::kInconclusive) continue;
      const auto traced = std::find_if(record.traced.begin(), record.traced.end(),
                                       [&](const TracedFinding& one) { return one.is_of(detail); });
      if (traced != record.traced.end()) {
        all.push_back({{"name", fmt::format("{}: {}", to_string(traced->kind), traced->headline)},
                       {"from_ns", times_of(traced->from_ns)},
                       {"to_ns", times_of(traced->to_ns)},
                       {"pid", traced->pid},
                       {"cpu", traced->cpu},
                       {"cause", traced->cause},
                       {"words", traced->words}});
      } else if (const auto span = span_of_finding(record, detail)) {
        all.push_back(spans_of({*span})[0]);
      }
    }
    return all;
  }

  std::span<const ReportedRun> runs_;
  PageLimits limits_;
  std::string packs_;
  std::size_t record_bytes_ = 0, timelines_ = 0, timeline_bytes_ = 0;
};

}  // namespace

bool leaves_page(const RunRecord& record) {
  return record.outcome != Outcome::kPass && record.outcome != Outcome::kSkip && !record.run_dir.empty() &&
         record.trace_events > 0 && record.trace_events <= kMostEventsOfPage;
}

std::string html_report(std::span<const ReportedRun> runs) { return html_report(runs, {}); }

std::string html_report(std::span<const ReportedRun> runs, const PageLimits& limits) {
  return PageMaker(runs, limits).make();
}

}  // namespace ktstr
