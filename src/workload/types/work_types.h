// SPDX-License-Identifier: Apache-2.0
//
// The table of work types: names, parameters, sizes of their groups, and loops. describe(), name_of() and
// work_type_names() of ktstr/work.h read it too.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ktstr/work.h"
#include "workload/worker_run.h"

namespace ktstr {

// A work type as scenario files write it: make_work_type("Bursty", {{"burst", "50ms"}}). Parameters that are not given
// keep their defaults. kInvalidArgument lists the names or parameters there are.
Result<WorkType> make_work_type(std::string_view name,
                                const std::vector<std::pair<std::string, std::string>>& parameters);
// What describe() of ktstr/work.h says, read back; parameters may be left out. kInvalidArgument as above.
Result<WorkType> work_type_from(std::string_view text);
// kInvalidArgument where a parameter has a value that cannot work.
Status check_work_type(const WorkType& type);
// kInvalidArgument where workers of this type do not come in that number: "PipeIo needs workers in pairs, not 3".
Status check_group_size(const WorkType& type, int workers);
// Asks for what the workers of a WorkSpec share, before the first of them exists; both checks were passed.
Status prepare_work(const WorkType& type, GroupResources& shared);
// The loop; returns after `run` is told to stop. Allocates nothing once check_work_type() was called.
void run_work(const WorkType& type, WorkerRun& run);

}  // namespace ktstr
