// SPDX-License-Identifier: Apache-2.0
//
// Reading a TOML table key by key, with all mistakes collected. A key that nobody asked for is unknown: the keys asked
// for are the accepted ones, so that no list of them has to be kept.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/text/error_line.h"
#include "scenario_file/toml_tree.h"

namespace ktstr {

class Mistakes {
 public:
  void add(SourcePosition at, std::string message);
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  // In the order of the file, one "file:line:column: message" a line, as one kInvalidArgument Error.
  Status as_status(std::string_view file_name) const;

 private:
  struct Mistake {
    SourcePosition at;
    std::string message;
  };
  std::vector<Mistake> list_;  // sorted by position
};

// " did you mean 'spins'?", or nothing: to stand after a ';'.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);
// The candidate that `word` is likely meant to be: at most two edits away, and less than half of it changed.
std::optional<std::string_view> closest(std::string_view word, const std::vector<std::string_view>& candidates);

class TableReader {
 public:
  // `name` for messages: "[checks]". All three must outlive the reader.
  TableReader(const TomlValue& table, std::string_view name, Mistakes& mistakes)
      : table_(table), name_(name), mistakes_(mistakes) {}

  // Null when the key is not there. `key` is accepted from now on; it must be a literal.
  const TomlValue* find(std::string_view key);
  // As find(), and null with a mistake when it is of another kind; `accepted` says what would do.
  const TomlValue* find(std::string_view key, TomlValue::Kind kind, std::string_view accepted);
  std::optional<std::string> text(std::string_view key, std::string_view accepted);
  std::optional<std::int64_t> integer(std::string_view key, std::string_view accepted);
  std::optional<bool> boolean(std::string_view key);
  // Of a text, or of a number as text: kString, kInteger, or kFloat for a number with or without a fraction.
  std::optional<std::string> written(std::string_view key, TomlValue::Kind kind, std::string_view accepted);
  // With or without a fraction.
  std::optional<double> number(std::string_view key, std::string_view accepted);
  // Of a text like "50ms".
  std::optional<std::chrono::nanoseconds> duration(std::string_view key);
  // Of a text like "64M".
  std::optional<Bytes> bytes(std::string_view key);
  // An array of texts; empty when there is none.
  std::optional<std::vector<std::string>> texts(std::string_view key);
  // The tables of `[[key]]`; empty when there are none.
  std::vector<const TomlValue*> tables(std::string_view key);
  // "'key' is a text; accepted: ..."
  void refuse_kind(std::string_view key, const TomlValue& value, std::string_view accepted);
  // At the key's value, or at the table where there is none.
  void mistake(std::string_view key, std::string message) { mistakes_.add(at(key), std::move(message)); }
  void mistake(std::string_view key, const Status& status) {
    if (!status) mistake(key, in_one_line(status.error()));
  }
  // Reports all keys that were never asked for.
  void finish();

  bool has(std::string_view key) const;
  SourcePosition at() const { return table_.at; }
  // The keys asked for until now.
  const std::vector<std::string_view>& accepted() const { return accepted_; }
  std::string_view name() const { return name_; }
  Mistakes& mistakes() { return mistakes_; }
  // Of the key's value, or of the table where there is none.
  SourcePosition at(std::string_view key) const;

 private:
  const TomlValue* look_up(std::string_view key) const;

  const TomlValue& table_;
  std::string_view name_;
  Mistakes& mistakes_;
  std::vector<std::string_view> accepted_;
};

}  // namespace ktstr
