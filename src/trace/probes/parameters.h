// SPDX-License-Identifier: Apache-2.0
//
// All parameters of a function that mean something to a person: of a task its pid, of a cpumask its CPUs, of a queue
// its number, numbers and flags as they are. What each is a trace says in the probe's own name, "enqueue(p:pid,
// enq_flags:scx_enq_flags)", from which probe_names.h reads it back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/btf.h"

namespace ktstr {

// How the value of a parameter is to be read, where it is no enum's: the names of those stand in their place.
namespace value_format {
inline constexpr std::string_view kNumber = "n", kPid = "pid", kCpus = "cpus", kQueue = "dsq", kText = "text";
}

struct ProbeParameter {
  std::string name;        // "enq_flags"
  std::string expression;  // as probe_compiler.h takes it: "p->pid"
  std::string format;      // value_format's, or the name of an enum: "scx_enq_flags"
};

// `function`: a type in BTF of it or of a pointer to it. Without those of which nothing can be shown: pointers to other
// things, structs, and those that have no name.
std::vector<ProbeParameter> shown_parameters(const Btf& btf, BtfTypeId function);

// "enqueue(p:pid, enq_flags:scx_enq_flags)"; as many as there are in `shown`.
std::string with_parameters(std::string_view function, const std::vector<ProbeParameter>& shown);

}  // namespace ktstr
