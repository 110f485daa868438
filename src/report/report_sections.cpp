// SPDX-License-Identifier: Apache-2.0
#include "report/report_sections.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/system/how_it_ended.h"
#include "base/text/duration.h"
#include "report/likely_cause.h"
#include "report/units.h"

namespace ktstr {

namespace {

std::string with_unit(double value, const std::string& unit) {
  return fmt::format("{:.4g}{}{}", value, unit.empty() ? "" : " ", unit);
}

constexpr std::string_view kKernelsOwn = "the kernel's own scheduler";

std::string scheduler_name(const SchedulerSeen& s) {
  if (!s.ops.empty()) return printable(s.ops);
  return s.command.empty() ? "a scheduler" : printable(s.command.substr(0, s.command.find(' ')));
}

bool was_lost(const RunRecord& record) { return !record.end_of_guest.empty() && record.end_of_guest != "completed"; }

std::string scheduler_state(const SchedulerSeen& s, bool lost) {
  if (s.state_at_start.empty()) return lost ? "the guest was lost before it attached" : "never attached";
  if (s.state_at_end.empty() || s.state_at_end == s.state_at_start) return s.state_at_start;
  return fmt::format("{}, at the end {}", s.state_at_start, s.state_at_end);
}

// " [step 2]", where there are several.
std::string step_text(const RunRecord& record, int step) {
  const bool steps =
      std::any_of(record.marks.begin(), record.marks.end(), [](const StepMark& m) { return m.step > 1; });
  return steps && step > 0 ? fmt::format(" [step {}]", step) : "";
}

std::string finding_text(const RunRecord& record, const Detail& detail) {
  std::string text = fmt::format("{}: {}", to_string(detail.kind), printable(detail.message));
  if (detail.measured && detail.limit && detail.message.find("limit") == std::string::npos)
    text += fmt::format(" (measured {}, limit {})", with_unit(*detail.measured, detail.unit),
                        with_unit(*detail.limit, detail.unit));
  return text + step_text(record, detail.step);
}

// Above all that a failure shows: the finding that explains the others, what the recorder saw of it, and the
// scheduler's own last words where the finding does not have them already.
std::vector<std::pair<std::string, std::string>> cause_lines(const RunRecord& record) {
  std::vector<std::pair<std::string, std::string>> lines;
  const auto found = findings(record);
  if (!found.empty()) lines.emplace_back("why", finding_text(record, *found.front()));
  for (const TracedFinding& traced : record.traced)
    if (!traced.words.empty()) lines.emplace_back("trace", printable(traced.words));
  const SchedulerSeen& s = record.scheduler();
  const std::string words = scheduler_words(s);
  const std::string& essence = s.exit_message.empty() ? s.exit_reason : s.exit_message;
  const bool said = !found.empty() && found.front()->message.find(essence) != std::string::npos;
  if (!words.empty() && !said) lines.emplace_back("sched_ext", words);
  return lines;
}

// " from 812 ms to 1.5 s" of the body's time, where ops changed schedulers.
std::string lifetime(const SchedulerSeen& s) {
  if (s.from_ns == 0 && !s.ended_by_op) return "";
  const auto shown = [](std::uint64_t ns) {
    return format_duration(std::chrono::milliseconds((ns + 500'000) / 1'000'000));
  };
  return fmt::format(" from {} to {}{}", s.from_ns == 0 ? "the start" : shown(s.from_ns),
                     s.to_ns == 0 ? "the end" : shown(s.to_ns),
                     s.without_ns == 0 ? "" : fmt::format(", after {} without one", short_duration(s.without_ns)));
}

std::string scheduler_line(const SchedulerSeen& s, bool lost) {
  std::string text = scheduler_state(s, lost) + lifetime(s);
  if (!s.ops.empty()) text = fmt::format("{} ({})", scheduler_name(s), text);
  if (!s.command.empty()) text += ": " + printable(s.command);
  if (!s.exit.empty()) text += "; its process " + printable(how_it_ended(s.exit));
  return text;
}

struct CheckGroup {
  std::string name;
  std::string limit;  // "limit 2000 ms", "" where there is none or there are several
};

// "gap: the 4 workers of cg_0, limit 2000 ms" -> gap, limit 2000 ms. A claim of the test has no such name and is
// itself.
CheckGroup group_of(const std::string& line) {
  const std::size_t colon = line.find(": ");
  const std::size_t blank = line.find(' ');
  if (colon == std::string::npos || blank < colon) return {line, ""};
  const std::size_t limit = line.rfind(", limit ");
  return {line.substr(0, colon), limit == std::string::npos ? "" : line.substr(limit + 2)};
}

}  // namespace

std::string one_line_setting(const RunRecord& record) {
  std::string scheduler(kKernelsOwn);
  if (const std::size_t count = record.schedulers.size(); count > 0)
    scheduler = fmt::format("{} ({}{})", scheduler_name(record.scheduler()),
                            scheduler_state(record.scheduler(), was_lost(record)),
                            count > 1 ? fmt::format(", the last of {}", count) : "");
  return fmt::format("{} on {}, {}, {}", scheduler,
                     record.kernel.empty() ? "an unknown kernel" : printable(record.kernel),
                     record.tuple.topology.to_string(), record.mode.empty() ? "mode unknown" : record.mode);
}

std::vector<std::string> scheduler_lines(const RunRecord& record) {
  const std::size_t count = record.schedulers.size();
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i)
    lines.push_back((count > 1 ? fmt::format("{} of {}: ", i + 1, count) : "") +
                    scheduler_line(record.schedulers[i], i + 1 == count && was_lost(record)));
  return lines;
}

std::vector<std::pair<std::string, std::string>> setting_lines(const RunRecord& record) {
  auto lines = cause_lines(record);
  if (record.schedulers.empty()) lines.emplace_back("scheduler", kKernelsOwn);
  for (const std::string& line : scheduler_lines(record)) lines.emplace_back("scheduler", line);
  lines.emplace_back("kernel", record.kernel.empty() ? "unknown" : printable(record.kernel));
  const int cpus = record.tuple.topology.cpus();
  const std::string& vary = record.tuple.vary;
  lines.emplace_back("topology", fmt::format("{} ({} CPU{}), {} mode, seed {}{}", record.tuple.topology.to_string(),
                                             cpus, cpus == 1 ? "" : "s", record.mode.empty() ? "unknown" : record.mode,
                                             record.tuple.seed, vary == "all" ? "" : ", varying " + printable(vary)));
  if (!record.tuple.work_type.empty())
    lines.emplace_back("work type", printable(record.tuple.work_type) + " in swappable cgroups");
  return lines;
}

std::string cause_of_failure(const RunRecord& record, bool is_short) {
  const auto found = findings(record);
  if (found.empty()) return "";
  for (const TracedFinding& traced : record.traced)
    if (is_short && traced.is_of(*found.front()) && !traced.headline.empty())
      return fmt::format("{}: {}{}", to_string(traced.kind), printable(traced.headline),
                         step_text(record, found.front()->step));
  return finding_text(record, *found.front());
}

std::string why_command(const RunRecord& record) { return "ktstr why " + printable(record.id); }

std::vector<std::string> further_findings(const RunRecord& record, std::size_t most) {
  const auto found = findings(record);
  std::vector<std::string> lines;
  for (std::size_t i = 1; i < found.size() && i <= most; ++i) lines.push_back(finding_text(record, *found[i]));
  if (found.size() > most && found.size() - 1 > most)
    lines.push_back(fmt::format("... and {} more (--verbose)", found.size() - 1 - most));
  return lines;
}

std::vector<std::pair<std::string, int>> note_lines(const RunRecord& record) {
  std::vector<std::pair<std::string, int>> lines;
  for (const Detail& detail : record.details) {
    if (detail.kind != DetailKind::kNote) continue;
    std::string text = detail.message;
    // One of a cgroup is not always about itself in words.
    if (!detail.cgroup.empty() && text.find(detail.cgroup) == std::string::npos) text.insert(0, detail.cgroup + ": ");
    const auto known = std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.first == text; });
    if (known == lines.end())
      lines.emplace_back(std::move(text), 1);
    else
      ++known->second;
  }
  return lines;
}

std::vector<std::string> checked_lines(const RunRecord& record) {
  std::vector<std::string> lines;
  for (const Checked& line : record.checked) lines.push_back(line.text + step_text(record, line.step));
  return lines;
}

std::string checked_summary(const std::vector<Checked>& checked) {
  std::vector<CheckGroup> groups;
  for (const Checked& line : checked) {
    const CheckGroup group = group_of(line.text);
    const auto known =
        std::find_if(groups.begin(), groups.end(), [&](const CheckGroup& g) { return g.name == group.name; });
    if (known == groups.end())
      groups.push_back(group);
    else if (known->limit != group.limit)
      known->limit.clear();
  }
  std::string text;
  for (const CheckGroup& group : groups) {
    text += (text.empty() ? "" : ", ") + printable(group.name);
    if (!group.limit.empty()) text += fmt::format(" ({})", group.limit);
  }
  return text;
}

std::vector<std::string> log_lines(const std::vector<std::string>& lines, std::size_t most) {
  std::vector<std::string> shown;
  const std::size_t skipped = lines.size() > most ? lines.size() - most : 0;
  if (skipped > 0) shown.push_back(fmt::format("... {} earlier line{}", skipped, skipped == 1 ? "" : "s"));
  for (std::size_t i = skipped; i < lines.size();) {
    std::size_t next = i + 1;
    while (next < lines.size() && lines[next] == lines[i]) ++next;
    shown.push_back(lines[i]);
    if (next - i > 1)
      shown.push_back(fmt::format("... the same {} more time{}", next - i - 1, next - i == 2 ? "" : "s"));
    i = next;
  }
  return shown;
}

std::string fineness(const RunRecord& record) {
  if (record.mode != "det") return "";
  if (record.tuple.turn_instructions != 0) {
    const int cpus = record.tuple.topology.cpus();
    const std::string& policy = record.tuple.policy;
    return fmt::format("; turns of {} instructions ({}){}, {:.3g} MIPS a CPU when all {} are busy",
                       record.turn_ns >> record.tuple.icount_shift, short_duration(record.turn_ns),
                       policy.empty() ? "" : " by the policy " + printable(policy), record.cpu_mips, cpus);
  }
  if (record.tuple.quantum_ns == 0) return "; no quantum";
  return fmt::format("; quantum {}, turns of {}", short_duration(record.tuple.quantum_ns),
                     short_duration(record.turn_ns));
}

std::vector<std::string> vcpu_lines(const std::vector<VcpuSeen>& vcpus) {
  std::vector<std::string> lines;
  for (const VcpuSeen& vcpu : vcpus)
    lines.push_back(fmt::format("CPU {:<3}  {}  {}", vcpu.cpu,
                                vcpu.symbol.empty() ? fmt::format("{:#x}", vcpu.pc) : vcpu.symbol, vcpu.state));
  return lines;
}

std::string phase_line(const std::vector<PhaseTiming>& phases) {
  std::string text;
  for (const PhaseTiming& phase : phases)
    text += fmt::format("{}{} {:.1f}s", text.empty() ? "" : ", ", printable(phase.phase), phase.host_seconds);
  return text + " (host time since QEMU was started)";
}

}  // namespace ktstr
