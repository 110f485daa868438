// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/toml_tree.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>

namespace ktstr {

namespace {

using Kind = TomlValue::Kind;

constexpr std::size_t kMaxFileSize = 1 << 20;
// toml++ bounds the nesting of brackets but not of dotted keys, and frees its tree recursively: a key of 32000
// components overflows the stack. (3.3.0)
constexpr int kMaxDotsInLine = 16;

SourcePosition position_of(const toml::source_position& at) { return {at.line, at.column}; }

// Walks over the text as TOML's lexer does, as far as needed to tell dots of keys from dots in strings and comments.
class DotScanner {
 public:
  explicit DotScanner(std::string_view text) : rest_(text) {}

  // Where a line has too many dots.
  std::optional<SourcePosition> find_overlong_key() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '"' || c == '\'')
        skip_string(c);
      else if (c == '#')
        skip_to(rest_.find('\n'));
      else
        take(c);
      if (dots_ > kMaxDotsInLine) return SourcePosition{line_, 1};
    }
    return {};
  }

 private:
  void take(char c) {
    if (c == '\n') {
      ++line_;
      dots_ = 0;
    }
    if (c == '.') ++dots_;
    rest_.remove_prefix(1);
  }
  void skip_to(std::size_t end) {
    const std::string_view skipped = rest_.substr(0, end);
    line_ += static_cast<unsigned>(std::count(skipped.begin(), skipped.end(), '\n'));
    rest_.remove_prefix(skipped.size());
  }
  void skip_string(char quote) {
    const std::string triple(3, quote);
    const bool multi_line = rest_.starts_with(triple);
    const std::string_view closing = multi_line ? std::string_view(triple) : std::string_view(triple).substr(0, 1);
    std::size_t at = closing.size();
    while (at < rest_.size() && rest_.compare(at, closing.size(), closing) != 0) {
      if (!multi_line && rest_[at] == '\n') break;
      at += quote == '"' && rest_[at] == '\\' ? 2 : 1;
    }
    skip_to(std::min(rest_.size(), at + closing.size()));
    // Up to two further quotes belong to the string: """a""""".
    for (int i = 0; multi_line && i < 2 && rest_.starts_with(quote); ++i) rest_.remove_prefix(1);
  }

  std::string_view rest_;
  unsigned line_ = 1;
  int dots_ = 0;
};

TomlValue convert(const toml::node& node) {
  TomlValue value;
  value.at = position_of(node.source().begin);
  switch (node.type()) {
    case toml::node_type::string:
      value.kind = Kind::kString;
      value.text = node.as_string()->get();
      break;
    case toml::node_type::integer:
      value.kind = Kind::kInteger;
      value.integer = node.as_integer()->get();
      break;
    case toml::node_type::floating_point:
      value.kind = Kind::kFloat;
      value.number = node.as_floating_point()->get();
      break;
    case toml::node_type::boolean:
      value.kind = Kind::kBoolean;
      value.boolean = node.as_boolean()->get();
      break;
    case toml::node_type::array:
      value.kind = Kind::kArray;
      for (const auto& item : *node.as_array()) value.items.push_back(convert(item));
      break;
    case toml::node_type::table:
      value.kind = Kind::kTable;
      for (const auto& [key, entry] : *node.as_table())
        value.entries.push_back({std::string(key.str()), position_of(key.source().begin), convert(entry)});
      std::sort(value.entries.begin(), value.entries.end(),
                [](const TomlEntry& a, const TomlEntry& b) { return a.at < b.at; });
      break;
    default:
      value.kind = Kind::kDateTime;
  }
  return value;
}

Error at_position(std::string_view file, SourcePosition at, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, "{}:{}:{}: {}", file, at.line, at.column, why);
}

}  // namespace

std::string_view kind_text(TomlValue::Kind kind) {
  switch (kind) {
    case TomlValue::Kind::kString:
      return "a text";
    case TomlValue::Kind::kInteger:
      return "a whole number";
    case TomlValue::Kind::kFloat:
      return "a number with a fraction";
    case TomlValue::Kind::kBoolean:
      return "true or false";
    case TomlValue::Kind::kDateTime:
      return "a date or time";
    case TomlValue::Kind::kArray:
      return "an array";
    case TomlValue::Kind::kTable:
      return "a table";
  }
  return "something else";
}

Result<TomlValue> parse_toml(std::string_view text, std::string_view file_name) {
  if (text.size() > kMaxFileSize)
    return at_position(file_name, {}, fmt::format("the file has {} bytes; at most {}", text.size(), kMaxFileSize));
  if (const auto at = DotScanner(text).find_overlong_key())
    return at_position(file_name, *at, fmt::format("more than {} dots in a line's keys", kMaxDotsInLine));
  try {
    return convert(toml::parse(text, file_name));
  } catch (const toml::parse_error& error) {
    return at_position(file_name, position_of(error.source().begin), error.description());
  } catch (const std::exception& error) {
    return at_position(file_name, {}, error.what());
  }
}

}  // namespace ktstr
