// SPDX-License-Identifier: Apache-2.0
#include "report/payload_section.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "model/names.h"
#include "report/table.h"
#include "report/units.h"

namespace ktstr {

namespace {

constexpr std::size_t kMetricWidth = 32;
constexpr std::size_t kUnitWidth = 12;
constexpr std::size_t kEndWidth = 40;
constexpr std::size_t kPidsShown = 64;

std::string end_text(const PayloadReport& report) {
  if (report.killed) return "stopped by the scenario";
  return shortened(printable(report.exit), kEndWidth);
}

// Enough digits to compare two runs by eye, and none that a reader has to skip.
std::string value_text(double value) {
  if (!std::isfinite(value)) return "no number";
  if (value == std::floor(value) && std::fabs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, std::fabs(value) >= 1000 ? 0 : std::fabs(value) >= 1 ? 2 : 4);
}

std::string better_text(Polarity polarity) {
  return polarity == Polarity::kNeutral ? "" : std::string(to_string(polarity));
}

bool did_badly(const PayloadReport& report) {
  return report.oom_killed || !report.missing.empty() || (!report.killed && report.exit_code != 0);
}

std::string who(const PayloadReport& report) {
  const std::string name = shortened(printable(report.name), kNameWidth);
  return report.cgroup.empty() ? name : name + " in " + shortened(printable(report.cgroup), kNameWidth);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

std::string payload_table(const RunRecord& record, std::string_view indent) {
  if (record.payloads.empty()) return "";
  Table table({"payload", "cgroup", "step", "ran", "end", "metric", "value", "unit", "better"}, {1, 4, 5, 7, 8});
  std::string missing;
  for (const PayloadReport& report : record.payloads) {
    std::vector<std::string> row = {shortened(printable(report.name), kNameWidth),
                                    report.cgroup.empty() ? "-" : shortened(printable(report.cgroup), kNameWidth),
                                    step_text(report.step), short_duration(report.wall_time_ns), end_text(report)};
    const auto add = [&](std::vector<std::string> metric) {
      row.insert(row.end(), metric.begin(), metric.end());
      table.add(std::move(row));
      row = std::vector<std::string>(5);
    };
    if (report.metrics.empty()) add({"", "", "", ""});
    for (const PayloadValue& metric : report.metrics)
      add({shortened(printable(metric.name), kMetricWidth), value_text(metric.value),
           shortened(printable(metric.unit), kUnitWidth), better_text(metric.polarity)});
    for (const std::string& reason : report.missing)
      missing += fmt::format("{}missing    {}: {}\n", indent, who(report), printable(reason));
  }
  return table.render(indent) + missing;
}

std::vector<PayloadOutput> payload_output(const RunRecord& record, bool all) {
  std::vector<PayloadOutput> sections;
  for (const PayloadReport& report : record.payloads) {
    if (report.output_tail.empty() || (!all && !did_badly(report))) continue;
    const std::string where = report.step == 0 ? "" : fmt::format(", step {}", report.step);
    sections.push_back({fmt::format("Output of {}{}", who(report), where), lines_of(report.output_tail)});
  }
  return sections;
}

std::vector<std::string> capture_lines(const std::vector<ProcsCapture>& captures) {
  std::vector<std::string> lines;
  for (const ProcsCapture& capture : captures) {
    const std::size_t shown = std::min(capture.pids.size(), kPidsShown);
    std::string line = fmt::format("{}: {} task{} in {}", printable(capture.tag), capture.pids.size(),
                                   capture.pids.size() == 1 ? "" : "s",
                                   capture.cgroup.empty() ? "the body's own cgroup" : printable(capture.cgroup));
    if (capture.step > 0) line += fmt::format(" (step {})", capture.step);
    if (shown > 0) line += fmt::format(": {}", fmt::join(std::span(capture.pids).first(shown), " "));
    if (shown < capture.pids.size()) line += fmt::format(" ... and {} more", capture.pids.size() - shown);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace ktstr
