// SPDX-License-Identifier: Apache-2.0
//
// How a cgroup file shows what was written to it: one function for each manner, true when `shown` is what the kernel
// shows once `written` took effect. A file whose read does not compare did not do what it was asked, although the write
// succeeded. Blanks and the newline around both are ignored.
#pragma once

#include <string_view>

namespace ktstr::shown {

using Compare = bool (*)(std::string_view written, std::string_view shown);

bool as_text(std::string_view written, std::string_view shown);
// A list of CPUs or nodes in canonical form: "2,0-1" shows as "0-2".
bool as_list(std::string_view written, std::string_view shown);
// cpu.max keeps the period that is not written: "max" shows as "max 100000".
bool as_quota(std::string_view written, std::string_view shown);
// memory.*: "64M" shows as "67108864", and what is no whole number of pages is rounded down (mm/page_counter.c).
bool as_size(std::string_view written, std::string_view shown);
// cpu.uclamp.*: "50" shows as "50.00", and what comes to a capacity of 1024, as 100 does, as "max"
// (kernel/sched/core.c, cpu_uclamp_print).
bool as_percent(std::string_view written, std::string_view shown);
// io.weight: "300" shows as "default 300", with a line for each device that has its own.
bool as_default_weight(std::string_view written, std::string_view shown);
// io.max: a line for each device that has a limit, with all four keys; the limits that are not written stay. A device
// whose limits are all "max" has no line (block/blk-throttle.c, tg_prfill_limit).
bool as_io_limits(std::string_view written, std::string_view shown);

}  // namespace ktstr::shown
