// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/table_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/text/duration.h"

namespace ktstr {

namespace {

constexpr std::size_t kMaxEdits = 2;
constexpr std::size_t kLongestGuessed = 64;  // bounds the work for a key of a megabyte

// Levenshtein, in lower case.
std::size_t edits_between(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

void Mistakes::add(SourcePosition at, std::string message) {
  const auto place = std::upper_bound(list_.begin(), list_.end(), at,
                                      [](SourcePosition wanted, const Mistake& each) { return wanted < each.at; });
  list_.insert(place, {at, std::move(message)});
}

Status Mistakes::as_status(std::string_view file_name) const {
  if (list_.empty()) return ok();
  std::string lines;
  for (const Mistake& each : list_)
    lines +=
        fmt::format("{}{}:{}:{}: {}", lines.empty() ? "" : "\n", file_name, each.at.line, each.at.column, each.message);
  return Error(ErrorCode::kInvalidArgument, std::move(lines));
}

std::optional<std::string_view> closest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::optional<std::string_view> best;
  std::size_t best_edits = kMaxEdits + 1;
  if (word.size() > kLongestGuessed) return best;
  for (const std::string_view candidate : candidates) {
    const std::size_t edits = edits_between(word, candidate);
    if (edits >= best_edits || edits * 2 >= std::max(word.size(), candidate.size())) continue;
    best = candidate;
    best_edits = edits;
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const auto meant = closest(word, candidates);
  return meant ? fmt::format(" did you mean '{}'?", *meant) : "";
}

const TomlValue* TableReader::look_up(std::string_view key) const {
  for (const TomlEntry& entry : table_.entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

bool TableReader::has(std::string_view key) const { return look_up(key) != nullptr; }

SourcePosition TableReader::at(std::string_view key) const {
  const TomlValue* value = look_up(key);
  return value != nullptr ? value->at : table_.at;
}

const TomlValue* TableReader::find(std::string_view key) {
  if (std::find(accepted_.begin(), accepted_.end(), key) == accepted_.end()) accepted_.push_back(key);
  return look_up(key);
}

const TomlValue* TableReader::find(std::string_view key, TomlValue::Kind kind, std::string_view accepted) {
  const TomlValue* value = find(key);
  if (value == nullptr || value->kind == kind) return value;
  refuse_kind(key, *value, accepted);
  return nullptr;
}

void TableReader::refuse_kind(std::string_view key, const TomlValue& value, std::string_view accepted) {
  mistakes_.add(value.at, fmt::format("'{}' is {}; accepted: {}", key, kind_text(value.kind), accepted));
}

std::optional<std::string> TableReader::text(std::string_view key, std::string_view accepted) {
  const TomlValue* value = find(key, TomlValue::Kind::kString, accepted);
  return value != nullptr ? std::optional(value->text) : std::nullopt;
}

std::optional<std::int64_t> TableReader::integer(std::string_view key, std::string_view accepted) {
  const TomlValue* value = find(key, TomlValue::Kind::kInteger, accepted);
  return value != nullptr ? std::optional(value->integer) : std::nullopt;
}

std::optional<std::string> TableReader::written(std::string_view key, TomlValue::Kind kind, std::string_view accepted) {
  const auto shown = [](const auto& value) {
    return value ? std::optional(fmt::format("{}", *value)) : std::optional<std::string>();
  };
  if (kind == TomlValue::Kind::kInteger) return shown(integer(key, accepted));
  if (kind == TomlValue::Kind::kFloat) return shown(number(key, accepted));
  return text(key, accepted);
}

std::optional<bool> TableReader::boolean(std::string_view key) {
  const TomlValue* value = find(key, TomlValue::Kind::kBoolean, "true, false");
  return value != nullptr ? std::optional(value->boolean) : std::nullopt;
}

std::optional<double> TableReader::number(std::string_view key, std::string_view accepted) {
  const TomlValue* value = find(key);
  if (value == nullptr) return {};
  if (value->kind == TomlValue::Kind::kFloat) return value->number;
  if (value->kind == TomlValue::Kind::kInteger) return static_cast<double>(value->integer);
  refuse_kind(key, *value, accepted);
  return {};
}

std::optional<std::chrono::nanoseconds> TableReader::duration(std::string_view key) {
  const auto written = text(key, "a time like \"50ms\"");
  if (!written) return {};
  const auto duration = parse_duration(*written);
  if (duration) return *duration;
  mistake(key, duration.error().message());
  return {};
}

std::optional<Bytes> TableReader::bytes(std::string_view key) {
  const auto written = text(key, "a size like \"64M\"");
  if (!written) return {};
  const auto bytes = parse_bytes(*written);
  if (bytes) return *bytes;
  mistake(key, bytes.error().message());
  return {};
}

std::optional<std::vector<std::string>> TableReader::texts(std::string_view key) {
  constexpr std::string_view kAccepted = "an array of texts like [\"a\", \"b\"]";
  const TomlValue* array = find(key, TomlValue::Kind::kArray, kAccepted);
  if (array == nullptr) return {};
  std::vector<std::string> found;
  for (const TomlValue& item : array->items)
    if (item.kind == TomlValue::Kind::kString)
      found.push_back(item.text);
    else
      mistakes_.add(item.at, fmt::format("'{}' holds {}; accepted: {}", key, kind_text(item.kind), kAccepted));
  return found;
}

std::vector<const TomlValue*> TableReader::tables(std::string_view key) {
  const std::string accepted = fmt::format("tables, each headed [[{}]]", key);
  std::vector<const TomlValue*> found;
  const TomlValue* array = find(key, TomlValue::Kind::kArray, accepted);
  if (array == nullptr) return found;
  for (const TomlValue& item : array->items)
    if (item.kind == TomlValue::Kind::kTable)
      found.push_back(&item);
    else
      refuse_kind(key, item, accepted);
  return found;
}

void TableReader::finish() {
  for (const TomlEntry& entry : table_.entries) {
    if (std::find(accepted_.begin(), accepted_.end(), entry.key) != accepted_.end()) continue;
    mistakes_.add(entry.at, fmt::format("unknown key '{}' in {};{} accepted: {}", entry.key, name_,
                                        did_you_mean(entry.key, accepted_), fmt::join(accepted_, ", ")));
  }
}

}  // namespace ktstr
