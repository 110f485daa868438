// SPDX-License-Identifier: Apache-2.0
//
// What an expression has for a value in a guest that stands still, by the types of its kernel and its BPF scheduler.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "kernel_state/expression.h"
#include "kernel_state/guest_state.h"

namespace ktstr {

// Numbers as numbers; enumerators, texts and pointers ("0xffffffff81000000 <symbol>") as texts; structs as objects, and
// what lies deep in them as "{...}"; arrays as arrays, cut with "..." where they are long; null where no memory is.
// Of a per-CPU variable without an index an array with the value of each CPU. kNotFound: there is no such variable,
// task or member, with what there is instead; kInvalidArgument: its type does not allow that, or is not known.
Result<nlohmann::ordered_json> read_value(const GuestState& state, const Expression& expression);

// "runqueues[1].nr_running = 3"; what has several lines is indented.
std::string value_text(const std::string& expression, const nlohmann::ordered_json& value);

}  // namespace ktstr
