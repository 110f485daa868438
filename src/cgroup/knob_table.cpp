// SPDX-License-Identifier: Apache-2.0
#include "cgroup/knob_table.h"

#include <algorithm>
#include <array>

#include "cgroup/knob_value.h"
#include "ktstr/topology.h"

namespace ktstr {

namespace {

// kernel/sched/core.c: MAX_BW, the longest time in us that its fixed-point arithmetic holds; and the bounds of quota
// and period in tg_set_bandwidth().
constexpr std::uint64_t kLongestRuntime = (std::uint64_t{1} << 44) - 1;
constexpr std::uint64_t kShortestQuota = 1000, kShortestPeriod = 1000, kLongestPeriod = 1'000'000;
// include/linux/threads.h: PID_MAX_LIMIT of 64-bit kernels.
constexpr std::uint64_t kMostPids = std::uint64_t{4} * 1024 * 1024;

template <std::uint64_t kLow, std::uint64_t kHigh>
bool number(std::string_view value) {
  const auto parsed = parse_number(value);
  return parsed && *parsed >= kLow && *parsed <= kHigh;
}

// The newline that CpuSet::parse() forgives is for what the kernel shows.
bool list(std::string_view value) { return value.find('\n') == std::string_view::npos && CpuSet::parse(value); }

bool partition(std::string_view value) { return value == "member" || value == "root" || value == "isolated"; }

bool quota(std::string_view value) {
  const auto parsed = parse_quota(value);
  if (!parsed) return false;
  const bool quota_fits =
      parsed->quota == kNoLimit || (parsed->quota >= kShortestQuota && parsed->quota <= kLongestRuntime);
  const bool period_fits = !parsed->period || (*parsed->period >= kShortestPeriod && *parsed->period <= kLongestPeriod);
  return quota_fits && period_fits;
}

bool percent(std::string_view value) { return parse_percent(value).has_value(); }
bool size(std::string_view value) { return parse_size(value).has_value(); }
bool pids(std::string_view value) { return value == "max" || number<1, kMostPids>(value); }

bool io_limits(std::string_view value) {
  const auto parsed = parse_io_limits(value);
  // The kernel refuses a limit of 0 with ERANGE.
  return parsed && std::none_of(parsed->limits.begin(), parsed->limits.end(),
                                [](const auto& limit) { return limit && *limit == 0; });
}

constexpr std::string_view kList = "a list like '0-3,8', or nothing for all that the parent has";
constexpr std::string_view kSize = "bytes, perhaps with K, M, G or T, or 'max'";
constexpr std::string_view kPercent = "a percentage from 0 to 100 with at most two decimals, or 'max'";

using Kind = KnobWriting::Kind;
constexpr KnobWriting kWhole{Kind::kWhole, "a whole number like 200"};
constexpr KnobWriting kWholeOrMax{Kind::kWholeOrMax, "a whole number like 100, or \"max\""};
constexpr KnobWriting kTrueOrFalse{Kind::kBoolean, "true, false"};
constexpr KnobWriting kPercentage{Kind::kPercent, "a percentage like 20.5, or \"max\""};
constexpr KnobWriting kSizeOrMax{Kind::kSize, "a size like \"64M\", or \"max\""};
constexpr KnobWriting kTime{Kind::kTime, "a time like \"10ms\""};
constexpr KnobWriting as_text(std::string_view words) { return {Kind::kText, words}; }

// In the order of Knob.
constexpr std::array<KnobRow, kKnobCount> kRows = {{
    {Knob::kCpusetMems, "cpuset_mems", "cpuset.mems", "cpuset", as_text("NUMA nodes like \"0-1\""), kList,
     "the NUMA nodes that memory comes from", "CONFIG_CPUSETS", list, shown::as_list},
    {Knob::kCpusetExclusive, "cpuset_exclusive", "cpuset.cpus.exclusive", "cpuset", as_text("CPUs like \"0-3,8\""),
     kList, "the CPUs that no sibling may have, for a partition below", "CONFIG_CPUSETS, Linux 6.7", list,
     shown::as_list},
    {Knob::kCpusetPartition, "cpuset_partition", "cpuset.cpus.partition", "cpuset",
     as_text("\"member\", \"root\", \"isolated\""), "'member', 'root' or 'isolated'",
     "whether the group's CPUs are a scheduling domain of their own, and whether it is balanced", "CONFIG_CPUSETS",
     partition, shown::as_text},
    {Knob::kCpuMax, "cpu_max", "cpu.max", "cpu",
     as_text("quota and period in microseconds like \"50000 100000\", or \"max 100000\""),
     "'QUOTA PERIOD' in us or the quota alone, the quota at least 1000 or 'max', the period 1000 to 1000000",
     "the CPU time that the group may use in each period", "CONFIG_CFS_BANDWIDTH", quota, shown::as_quota},
    {Knob::kCpuMaxBurst, "cpu_burst", "cpu.max.burst", "cpu", kTime, "us, at most the quota",
     "unused CPU time that may be saved for later periods", "CONFIG_CFS_BANDWIDTH, Linux 5.14",
     number<0, kLongestRuntime>, shown::as_text},
    {Knob::kCpuWeight, "cpu_weight", "cpu.weight", "cpu", kWhole, "1 to 10000",
     "the share of CPU time among siblings; 100 where nothing is said",
     "CONFIG_FAIR_GROUP_SCHED or CONFIG_EXT_GROUP_SCHED", number<1, 10000>, shown::as_text},
    {Knob::kCpuIdle, "cpu_idle", "cpu.idle", "cpu", kTrueOrFalse, "0 or 1",
     "1: the group runs when nobody else wants to, as a SCHED_IDLE task does; its weight cannot be set then",
     "CONFIG_FAIR_GROUP_SCHED, Linux 5.15", number<0, 1>, shown::as_text},
    {Knob::kUclampMin, "uclamp_min", "cpu.uclamp.min", "cpu", kPercentage, kPercent,
     "the least utilization that the group's tasks are taken to have", "CONFIG_UCLAMP_TASK_GROUP", percent,
     shown::as_percent},
    {Knob::kUclampMax, "uclamp_max", "cpu.uclamp.max", "cpu", kPercentage, kPercent,
     "the most utilization that the group's tasks are taken to have", "CONFIG_UCLAMP_TASK_GROUP", percent,
     shown::as_percent},
    {Knob::kMemoryMax, "memory_max", "memory.max", "memory", kSizeOrMax, kSize,
     "above it tasks of the group are killed", "CONFIG_MEMCG", size, shown::as_size},
    {Knob::kMemoryHigh, "memory_high", "memory.high", "memory", kSizeOrMax, kSize,
     "above it tasks are slowed down and reclaim", "CONFIG_MEMCG", size, shown::as_size},
    {Knob::kMemoryLow, "memory_low", "memory.low", "memory", kSizeOrMax, kSize,
     "below it memory is reclaimed only where no other can", "CONFIG_MEMCG", size, shown::as_size},
    {Knob::kMemoryMin, "memory_min", "memory.min", "memory", kSizeOrMax, kSize, "below it memory is never reclaimed",
     "CONFIG_MEMCG", size, shown::as_size},
    {Knob::kMemorySwapMax, "memory_swap_max", "memory.swap.max", "memory", kSizeOrMax, kSize,
     "the most swap that the group may use", "CONFIG_MEMCG and CONFIG_SWAP", size, shown::as_size},
    {Knob::kMemoryOomGroup, "memory_oom_group", "memory.oom.group", "memory", kTrueOrFalse, "0 or 1",
     "1: out of memory, all tasks of the group are killed together", "CONFIG_MEMCG, Linux 4.19", number<0, 1>,
     shown::as_text},
    {Knob::kIoWeight, "io_weight", "io.weight", "io", kWhole, "1 to 10000",
     "the share of a device's time among siblings; 100 where nothing is said", "CONFIG_BLK_CGROUP_IOCOST",
     number<1, 10000>, shown::as_default_weight},
    {Knob::kIoMax, "io_max", "io.max", "io", as_text("a device and its limits like \"8:0 rbps=1048576\""),
     "'MAJOR:MINOR' and some of rbps=, wbps=, riops=, wiops=, each once and with at least 1 or 'max'",
     "the bytes and requests that the group may read and write in a second", "CONFIG_BLK_DEV_THROTTLING", io_limits,
     shown::as_io_limits},
    {Knob::kPidsMax, "pids_max", "pids.max", "pids", kWholeOrMax, "1 to 4194304, or 'max'",
     "the most tasks; beyond it fork fails with EAGAIN", "CONFIG_CGROUP_PIDS", pids, shown::as_text},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (kRows[i].knob != static_cast<Knob>(i)) return false;
  return true;
}
static_assert(in_order(), "knob_row() takes the knob for the index of its row");

std::optional<Knob> knob_with(std::string_view KnobRow::*field, std::string_view text) {
  const auto found = std::find_if(kRows.begin(), kRows.end(), [&](const KnobRow& row) { return row.*field == text; });
  if (found == kRows.end()) return {};
  return found->knob;
}

}  // namespace

const KnobRow& knob_row(Knob knob) { return kRows.at(static_cast<std::size_t>(knob)); }
std::optional<Knob> knob_from(std::string_view name) { return knob_with(&KnobRow::name, name); }
std::optional<Knob> knob_of_file(std::string_view file) { return knob_with(&KnobRow::file, file); }

std::string_view name_of(Knob knob) { return knob_row(knob).name; }
std::string_view file_of(Knob knob) { return knob_row(knob).file; }
std::string_view controller_of(Knob knob) { return knob_row(knob).controller; }

Status check_knob(Knob knob, std::string_view value) {
  const KnobRow& row = knob_row(knob);
  if (row.accepts(value)) return ok();
  return fail(ErrorCode::kInvalidArgument, "'{}' is not a value for {} ({}); it takes {}", value, row.name, row.file,
              row.form);
}

}  // namespace ktstr
