// SPDX-License-Identifier: Apache-2.0
//
// The table behind ktstr/knob.h: one row for each knob, with all that the project knows of it. The keys of scenario
// files, the rules of the builders, the comparison after a write, the message about a file that a kernel lacks and the
// reference page are made from these rows. A new knob is a new row and its place in `Knob`.
#pragma once

#include <optional>
#include <string_view>

#include "cgroup/shown_value.h"
#include "ktstr/knob.h"

namespace ktstr {

// How people write a knob's value in scenario files; its file takes numbers without units, 0 and 1.
struct KnobWriting {
  enum class Kind { kText, kWhole, kWholeOrMax, kBoolean, kPercent, kSize, kTime };
  Kind kind;
  std::string_view words;  // with an example: "a size like \"64M\", or \"max\""
};

struct KnobRow {
  Knob knob;
  std::string_view name;        // the key in scenario files: "cpu_weight"
  std::string_view file;        // "cpu.weight"
  std::string_view controller;  // "cpu"
  KnobWriting written;
  std::string_view form;     // of what the file takes, to go after "takes": "1 to 10000"
  std::string_view meaning;  // one line
  std::string_view needs;    // what has the kernel offer the file: configuration options, a first version
  bool (*accepts)(std::string_view value);
  shown::Compare shows;
};

const KnobRow& knob_row(Knob knob);
// By its key in scenario files.
std::optional<Knob> knob_from(std::string_view name);
std::optional<Knob> knob_of_file(std::string_view file);

}  // namespace ktstr
