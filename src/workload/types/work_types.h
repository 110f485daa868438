// SPDX-License-Identifier: Apache-2.0
//
// All work types: the rows of the families, and what is asked of them. describe(), name_of() and work_type_names() of
// ktstr/work_types.h read them too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ktstr/work.h"

namespace ktstr {

class GroupResources;
class WorkerRun;

// A work type as scenario files write it: make_work_type("Bursty", {{"burst", "50ms"}}). Parameters that are not given
// keep their defaults. kInvalidArgument lists the names or parameters there are.
Result<WorkType> make_work_type(std::string_view name,
                                const std::vector<std::pair<std::string, std::string>>& parameters);
// What describe() of ktstr/work_types.h says, read back; parameters may be left out. kInvalidArgument as above.
Result<WorkType> work_type_from(std::string_view text);
// kInvalidArgument where a parameter has a value that cannot work.
Status check_work_type(const WorkType& type);
// kInvalidArgument where workers of this type do not come in that number: "PipeIo needs workers in pairs, not 3".
Status check_group_size(const WorkType& type, int workers);
// As many workers of that type as wanted, or the next number above that makes whole groups.
int fitting_workers(const WorkType& type, int wanted);
// kInvalidArgument where the rest of the WorkSpec does not go with its type.
Status check_beside(const WorkSpec& spec);
// The part of worker `index` of its WorkSpec, "" where all do the same; and the policy, where the type decides that.
std::string_view work_role(const WorkType& type, std::size_t index);
std::optional<SchedPolicy> work_policy(const WorkType& type, std::size_t index);
// Its nice value and its name ("": any), where the type decides these.
std::optional<int> work_nice(const WorkType& type, std::size_t index);
std::string work_comm(const WorkType& type, std::size_t index);
// What it does to a scheduler, what its reports say, and what its accounts cost, in a few words each.
std::string_view work_pressure(const WorkType& type);
std::string_view work_measures(const WorkType& type);
std::string_view work_cost(const WorkType& type);
bool moves_memory(const WorkType& type);  // between NUMA nodes
// Of what each worker measures beyond its slot, by number (WorkerRun::note(), count()).
struct WorkMeasureNames {
  std::vector<std::string_view> latencies, counts;
};
const WorkMeasureNames& work_measure_names(const WorkType& type);
// Its parameters as people read them.
struct ShownParameter {
  std::string_view name;
  std::string value, rule;  // "50ms", "longer than 0 and at most an hour"; "" for a rule where there is none
};
std::vector<ShownParameter> shown_parameters(const WorkType& type);
// What stands between the parts of a list in the text of a parameter; '+' for one that there is not.
char list_joint(std::string_view type, std::string_view parameter);
// Modules that a guest's kernel needs for it, in the order in which they are loaded, and the controllers that the
// cgroup of its workers must have.
const std::vector<std::string_view>& work_modules(const WorkType& type);
const std::vector<std::string_view>& work_controllers(const WorkType& type);
// What takes a moment, to be done before anything is measured; at no harm again. kUnsupported where the machine lacks
// it.
Status make_ready_for(const WorkType& type);
// Asks for what the workers of a WorkSpec share, before the first of them exists; all checks were passed.
Status prepare_work(const WorkType& type, GroupResources& shared);
// The loop; returns after `run` is told to stop. Allocates nothing once check_work_type() was called.
void run_work(const WorkType& type, WorkerRun& run);

}  // namespace ktstr
