// SPDX-License-Identifier: Apache-2.0
//
// A guest's kernel that stands still: how it maps its memory, and what tasks, CPUs and cgroups it has. Whatever is in
// its memory, reading ends: lists are as long as they may be at most, and pointers are checked.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "guest_space.h"
#include "trace/probes/probe_catalogue.h"

namespace ktstr {

// kNotFound: in this memory is not the kernel that the layout is of.
Result<control::AddressSpace> find_kernel(const control::GuestSpace& ram, const KernelLayout& layout);

// What is there, as events: CPUs (of which there are `cpus`), then tasks and their cgroups.
std::vector<TraceEvent> seen_at(std::uint64_t time_ns, const control::GuestSpace& kernel, const KernelLayout& layout,
                                int cpus);

// Addresses of the struct task_struct of all tasks, as far as they can be walked to.
std::vector<std::uint64_t> tasks_at(const control::GuestSpace& kernel, const KernelLayout& layout);

}  // namespace ktstr
