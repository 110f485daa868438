// SPDX-License-Identifier: GPL-2.0-or-later
//
// QEMU must notice writes to code that it has translated. For each page that is translated for the first time it
// therefore looks through the TLBs of all vCPUs, which took a third of a short run of 64. The
// kernel's code is one range that nobody writes to, so it is all marked as code at once, when its first block is
// translated. The guest does not notice: a write to such a page is looked at, and done.
#pragma once

#include <cstdint>

#include "control_page.h"
#include "qemu_api.h"

namespace ktstr::control {

// False where this QEMU exports not all that it takes, or the page names no range: then each page is marked by itself.
bool marks_code(const Page& page);

// For each block that is translated, while it says so: true until it has marked the range.
bool mark_code_with(const qemu_plugin_tb* block, Page& page);

}  // namespace ktstr::control
