// SPDX-License-Identifier: Apache-2.0
//
// What a cgroup attribute shows after a value was written to it, and what a kernel needs to have it. The knobs have
// their rows in knob_table.h; here are the files beside them that the project writes. A write that succeeds and then
// reads back differently did not do what was asked (Documentation/admin-guide/cgroup-v2.rst).
#pragma once

#include <string_view>

namespace ktstr {

// True when `shown` is what `file` shows once `written` took effect. Always true for files that do not echo what is
// written to them ("cgroup.procs", "memory.reclaim", unknown ones).
bool attribute_shows(std::string_view file, std::string_view written, std::string_view shown);

// Whether attribute_shows() compares anything for `file`; reading back is needless otherwise.
bool attribute_echoes(std::string_view file);

// "CONFIG_CFS_BANDWIDTH, Linux 5.14": where a group lacks the file although its controller is enabled, the kernel lacks
// this. Empty for a file that is not known here.
std::string_view attribute_needs(std::string_view file);

// "cpu" of "cpu.max"; empty for the files of the core, "cgroup.*".
std::string_view attribute_controller(std::string_view file);

}  // namespace ktstr
