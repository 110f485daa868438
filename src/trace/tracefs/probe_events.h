// SPDX-License-Identifier: Apache-2.0
//
// Functions of the kernel that have no event of their own, as events that a guest's kernel makes when it is asked to
// (Documentation/trace/kprobetrace.rst): at the same functions, with the same values, as the recorder's probes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/probes/probe_catalogue.h"

namespace ktstr {

// A line for tracefs' kprobe_events each: "p:ktstr/affinity_3 0xffffffff81108310 v0=+1384(%di):u32 ... b0=%di:u64", of
// kinds that no event of the kernel's own shows as well: values, and the pointers that they are read through. What
// cannot be written so is left out.
std::vector<std::string> probe_events(const KernelProbes& kernel);

// "ktstr/affinity_3": of which kind it is.
std::optional<TraceKind> kind_of_probe_event(std::string_view event);

// Kinds that are seen so.
bool has_probe_event(TraceKind kind);

}  // namespace ktstr
