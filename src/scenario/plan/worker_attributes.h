// SPDX-License-Identifier: Apache-2.0
//
// One row an attribute of workers: what scenario files, refusals, fingerprints and the reference page know of it. To
// add one: a member of WorkSpec (ktstr/work.h), a row, and what it does to a task (workload/worker_plan.h).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "ktstr/cgroup_def.h"

namespace ktstr {

// Where a WorkSpec has the value. Whoever reads attributes has a function for each.
using AttributePlace =
    std::variant<std::optional<int>*, std::optional<std::uint32_t>*, std::optional<std::string>*,
                 std::optional<std::chrono::nanoseconds>*, SchedPolicy*, AffinityIntent*, MemPolicy*>;

// How a file says it, where its type is not enough.
struct AttributeForm {
  std::string_view accepted;  // "a whole number like -5"
  // Of whole numbers, 64 bits wide, so that one from a file is judged before it is narrowed.
  Status (*in_range)(std::string_view key, std::int64_t value) = nullptr;
};

// kWhereSet: what was stored before it was there has the same fingerprint.
enum class InFingerprint { kAlways, kWhereSet };

struct WorkerAttribute {
  std::string_view written;  // in a file, as an example: "nice = -5"
  std::string_view meaning;
  std::string_view name;  // in a fingerprint
  InFingerprint shown;
  AttributeForm form;
  Status (*rule)(const WorkSpec&);  // what its form leaves to say against it; not being set is fine
  AttributePlace (*place)(WorkSpec&);
  std::optional<std::string> (*value)(const WorkSpec&);  // as text
  // Null of those that no builder of CgroupDef says of all its workers. inherit(): where the spec says nothing.
  void (*share)(const WorkSpec& of_cgroup, CgroupDef& def) = nullptr;
  void (*inherit)(WorkSpec& spec, const WorkSpec& of_cgroup) = nullptr;

  constexpr std::string_view key() const { return written.substr(0, written.find(' ')); }
};

// In the order of fingerprints and of the reference page, those that are shared first.
std::span<const WorkerAttribute> worker_attributes();

}  // namespace ktstr
