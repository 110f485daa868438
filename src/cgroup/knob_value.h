// SPDX-License-Identifier: Apache-2.0
//
// The values of cgroup files as numbers and lists. A value is read here just as strictly as it is written by hand: no
// sign, no leading zero (the kernel's kstrtoull would take "010" for 8), no blanks around it. What a knob accepts and
// whether the kernel shows what was written are both asked of these, so that the two cannot disagree.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ktstr {

// Stands for "max" where a file knows it.
constexpr std::uint64_t kNoLimit = UINT64_MAX;

std::optional<std::uint64_t> parse_number(std::string_view text);
std::optional<std::uint64_t> parse_number_or_max(std::string_view text);

// cpu.max: "QUOTA PERIOD", or the quota alone. In us.
struct CpuQuota {
  std::uint64_t quota = kNoLimit;
  std::optional<std::uint64_t> period;
};
std::optional<CpuQuota> parse_quota(std::string_view text);

// memory.*: bytes, with K, M, G or T for multiples of 1024 (lib/cmdline.c, memparse), or "max".
std::optional<std::uint64_t> parse_size(std::string_view text);

// cpu.uclamp.*: hundredths of a percent; "max" is 100.00. At most two decimals, as the kernel keeps no more.
std::optional<unsigned> parse_percent(std::string_view text);

// One line of io.max: a device and the limits that are said, in the order of kIoLimitKeys.
constexpr std::array<std::string_view, 4> kIoLimitKeys = {"rbps", "wbps", "riops", "wiops"};
struct IoLimits {
  std::string_view device;
  std::array<std::optional<std::uint64_t>, kIoLimitKeys.size()> limits;
};
std::optional<IoLimits> parse_io_limits(std::string_view line);

}  // namespace ktstr
