// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/worker_attributes.h"

#include <fmt/format.h>

#include "base/text/duration.h"
#include "scenario/plan/definition_rules.h"
#include "workload/task/task_times.h"

namespace ktstr {

namespace {

using enum InFingerprint;

template <std::int64_t kLeast, std::int64_t kMost>
Status within(std::string_view key, std::int64_t value) {
  if (value >= kLeast && value <= kMost) return ok();
  return fail(ErrorCode::kInvalidArgument, "{} {} is not valid; accepted: {} to {}", key, value, kLeast, kMost);
}

constexpr AttributeForm kNice{"a whole number like -5", [](auto, std::int64_t value) { return check_nice(value); }},
    kClamp{"a whole number like 512", within<0, kMaxUclamp>},
    kId{"a whole number like 1000", within<0, UINT32_MAX - 1>},  // above is "no change": setresuid(2)
    kNode{"a node's number like 0", within<0, 1023>},            // MAX_NUMNODES, include/linux/numa.h
    kName{"a text like \"worker\""}, kCpus{"a text like \"random:2\""}, kAsItsType{};

template <typename T>
std::optional<std::string> value_text(const T& value) {
  if constexpr (requires { value.describe(); })
    return value.describe();
  else if (!value)
    return {};
  else if constexpr (requires { value->count(); })
    return format_duration(*value);
  else
    return fmt::format("{}", *value);
}

using Spec = WorkSpec;

// Of each group of workers by itself.
template <auto Member>
constexpr WorkerAttribute own_row(
    std::string_view written, std::string_view meaning, std::string_view name, InFingerprint shown,
    AttributeForm form = kAsItsType, Status (*rule)(const Spec&) = [](const Spec&) { return ok(); }) {
  const auto place = [](Spec& spec) -> AttributePlace { return &(spec.*Member); };
  const auto value = [](const Spec& spec) { return value_text(spec.*Member); };
  return {written, meaning, name, shown, form, rule, place, value};
}

template <auto Member, auto Builder>
constexpr WorkerAttribute shared_row(const auto&... parts) {
  WorkerAttribute row = own_row<Member>(parts...);
  row.share = [](const Spec& of_cgroup, CgroupDef& def) {
    if (of_cgroup.*Member) (def.*Builder)(*(of_cgroup.*Member));
  };
  row.inherit = [](Spec& spec, const Spec& of_cgroup) {
    if (!(spec.*Member)) spec.*Member = of_cgroup.*Member;
  };
  return row;
}

constexpr WorkerAttribute kRows[] = {
    shared_row<&Spec::nice, &CgroupDef::nice>(
        "nice = -5", "the nice value, -20 to 19", "nice", kAlways, kNice,
        [](const Spec& s) { return s.nice ? kNice.in_range("nice", *s.nice) : ok(); }),
    shared_row<&Spec::comm, &CgroupDef::comm>(
        "comm = \"ui\"", "the name of each worker, 1 to 15 bytes; otherwise \"CGROUP/INDEX\"", "comm", kAlways, kName,
        [](const Spec& s) { return s.comm ? check_comm(*s.comm) : ok(); }),
    shared_row<&Spec::pcomm, &CgroupDef::pcomm>(
        "pcomm = \"browser\"", "threads of one process of this name, 1 to 15 bytes; otherwise each worker is a process",
        "pcomm", kAlways, kName, [](const Spec& s) { return s.pcomm ? check_comm(*s.pcomm, "pcomm") : ok(); }),
    shared_row<&Spec::uid, &CgroupDef::uid>("uid = 1000", "the user id; threads of one process have one", "uid",
                                            kAlways, kId),
    shared_row<&Spec::gid, &CgroupDef::gid>("gid = 1000", "the group id; the same", "gid", kAlways, kId),
    shared_row<&Spec::numa_node, &CgroupDef::numa_node>(
        "numa_node = 0", "run on the node's CPUs and take memory from it", "node", kAlways, kNode),
    own_row<&Spec::policy>("policy = \"fifo:50\"", "the scheduling policy; see Policies", "", kAlways, kAsItsType,
                           [](const Spec& s) { return s.policy.validate(); }),
    own_row<&Spec::affinity>("affinity = \"random:2\"", "the CPUs that each pins itself to; see Affinities", "affinity",
                             kAlways, kCpus, [](const Spec& s) { return s.affinity.validate(); }),
    own_row<&Spec::mem_policy>("mem_policy = \"bind:0\"", "where memory comes from; see Memory policies", "memory",
                               kAlways),
    // check_uclamp() judges the two together.
    own_row<&Spec::uclamp_min>("task_uclamp_min = 512", "the lower utilisation clamp of each worker, 0 to 1024",
                               "uclamp", kAlways, kClamp),
    own_row<&Spec::uclamp_max>("task_uclamp_max = 1024", "the upper one", "", kAlways, kClamp),
    own_row<&Spec::slice>("slice = \"3ms\"",
                          "the slice that each asks the kernel for, 100 us to 100 ms, of policies without priority",
                          "slice", kWhereSet, kAsItsType, [](const Spec& s) { return check_slice(s.slice, s.policy); }),
    own_row<&Spec::timer_slack>("timer_slack = \"50us\"",
                                "how late the kernel may end its sleeps, 1 ns to 1 s; otherwise 1 ns", "timer slack",
                                kWhereSet, kAsItsType, [](const Spec& s) { return check_timer_slack(s.timer_slack); }),
};

}  // namespace

std::span<const WorkerAttribute> worker_attributes() { return kRows; }

}  // namespace ktstr
