// SPDX-License-Identifier: Apache-2.0
#include "report/text_report.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text/printable.h"
#include "report/cgroup_table.h"
#include "report/likely_cause.h"
#include "report/page/html_report.h"
#include "report/payload_section.h"
#include "report/report_sections.h"
#include "report/repro_section.h"
#include "report/style.h"
#include "report/timeline_table.h"
#include "report/units.h"

namespace ktstr {

namespace {

constexpr std::size_t kLabelWidth = 11;
constexpr std::size_t kMostBriefly = 4, kMostCgroupsBriefly = 6;

class TextReport {
 public:
  TextReport(const RunRecord& record, const ReportOptions& options)
      : r_(record), options_(options), style_(options.color) {}

  std::string write() {
    switch (r_.outcome) {
      case Outcome::kPass:
        write_pass();
        break;
      case Outcome::kSkip:
        write_skip();
        break;
      case Outcome::kFail:
      case Outcome::kInconclusive:
        write_failure();
        break;
      case Outcome::kInfrastructure:
      case Outcome::kBadInput:
      case Outcome::kInterrupted:
        write_error();
        break;
    }
    return std::move(text_);
  }

 private:
  std::string name() const { return printable(r_.test.empty() ? "run" : r_.test); }

  void write_pass() {
    headline(": " + escaped(one_line_setting(r_)));
    text_ += escaped(cgroup_table(r_, "  ", options_.columns));
    if (const std::string measured = measure_table(r_, "  ", options_.columns); !measured.empty())
      text_ += "\n" + escaped(measured);
    if (options_.verbose && !r_.workers.empty()) text_ += "\n" + escaped(worker_table(r_, "  "));
    if (!r_.payloads.empty()) text_ += "\n" + escaped(payload_table(r_, "  "));
    notes();
    if (options_.verbose) {
      if (r_.schedulers.size() > 1) section("Schedulers", scheduler_lines(r_));
      section("What the kernel reported", r_.kernel_reports);
      table("Timeline (guest time)", timeline_table(r_, "  "));
      section("Captured", capture_lines(r_.captures));
      outputs();
    }
    if (options_.verbose) {
      section("Checked", checked_lines(r_));
      section("Scheduler log", log_lines(r_.scheduler_log, limit()));
      text_ += "\n";
      phases();
    } else if (!r_.checked.empty()) {
      field("checked", checked_summary(r_.checked));
    }
    if (!r_.declared.empty()) field("declared", printable(r_.declared));
    closing();
  }

  void write_skip() {
    std::string why;
    for (const Detail& detail : r_.details)
      if (why.empty()) why = detail.message;
    headline(why.empty() ? "" : ": " + printable(why));
  }

  // Cause, who suffered and from whom, what else was found, the numbers, and how to go on.
  void write_brief_failure() {
    add(style_.verdict(r_.outcome) + "  " + name());
    auto lines = setting_lines(r_);
    const auto on = std::find_if(lines.begin(), lines.end(), [](const auto& one) { return one.first == "scheduler"; });
    // The story has what the trace saw.
    for (auto line = lines.begin(); line != on; ++line) {
      if (options_.story.empty())
        field(line->first, line->second);
      else if (line->first != "trace")
        field(line->first, line->first == "why" ? cause_of_failure(r_, true) : line->second);
    }
    text_ += options_.story;
    section(r_.outcome == Outcome::kFail ? "Also failed" : "Also undecided", further_findings(r_, kMostBriefly));
    notes();
    section("Replayed with probes (seconds into the body)", repro_lines(r_));
    if (options_.story.empty() && timeline_explains(r_)) table("Timeline (guest time)", timeline_table(r_, "  "));
    table("Workers by cgroup (guest time)", cgroup_table(r_, "  ", options_.columns, kMostCgroupsBriefly));
    if (r_.cgroups.empty())
      table("Workers without a report, as last seen (guest time)", last_seen_table(r_, "  ", kMostBriefly));
    table("Payloads (guest time)", payload_table(r_, "  "));
    for (const PayloadOutput& output : payload_output(r_, false))
      section(output.title, log_lines(output.lines, kMostBriefly));
    section("Test's own output", log_lines(r_.body_log, kMostBriefly));
    text_ += "\n";
    for (auto line = on; line != lines.end(); ++line) field(line->first, line->second);
    closing();
    not_shown();
    go_on();
  }

  void go_on() {
    const std::string why = r_.traced.empty() ? "" : why_command(r_);
    if (why.empty() && r_.repeat_command.empty() && r_.replay_command.empty()) return;
    text_ += "\n" + style_.heading("Go on") + "\n";
    for (const std::string& command : {why, r_.replay_command, r_.repeat_command})
      if (!command.empty()) add("  " + escaped(command));
  }

  // What a longer report has.
  void not_shown() {
    std::string text;
    const auto count = [&](std::string_view what, std::size_t lines) {
      if (lines > 0)
        text += fmt::format("{}{} ({} line{})", text.empty() ? "" : ", ", what, lines, lines == 1 ? "" : "s");
    };
    count("the kernel's reports", r_.kernel_reports.size());
    count("the scheduler's log", r_.scheduler_log.size());
    count("the kernel's log", r_.kernel_log.size());
    count("the console", r_.console_tail.size());
    if (text.empty() || r_.id.empty()) return;
    field("not shown", text);
    add("  " + std::string(kLabelWidth, ' ') + "ktstr runs show " + printable(r_.id) + " -v");
  }

  void write_failure() {
    if (is_brief()) return write_brief_failure();
    add(style_.verdict(r_.outcome) + "  " + name());
    for (const auto& [label, text] : setting_lines(r_)) field(label, text);
    if (!r_.declared.empty()) field("declared", printable(r_.declared));
    section(r_.outcome == Outcome::kFail ? "Also failed" : "Also undecided", further_findings(r_, limit()));
    notes();
    section("Replayed with probes (seconds into the body)", repro_lines(r_));
    if (!options_.story.empty()) text_ += "\n" + options_.story;
    if (options_.verbose || timeline_explains(r_)) table("Timeline (guest time)", timeline_table(r_, "  "));
    table("Workers by cgroup (guest time)", cgroup_table(r_, "  ", options_.columns));
    table("Measured by the work (guest time)", measure_table(r_, "  ", options_.columns));
    if (options_.verbose && !r_.workers.empty()) text_ += "\n" + escaped(worker_table(r_, "  "));
    last_seen();
    table("Payloads (guest time)", payload_table(r_, "  "));
    outputs();
    if (options_.verbose) section("Captured", capture_lines(r_.captures));
    logs();
    if (options_.verbose) section("Checked", checked_lines(r_));
    text_ += "\n";
    phases();
    closing();
    repeat();
  }

  void write_error() {
    headline(": " + printable(r_.error.empty() ? "no reason is known" : r_.error));
    if (!r_.error_hint.empty()) field("hint", printable(r_.error_hint));
    if (r_.outcome != Outcome::kInfrastructure) return;
    if (!r_.kernel.empty())
      for (const auto& [label, text] : setting_lines(r_)) field(label, text);
    section("Also found", further_findings(r_, limit()));
    if (options_.verbose || timeline_explains(r_)) table("Timeline (guest time)", timeline_table(r_, "  "));
    last_seen();
    logs();
    text_ += "\n";
    phases();
    closing();
    repeat();
  }

  void last_seen() { table("Workers without a report, as last seen (guest time)", last_seen_table(r_, "  ", limit())); }

  void logs() {
    section("Where the guest's CPUs stood", vcpu_lines(r_.vcpus));
    section("What the kernel reported", r_.kernel_reports);
    section("Scheduler log", log_lines(r_.scheduler_log, limit()));
    section("Kernel log (sched_ext, stalls, panics)", log_lines(kernel_log(), limit()));
    section("Test's own output", log_lines(r_.body_log, limit()));
    if (guest_in_trouble(r_) || options_.verbose) section("Console", log_lines(r_.console_tail, limit()));
  }

  // Without what was shown as reports already.
  std::vector<std::string> kernel_log() const {
    if (r_.kernel_reports.empty() || options_.verbose) return r_.kernel_log;
    std::vector<std::string> lines;
    for (const std::string& line : r_.kernel_log)
      if (line.find("sched_ext") != std::string::npos) lines.push_back(line);
    return lines;
  }

  void notes() {
    for (const auto& [message, count] : note_lines(r_))
      field("note", printable(message) + (count > 1 ? fmt::format(" ({} times)", count) : ""));
    for (const std::string& why : r_.perturbed) field("note", "not repeatable: " + printable(why));
  }

  void outputs() {
    for (const PayloadOutput& output : payload_output(r_, options_.verbose))
      section(output.title, log_lines(output.lines, limit()));
  }

  void phases() {
    if (!r_.phases.empty()) field("phases", phase_line(r_.phases));
  }

  void closing() {
    std::string ran;
    if (r_.body_ns > 0) ran = fmt::format("{} of guest time in ", short_duration(r_.body_ns));
    if (r_.host_seconds > 0) ran += fmt::format("{:.1f}s of host time", r_.host_seconds);
    if (r_.body_ns > 0 && !is_brief()) ran += fineness(r_);
    if (!ran.empty()) field("ran", ran);
    if (!r_.digest.empty())
      field("digest",
            r_.digest.substr(0, kDigestShown) + (r_.digest_complete ? "" : " (incomplete: the guest did not finish)"));
    if (!r_.run_dir.empty()) field("kept in", r_.run_dir);
    if (leaves_page(r_)) field("page", r_.run_dir + "/" + kPageName);
  }

  void repeat() {
    if (!r_.traced.empty())
      text_ += "\n" + style_.heading("See what happened") + "\n  " + escaped(why_command(r_)) + "\n";
    if (!r_.repeat_command.empty())
      text_ += "\n" + style_.heading("Run it again") + "\n  " + escaped(r_.repeat_command) + "\n";
    if (!r_.replay_command.empty())
      text_ += "\n" + style_.heading("Run it again with the inputs as they were") + "\n  " +
               escaped(r_.replay_command) + "\n";
  }

  void add(const std::string& line) { text_ += line + "\n"; }
  // After the verdict and the name.
  void headline(const std::string& rest) {
    const std::string line = name() + rest;
    if (options_.columns == 0) return add(style_.verdict(r_.outcome) + "  " + line);
    std::string before = style_.verdict(r_.outcome) + "  ";
    for (const std::string& part : wrapped(line, fitted(Style(false).verdict(r_.outcome).size() + 2))) {
      add(before + part);
      before = std::string(4, ' ');
    }
  }
  // Not of a pass.
  bool is_brief() const {
    const bool undecided = r_.outcome == Outcome::kFail || r_.outcome == Outcome::kInconclusive;
    return options_.brief && !options_.verbose && undecided;
  }
  std::size_t fitted(std::size_t indent) const {
    if (options_.columns == 0) return SIZE_MAX;
    return std::max<std::size_t>(options_.columns, indent + 20) - indent;
  }
  // All text of others passes one of these three, which escape it; our colours are only in headings and the verdict.
  void field(std::string_view label, std::string_view text) {
    if (options_.columns == 0) return add(fmt::format("  {:<9}  {}", label, escaped(text)));
    for (const std::string& line : wrapped(escaped(text), fitted(2 + kLabelWidth))) {
      add(fmt::format("  {:<9}  {}", label, line));
      label = "";
    }
  }
  void table(std::string_view title, const std::string& text) {
    if (!text.empty()) text_ += "\n" + style_.heading(title) + "\n" + escaped(text);
  }
  void section(std::string_view title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    add("");
    add(style_.heading(title));
    for (const std::string& line : lines) {
      if (options_.columns == 0 || options_.verbose) {
        add("  " + printable(line));
        continue;
      }
      std::string_view indent = "  ";
      for (const std::string& part : wrapped(printable(line), fitted(4))) {
        add(std::string(indent) + part);
        indent = "    ";
      }
    }
  }
  std::size_t limit() const { return options_.verbose ? SIZE_MAX : kLogLinesShown; }

  const RunRecord& r_;
  ReportOptions options_;
  Style style_;
  std::string text_;
};

}  // namespace

std::string verdict_line(const RunRecord& record, const ReportOptions& options) {
  std::string why;
  switch (record.outcome) {
    case Outcome::kPass:
      why = one_line_setting(record);
      break;
    case Outcome::kSkip:
      if (!record.details.empty()) why = record.details.front().message;
      break;
    case Outcome::kFail:
    case Outcome::kInconclusive:
      why = cause_of_failure(record, true);
      break;
    case Outcome::kInfrastructure:
    case Outcome::kBadInput:
    case Outcome::kInterrupted:
      why = record.error;
      break;
  }
  const std::string name = printable(record.test.empty() ? "run" : record.test);
  return Style(options.color).verdict(record.outcome) + "  " + name + (why.empty() ? "" : ": " + printable(why)) + "\n";
}

std::string text_report(const RunRecord& record, const ReportOptions& options) {
  return TextReport(record, options).write();
}

}  // namespace ktstr
