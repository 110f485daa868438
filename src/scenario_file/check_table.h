// SPDX-License-Identifier: Apache-2.0
//
// The keys of [checks], one row each: from the rows come what a scenario file may say and its part of the reference
// page. To add one: a member of Checks (ktstr/checks.h), its line in model/fields.h, and a row.
#pragma once

#include <span>
#include <string_view>

#include "ktstr/checks.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

struct CheckRow {
  std::string_view key;
  std::string_view written;  // in words: "a time like \"2s\", or false"
  std::string_view meaning, by_default;
  // Of the key, where it is there; what is wrong with it is among the mistakes of `table` then.
  void (*read)(TableReader& table, const CheckRow& row, Checks& checks);
};

std::span<const CheckRow> check_rows();

Checks read_checks(const TomlValue& table, Mistakes& mistakes);

}  // namespace ktstr
