// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/check_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text/duration.h"

namespace ktstr {

namespace {

using std::chrono::milliseconds;
using Kind = TomlValue::Kind;

constexpr std::string_view kSwitch = "true, false", kLimit = "a time like \"2s\", or false",
                           kCount = "a number like 50, or false", kPercentage = "a percentage like 35, or false",
                           kPoints = "a number of points like 5", kTexts = "a list of texts";

// Switches a limit off.
bool is_false(const TomlValue& value) { return value.kind == Kind::kBoolean && !value.boolean; }

void read_value(TableReader& table, const CheckRow& row, std::optional<bool>& into) { into = table.boolean(row.key); }

// 0 for false; empty where there is none, or a mistake.
void read_value(TableReader& table, const CheckRow& row, std::optional<milliseconds>& into) {
  const TomlValue* value = table.find(row.key);
  if (value == nullptr) return;
  if (is_false(*value)) {
    into = milliseconds(0);
    return;
  }
  if (value->kind != Kind::kString) return table.refuse_kind(row.key, *value, row.written);
  const auto limit = parse_duration(value->text);
  if (!limit) return table.mistake(row.key, limit.error().message());
  const auto whole = std::chrono::floor<milliseconds>(*limit);
  if (whole.count() > 0 && whole == *limit)
    into = whole;
  else
    table.mistake(row.key, fmt::format("{} {} is not valid; accepted: whole milliseconds, at least 1ms, or false",
                                       row.key, value->text));
}

// Likewise.
void read_value(TableReader& table, const CheckRow& row, std::optional<int>& into) {
  constexpr std::int64_t kMost = 1'000'000;
  const TomlValue* value = table.find(row.key);
  if (value == nullptr) return;
  if (is_false(*value))
    into = 0;
  else if (value->kind != Kind::kInteger)
    table.refuse_kind(row.key, *value, row.written);
  else if (value->integer >= 1 && value->integer <= kMost)
    into = static_cast<int>(value->integer);
  else
    table.mistake(row.key,
                  fmt::format("{} {} is not valid; accepted: 1 to {}, or false", row.key, value->integer, kMost));
}

template <auto Member>
void read_into(TableReader& table, const CheckRow& row, Checks& checks) {
  read_value(table, row, checks.*Member);
}

void read_max_gap(TableReader& table, const CheckRow& row, Checks& checks) {
  std::optional<milliseconds> limit;
  read_value(table, row, limit);
  if (!limit) return;
  checks.gap_off = limit->count() == 0;
  if (!checks.gap_off) checks.max_gap = *limit;
}

void read_max_spread(TableReader& table, const CheckRow& row, Checks& checks) {
  const TomlValue* value = table.find(row.key);
  if (value == nullptr) return;
  checks.spread_off = is_false(*value);
  if (checks.spread_off) return;
  if (value->kind != Kind::kInteger && value->kind != Kind::kFloat)
    return table.refuse_kind(row.key, *value, row.written);
  const double pct = value->kind == Kind::kFloat ? value->number : static_cast<double>(value->integer);
  // Written so that NaN fails too.
  if (pct >= 0 && pct <= 100)
    checks.max_spread_pct = pct;
  else
    table.mistake(row.key, fmt::format("{} {} is not valid; accepted: 0 to 100, or false", row.key, pct));
}

void read_share_tolerance(TableReader& table, const CheckRow& row, Checks& checks) {
  const auto points = table.number(row.key, row.written);
  if (!points) return;
  // Written so that NaN fails too.
  if (*points > 0 && *points <= 100)
    checks.share_tolerance_pct = points;
  else
    table.mistake(row.key, fmt::format("{} {} is not valid; accepted: more than 0, up to 100", row.key, *points));
}

void read_kernel_log_allow(TableReader& table, const CheckRow& row, Checks& checks) {
  checks.kernel_log_allow = table.texts(row.key).value_or(std::vector<std::string>());
  const auto& allowed = checks.kernel_log_allow;
  if (std::find(allowed.begin(), allowed.end(), "") != allowed.end())
    table.mistake(row.key, "an empty text would allow everything; kernel_log = false switches the check off");
}

constexpr CheckRow kRows[] = {
    {"max_gap", kLimit, "longest time that a worker may be away, frozen and stopped time apart, whole milliseconds",
     "`\"2s\"`", read_max_gap},
    {"max_spread_pct", kPercentage, "difference of off-CPU shares of equal workers, 0 to 100", "35", read_max_spread},
    {"progress", kSwitch, "every worker did a unit of work", "`true`", read_into<&Checks::progress>},
    {"isolation", kSwitch, "nobody ran outside the cpuset that it had at the time", "`true`",
     read_into<&Checks::isolation>},
    {"scheduler_attached", kSwitch, "enabled at the start of the body and still at its end", "`true`",
     read_into<&Checks::scheduler_attached>},
    {"survives_storm", kSwitch, "ops attach, restart or replace schedulers, and none ends but by an op", "`false`",
     read_into<&Checks::survives_storm>},
    {"kernel_log", kSwitch,
     "the kernel reported no oops, warning, lockdep splat, hung task, stall or lockup, and has no new taint", "`true`",
     read_into<&Checks::kernel_log>},
    {"kernel_log_allow", kTexts, "what the kernel reported with one of these in it is a note", "none",
     read_kernel_log_allow},
    {"scheduler_used", kSwitch,
     "the scheduler ran at least one worker (a payload, where there are no workers); else the run is inconclusive",
     "`true`", read_into<&Checks::scheduler_used>},
    {"share", kSwitch,
     "each cgroup's part of the CPU time is what its weight entitles it to: "
     "[shares of CPU time](writing-a-scenario.md#shares-of-cpu-time)",
     "`false`", read_into<&Checks::share>},
    {"share_tolerance_pct", kPoints, "by how many points a share may differ, more than 0, up to 100",
     "what the window implies", read_share_tolerance},
    {"max_idle", kLimit,
     "det mode: longest time that a CPU may be idle while tasks wait that may run there, whole milliseconds",
     "`\"100ms\"`; under the kernel's own scheduler 1 s", read_into<&Checks::max_idle>},
    {"max_wait", kLimit, "det mode: longest time that any task may wait for a CPU", "off",
     read_into<&Checks::max_wait>},
    {"max_starved", kLimit,
     "det mode: how long a task may run in one wait of another of its cgroup that it is not above "
     "([what that is](what-a-pass-means.md#judged-in-every-run))",
     "`\"500ms\"`; under the kernel's own scheduler 1 s", read_into<&Checks::max_starved>},
    {"max_slice", kLimit, "det mode: how long a task may run without a break while such a one waits for that very CPU",
     "`\"200ms\"`", read_into<&Checks::max_slice>},
    {"max_moves", kCount,
     "det mode: how often a second of its run time a task may be taken off a CPU that has nothing else to run", "50",
     read_into<&Checks::max_moves>},
    {"weight_order", kSwitch, "det mode: no task gets clearly less than one of a lower weight on the same CPU",
     "`true` under the kernel's own scheduler", read_into<&Checks::weight_order>},
    {"weight_share", kSwitch,
     "det mode: of the tasks of a cgroup that share a CPU each gets about what its nice weight entitles it to "
     "([what that is](what-a-pass-means.md#judged-in-every-run))",
     "`true` under the kernel's own scheduler", read_into<&Checks::weight_share>},
    {"bandwidth", kSwitch,
     "det mode: no cgroup gets clearly more CPU time than its quota (`cpu.max`), or is kept off by it far below "
     "([what that is](what-a-pass-means.md#judged-in-every-run))",
     "`true` under the kernel's own scheduler", read_into<&Checks::bandwidth>},
    {"max_queue_depth", kCount, "det mode: how many tasks a dispatch queue of a BPF scheduler may hold at once", "off",
     read_into<&Checks::max_queue_depth>},
};

}  // namespace

std::span<const CheckRow> check_rows() { return kRows; }

Checks read_checks(const TomlValue& table, Mistakes& mistakes) {
  TableReader reader(table, "[checks]", mistakes);
  Checks checks;
  for (const CheckRow& row : kRows) row.read(reader, row, checks);
  reader.finish();
  return checks;
}

}  // namespace ktstr
