// SPDX-License-Identifier: Apache-2.0
//
// A TOML document as a plain tree whose every key and value knows its place. Only toml_tree.cpp knows the library that
// reads it, so its cost and its exceptions stay there.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

struct SourcePosition {
  unsigned line = 1;  // both from 1; the column counts characters, not bytes
  unsigned column = 1;
  friend auto operator<=>(const SourcePosition&, const SourcePosition&) = default;
};

struct TomlEntry;

struct TomlValue {
  enum class Kind { kString, kInteger, kFloat, kBoolean, kDateTime, kArray, kTable };
  Kind kind = Kind::kTable;
  SourcePosition at;
  std::string text;
  std::int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  std::vector<TomlValue> items;    // of an array
  std::vector<TomlEntry> entries;  // of a table, in the order of the file
};

struct TomlEntry {
  std::string key;
  SourcePosition at;
  TomlValue value;
};

// "a text", "a whole number": for messages.
std::string_view kind_text(TomlValue::Kind kind);

// kInvalidArgument with "file:line:column: why". Any bytes are allowed as input.
Result<TomlValue> parse_toml(std::string_view text, std::string_view file_name);

}  // namespace ktstr
