// SPDX-License-Identifier: Apache-2.0
//
// The table of ops: names, parameters, what each does. Scenario files and the reference page come from it. To add an
// op: a struct in ktstr/op.h and at the end of Op::Kind, with its builder in op.cpp; a row here; its reading in
// op_reader.cpp; a function rehearse() in rehearsal_ops.cpp; a function apply() in the file of its family, ops_*.cpp.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "ktstr/op.h"

namespace ktstr {

struct OpParameter {
  std::string_view key;   // of a scenario file
  std::string_view form;  // what it takes: "a cgroup's name", "a cpuset"
  bool required = true;
};

struct OpRow {
  std::string_view name;
  std::string_view family;  // "cgroups", "CPUs of cgroups and workers", "workers", "payloads", "the machine"
  std::string_view what;    // one sentence
  std::vector<OpParameter> parameters;
};

// In the order of Op::Kind.
const std::array<OpRow, Op::kKinds>& op_table();
// In the order of Op::bit(): the names of a mask's bits.
std::vector<std::string_view> op_names();
std::vector<std::string_view> op_names(std::uint32_t mask);

}  // namespace ktstr
