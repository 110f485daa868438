// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/text/printable.h"
#include "cli/why/why.h"
#include "model/names.h"
#include "report/likely_cause.h"
#include "report/repro_section.h"
#include "report/style.h"
#include "report/units.h"
#include "trace/story/event_words.h"

namespace ktstr::cli {

namespace {

constexpr std::size_t kLabel = 11;
constexpr std::size_t kMostUsers = 4, kMostOthers = 3;

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return fmt::format("{:.0f}%", whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string users_text(const CpuStory& cpu, const WaitStory& story) {
  const std::uint64_t whole = story.to_ns - story.from_ns;
  auto counts = [&](std::uint64_t part) { return part * 100 >= whole && part > 0; };
  std::vector<std::string> parts;
  if (counts(cpu.idle_ns)) parts.push_back("idle " + percent(cpu.idle_ns, whole));
  if (counts(cpu.offline_ns)) parts.push_back("offline " + percent(cpu.offline_ns, whole));
  std::size_t named = 0, others = 0;
  std::uint64_t rest = 0;
  for (const CpuUser& user : cpu.users) {
    if (named < kMostUsers && counts(user.ran_ns)) {
      parts.push_back(fmt::format("{}[{}] {}{}", user.comm, user.pid, percent(user.ran_ns, whole),
                                  user.real_time      ? " (real-time)"
                                  : user.higher_class ? " (a class above)"
                                                      : ""));
      ++named;
    } else {
      ++others;
      rest += user.ran_ns;
    }
  }
  if (counts(rest)) parts.push_back(fmt::format("{} more {}", others, percent(rest, whole)));
  if (counts(cpu.irq_ns)) parts.push_back("in interrupts " + percent(cpu.irq_ns, whole));
  return parts.empty() ? "nothing that is known" : fmt::format("{}", fmt::join(parts, ", "));
}

class WhyText {
 public:
  WhyText(const Why& why, bool color, std::size_t width = 80)
      : why_(why), r_(why.record), style_(color), width_(width) {}

  std::string write_short() {
    if (!why_.finding || !why_.traced || !why_.look) return "";
    is_short_ = true;
    victim();
    picture();
    return std::move(text_);
  }

  std::string write() {
    head();
    if (!why_.finding) return std::move(text_);
    if (why_.traced) {
      victim();
      before();
      picture();
      events();
    }
    if (!why_.why_no_story.empty()) without_story();
    for (const std::string& remark : why_.remarks) field("Note", remark);
    calls();
    ways();
    return std::move(text_);
  }

 private:
  void head() {
    const std::string name = printable(r_.test.empty() ? "run" : r_.test);
    std::string line = style_.verdict(r_.outcome) + "  " + name;
    if (!why_.finding) {
      const bool sound = r_.outcome == Outcome::kPass || r_.outcome == Outcome::kSkip;
      line += sound ? ": nothing failed" : ": " + printable(r_.error.empty() ? "it came to no verdict" : r_.error);
      text_ += line + "\n";
      if (!r_.error_hint.empty()) field("Hint", r_.error_hint);
      return;
    }
    if (r_.outcome == Outcome::kPass) line += ", which expects this failure";
    text_ += line + "\n";
    const std::string scene = why_.of_another ? "" : scene_of(why_);
    field("Finding", fmt::format("{}{}{}", to_string(why_.finding->kind), scene.empty() ? "" : " ", scene));
    const bool cut = why_.traced && !why_.of_another && !why_.traced->headline.empty();
    field("", cut ? why_.traced->headline : why_.finding->message);
    if (!why_.of_another) return;
    field("", "The trace has no place for it; it has one for what else was found:");
    field("Finding", fmt::format("{} {}", to_string(why_.traced->kind), scene_of(why_)));
    field("", why_.traced->headline);
  }

  void victim() {
    if (!why_.traced->words.empty() && !why_.story) field("Trace", why_.traced->words);
    if (!why_.story) return;
    const WaitStory& story = *why_.story;
    std::string who = fmt::format("{} (pid {})", story.comm, story.pid);
    if (story.sched_class) who += fmt::format(", class {}", to_string(*story.sched_class));
    if (!story.cgroup.empty()) who += ", in cgroup " + named_part(story.cgroup);
    field("Victim", who + "; it may run on " + cpu_list(story));
    const std::string queue = queue_text(story);
    field("", what_it_did(story) + (queue.empty() ? "" : "; " + queue));
    std::string_view label = "Meanwhile";
    for (const CpuStory& cpu : story.cpus) {
      if (is_further(cpu.cpu)) continue;
      field(label, fmt::format("CPU {}: {}", cpu.cpu, users_text(cpu, story)));
      label = "";
    }
    further();
    if (!why_.traced->cause.empty()) field("Cause", why_.traced->cause);
    // Of a guest that came to its end; a stall's words are said above.
    if (why_.traced->cause.empty() && !why_.traced->words.empty()) field("Trace", why_.traced->words);
  }

  bool is_further(std::uint32_t cpu) const {
    return std::any_of(why_.further_cpus.begin(), why_.further_cpus.end(),
                       [&](const CpuStory& one) { return one.cpu == cpu; });
  }
  void further() {
    if (why_.further_cpus.empty()) return;
    std::uint64_t idle = 0;
    for (const CpuStory& cpu : why_.further_cpus) idle += cpu.idle_ns;
    const std::uint64_t whole = (why_.story->to_ns - why_.story->from_ns) * why_.further_cpus.size();
    field("", fmt::format("{} more CPUs: idle {}", why_.further_cpus.size(), percent(idle, whole)));
  }

  void before() {
    if (!why_.look) return;
    const LeadUp& lead = why_.look->lead_up;
    std::string_view label = "Before";
    auto say = [&](std::uint64_t at_ns, const std::string& words) {
      field(std::exchange(label, ""), fmt::format("{} {}", seconds(at_ns), words));
    };
    if (lead.cpu_ran)
      say(lead.cpu_ran->to_ns, fmt::format("CPU {} ran its last task: {}", lead.cpu_ran->cpu, lead.cpu_ran->task));
    if (why_.traced->pid == 0) return;
    if (lead.last_ran)
      say(lead.last_ran->to_ns, fmt::format("{} ran last: on CPU {}, for {}", lead.last_ran->task, lead.last_ran->cpu,
                                            time_text(lead.last_ran->to_ns - lead.last_ran->from_ns)));
    else
      field(std::exchange(label, ""), "it is not seen to run before");
    if (!lead.last_touch) return;
    const bool never_again = !lead.ran_again && lead.last_touch->at_ns + 1'000'000 < why_.traced->to_ns;
    say(lead.last_touch->at_ns,
        fmt::format("the last that was done to it{}: {}", never_again ? " until the end of the bad window" : "",
                    lead.last_touch->words));
  }

  void picture() {
    if (!why_.look) return;
    const Timeline& line = why_.look->timeline;
    text_ += "\n" + style_.heading("Timeline") +
             fmt::format(" (a column is {}; the bad window is {})\n", time_text(line.column_ns()),
                         time_text(why_.traced->to_ns - why_.traced->from_ns));
    const std::string begin = seconds(line.from_ns), end = seconds(line.to_ns);
    row("", begin + std::string(line.columns - std::min(line.columns, begin.size() + end.size()), ' ') + end);
    const std::size_t from = line.column_of(why_.traced->from_ns);
    const std::size_t to = std::max(from + 1, line.column_of(why_.traced->to_ns));
    row("", std::string(from, ' ') + "[" + std::string(to - from - 1, '=') + "]");
    for (const Timeline::Row& cpu : line.rows) row(fmt::format("CPU {}", cpu.cpu), cpu.cells);
    if (!line.task_cells.empty()) row(why_.story ? why_.story->comm : "the task", line.task_cells);
    if (why_.further_rows > 0) row("", fmt::format("(and {} more CPUs)", why_.further_rows));
    legend(line);
  }

  void legend(const Timeline& line) {
    std::string cells = line.task_cells, cpus;
    for (const Timeline::Row& row : line.rows) cpus += row.cells;
    std::vector<std::string> parts;
    for (const Timeline::Letter& one : line.legend) parts.push_back(fmt::format("{} {}", one.letter, one.task));
    auto explain_mark = [&](const std::string& in, char mark, std::string_view words) {
      if (in.find(mark) != std::string::npos) parts.push_back(fmt::format("{} {}", mark, words));
    };
    if (why_.story) explain_mark(cpus + cells, '#', fmt::format("{}[{}] runs", why_.story->comm, why_.story->pid));
    explain_mark(cpus, '*', "other tasks");
    explain_mark(cpus, '.', "idle");
    explain_mark(cpus, 'i', "interrupts");
    explain_mark(cpus, 'x', "offline");
    explain_mark(cells, 'w', "waits");
    explain_mark(cells, '-', "sleeps");
    explain_mark(cells, 't', "kept off by a quota");
    explain_mark(cells, 'f', "frozen");
    // Each whole in a line.
    std::string shown;
    for (std::string& part : parts) {
      if (!shown.empty() && shown.size() + 2 + part.size() > width_ - kLabel - 3) {
        field("", shown + ",");
        shown.clear();
      }
      shown += (shown.empty() ? "" : ", ") + part;
    }
    field("", shown);
  }

  void events() {
    if (!why_.look || why_.look->lead_up.events.empty()) return;
    text_ += "\n" + style_.heading("Around its beginning") + " (seconds into the body, on which CPU it was seen)\n";
    bool begun = false;
    const auto begin = [&] {
      if (!std::exchange(begun, true))
        text_ += fmt::format("> {:>9.6f}       the bad window begins\n", into_body(why_, why_.traced->from_ns));
    };
    for (const LeadUpEvent& event : why_.look->lead_up.events) {
      if (event.at_ns >= why_.traced->from_ns) begin();
      if (event.skipped) text_ += "             ...\n";
      const std::string line =
          fmt::format("  {:>9.6f} [{:03}] {}", into_body(why_, event.at_ns), event.cpu, event.words);
      text_ += shortened(printable(line), width_) + "\n";
    }
    begin();
  }

  void without_story() {
    field("Trace", why_.why_no_story);
    const auto found = findings(r_);
    for (std::size_t i = 1; i < found.size() && i <= kMostOthers; ++i)
      field("Also", fmt::format("{}: {}", to_string(found[i]->kind), found[i]->message));
    if (found.size() > kMostOthers + 1)
      field("Also", fmt::format("{} more, in the run's report.txt", found.size() - 1 - kMostOthers));
  }

  // Wider than the rest: a call with its arguments is one line.
  void calls() {
    const std::vector<std::string> lines = repro_lines(r_);
    if (lines.empty()) return;
    text_ += "\n" + style_.heading("Replayed with probes") + " (seconds into the body)\n";
    for (const std::string& line : lines) text_ += "  " + printable(line) + "\n";
  }

  void ways() {
    const std::vector<std::string> ways = ways_on(why_);
    if (ways.empty()) return;
    text_ += "\n" + style_.heading("Go on") + "\n";
    for (const std::string& way : ways) text_ += "  " + printable(way) + "\n";
  }

  std::string seconds(std::uint64_t at_ns) const { return fmt::format("{:.6f} s", into_body(why_, at_ns)); }

  void field(std::string_view label, std::string_view text) {
    std::string shown(label);
    // As the labels of the report that it is a part of.
    if (is_short_ && !shown.empty() && shown[0] >= 'A' && shown[0] <= 'Z') shown[0] += 'a' - 'A';
    for (const std::string& line : wrapped(printable(text), width_ - kLabel - 2)) {
      text_ += fmt::format("  {:<{}}{}\n", shown, kLabel, line);
      shown.clear();
    }
  }
  void row(std::string_view label, std::string_view cells) {
    std::string line = fmt::format("  {:<{}}{}", shortened(printable(label), kLabel - 1), kLabel, cells);
    line.erase(line.find_last_not_of(' ') + 1);
    text_ += line + "\n";
  }

  const Why& why_;
  const RunRecord& r_;
  Style style_;
  std::size_t width_;
  bool is_short_ = false;
  std::string text_;
};

}  // namespace

std::string to_text(const Why& why, bool color) { return WhyText(why, color).write(); }

std::string short_story(const Why& why, bool color, std::size_t columns) {
  return WhyText(why, color, columns).write_short();
}

}  // namespace ktstr::cli
