// SPDX-License-Identifier: Apache-2.0
//
// An op of a scenario file: a table with its name and the parameters that its row (op_row.h) lists.
//
//   [[step.op]]
//   op = "move_all_tasks"
//   from = "cg_0"
//   to = "cg_1"
#pragma once

#include <optional>
#include <string_view>

#include "ktstr/op.h"
#include "scenario_file/payload_table.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

// `where` is how messages call the table: "[[step.op]]". Empty after a mistake.
std::optional<Op> read_op(const TomlValue& table, std::string_view where, const DeclaredPayloads& payloads,
                          Mistakes& mistakes);

}  // namespace ktstr
