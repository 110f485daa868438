// SPDX-License-Identifier: Apache-2.0
//
// The table behind ktstr/knob.h: one row for each knob, with all that the project knows of it. The keys of scenario
// files, the rules of the builders, the comparison after a write, the message about a file that a kernel lacks and the
// reference page are made from these rows. A new knob is a new row, its place in `Knob`, and the kind of value that it
// has in scenario files (kind_of_form() in scenario_file/knob_reader.cpp).
#pragma once

#include <optional>
#include <string_view>

#include "cgroup/shown_value.h"
#include "ktstr/knob.h"

namespace ktstr {

struct KnobRow {
  Knob knob;
  std::string_view name;        // the key in scenario files: "cpu_weight"
  std::string_view file;        // "cpu.weight"
  std::string_view controller;  // "cpu"
  std::string_view form;        // of the value, to go behind "takes": "1 to 10000"
  std::string_view meaning;     // one line
  std::string_view needs;       // what has the kernel offer the file: configuration options, a first version
  bool (*accepts)(std::string_view value);
  echo::Compare shows;
};

const KnobRow& knob_row(Knob knob);
// By its key in scenario files.
std::optional<Knob> knob_from(std::string_view name);
std::optional<Knob> knob_of_file(std::string_view file);

}  // namespace ktstr
