// SPDX-License-Identifier: Apache-2.0
//
// What the families of canned scenarios share: cgroups of plain load, phases, what of the checks holds, and a look at
// what the machine can.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ktstr/scenario.h"

namespace ktstr {

// Ctx::workers_per_cgroup() spinning workers, or what overrides the work type.
CgroupDef plain_load(const std::string& name);
// As many as there are usable CPUs: two such groups leave no CPU idle.
CgroupDef full_load(const std::string& name);
// `share` of the duration, once `ops` are done.
Step phase(double share, std::vector<Op> ops = {});
// The context's checks without the default limit on spread. A limit that the test set itself stays.
Checks without_spread(const Ctx& ctx);
// A skip where the machine has fewer CPUs than `what` (plural) need.
std::optional<AssertResult> without_cpus(const Ctx& ctx, std::size_t needed, std::string_view what);
// Whether a core has several threads.
bool has_smt(const TestTopology& topology);
// Where sys/ and proc/ of the machine are that ops change.
std::filesystem::path machine_root(const Ctx& ctx);
// Whether what is planned here runs somewhere else (ExecutorHooks::instead): this kernel is then not asked what it has.
bool is_for_elsewhere(const Ctx& ctx);
// CPU `from` to CPU `to` - 1 of the list of `cpus`, counted from 0.
CpuSet part_of(const CpuSet& cpus, std::size_t from, std::size_t to);

}  // namespace ktstr
