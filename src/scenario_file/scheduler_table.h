// SPDX-License-Identifier: Apache-2.0
//
// Schedulers that are declared once and named by `scheduler`, each in a table of its own, in a scenario file or in
// ktstr.toml (scheduler_file.h):
//
//   [schedulers.mine]
//   program = "target/release/scx_mine"
//   args = ["--slice-us", "3000"]
//
// The keys have one row each: from the rows come what is accepted and its part of the reference page. To add one: a
// member of SchedulerDefinition (ktstr/scheduler.h), a row, and what cannot be right of it in
// model/scheduler_definition.cpp.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "ktstr/scheduler.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

struct SchedulerRow {
  std::string_view key, written, meaning;
  // Of the key, where it is there; what is wrong with it is among the mistakes of `table` then.
  void (*read)(TableReader& table, const SchedulerRow& row, SchedulerDefinition& definition);
};

std::span<const SchedulerRow> scheduler_rows();

// All of [schedulers], in the order of the file. Those with mistakes are left out.
std::vector<SchedulerDefinition> read_schedulers(TableReader& top, std::string_view file_name);

}  // namespace ktstr
