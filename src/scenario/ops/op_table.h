// SPDX-License-Identifier: Apache-2.0
//
// The table of ops: the rows of all families (op_row.h).
#pragma once

#include <array>
#include <string_view>
#include <variant>
#include <vector>

#include "ktstr/op.h"
#include "scenario/ops/op_row.h"

namespace ktstr {

// In the order of Op::Kind.
const std::array<OpRow, Op::kKinds>& op_table();
const OpRow& row_of(const Op& op);
// Of all kinds, and of these ops each kind once; in the table's order.
std::vector<std::string_view> op_names();
std::vector<std::string> op_names(const std::vector<Op>& ops);

// Its parameters of this type, WorkSpec for example.
template <typename T>
std::vector<const T*> values_of(const Op& op) {
  std::vector<const T*> values;
  for (const OpParameter& each : row_of(op).parameters) {
    const OpValues::ConstPointer value = each.to_read(op.kind());
    if (const T* const* found = std::get_if<const T*>(&value); found != nullptr && *found != nullptr)
      values.push_back(*found);
  }
  return values;
}

}  // namespace ktstr
