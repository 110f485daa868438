// SPDX-License-Identifier: Apache-2.0
//
// What a cgroup attribute shows after a value was written to it. Documentation/admin-guide/cgroup-v2.rst says which
// files echo a value and how; a write that succeeds and then reads back differently did not do what was asked.
#pragma once

#include <string_view>

namespace ktstr {

// True when `shown` is what `file` shows once `written` took effect. Always true for files that do not echo what is
// written to them ("cgroup.procs", "memory.reclaim", unknown ones).
bool attribute_shows(std::string_view file, std::string_view written, std::string_view shown);

// Whether attribute_shows() compares anything for `file`; reading back is needless otherwise.
bool attribute_echoes(std::string_view file);

}  // namespace ktstr
