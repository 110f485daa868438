// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/knob_reader.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text/duration.h"
#include "cgroup/knob_table.h"
#include "scenario/plan/definition_rules.h"

namespace ktstr {

namespace {

using Kind = TomlValue::Kind;
using KnobForm = KnobWriting::Kind;
using std::chrono::microseconds;

bool is_max(const TomlValue& value) { return value.kind == Kind::kString && value.text == "max"; }

std::optional<std::string> microseconds_of(TableReader& reader, std::string_view key, std::string_view text) {
  const auto time = parse_duration(text);
  if (!time) {
    reader.mistake(key, time.error().message());
    return {};
  }
  const auto whole = std::chrono::floor<microseconds>(*time);
  if (whole == *time) return std::to_string(whole.count());
  reader.mistake(key, fmt::format("'{}' of {} is not valid; accepted: whole microseconds", key, text));
  return {};
}

std::optional<std::string> bytes_of(TableReader& reader, std::string_view key, std::string_view text) {
  const auto bytes = parse_bytes(text);
  if (bytes) return std::to_string(*bytes);
  reader.mistake(key, bytes.error().message() + ", or \"max\"");
  return {};
}

std::optional<std::string> percent_of(TableReader& reader, std::string_view key, const TomlValue& value) {
  const double percent = value.kind == Kind::kFloat ? value.number : static_cast<double>(value.integer);
  // Written so that NaN fails too. The upper bound keeps a number of 300 digits out of messages and files.
  if (percent >= 0 && percent <= 100) return fmt::format("{:.2f}", percent);
  reader.mistake(key, fmt::format("{} {} is not valid; accepted: 0 to 100, or \"max\"", key, percent));
  return {};
}

// Empty without a mistake where the value is of another kind than the knob's form has.
std::optional<std::string> converted(TableReader& reader, std::string_view key, KnobForm form, const TomlValue& value,
                                     bool& kind_fits) {
  const bool text = value.kind == Kind::kString, whole = value.kind == Kind::kInteger;
  kind_fits = true;
  switch (form) {
    case KnobForm::kText:
      if (text) return value.text;
      break;
    case KnobForm::kWhole:
      if (whole) return std::to_string(value.integer);
      break;
    case KnobForm::kWholeOrMax:
      if (whole || is_max(value)) return is_max(value) ? "max" : std::to_string(value.integer);
      break;
    case KnobForm::kBoolean:
      if (value.kind == Kind::kBoolean) return value.boolean ? "1" : "0";
      break;
    case KnobForm::kPercent:
      if (is_max(value)) return "max";
      if (whole || value.kind == Kind::kFloat) return percent_of(reader, key, value);
      break;
    case KnobForm::kSize:
      if (is_max(value)) return "max";
      if (text) return bytes_of(reader, key, value.text);
      break;
    case KnobForm::kTime:
      if (text) return microseconds_of(reader, key, value.text);
      break;
  }
  kind_fits = false;
  return {};
}

// cpu.max in its other forms.
class QuotaReader {
 public:
  explicit QuotaReader(TableReader& cgroup) : cgroup_(cgroup) {}

  std::optional<std::string> read() {
    auto percent = read_percent();
    auto quota = read_quota();
    const auto unlimited = cgroup_.boolean("cpu_unlimited");
    if (unlimited && !*unlimited)
      cgroup_.mistake("cpu_unlimited", "cpu_unlimited = false says nothing; accepted: true, or leave it out");
    const std::string_view keys[] = {"cpu_max", "cpu_quota_pct", "cpu_quota", "cpu_unlimited"};
    std::string_view first;
    for (const std::string_view key : keys) {
      if (!cgroup_.has(key)) continue;
      if (!first.empty()) {
        cgroup_.mistake(key, fmt::format("'{}' beside '{}': both write cpu.max; accepted: one of them", key, first));
        return {};
      }
      first = key;
    }
    if (percent) return percent;
    if (quota) return quota;
    if (unlimited.value_or(false)) return fmt::format("max {}", kDefaultPeriod.count());
    return {};
  }

 private:
  static constexpr microseconds kDefaultPeriod{100'000};

  std::optional<std::string> read_percent() {
    const auto percent = cgroup_.number("cpu_quota_pct", "a percentage of one CPU like 50 or 150");
    if (!percent) return {};
    if (!(std::isfinite(*percent) && *percent == std::floor(*percent) && std::fabs(*percent) < 1e9)) {
      cgroup_.mistake("cpu_quota_pct",
                      fmt::format("cpu_quota_pct {} is not valid; accepted: whole percents of one CPU, "
                                  "like 50 or 150",
                                  *percent));
      return {};
    }
    const auto whole = static_cast<std::int64_t>(*percent);
    if (const Status valid = check_quota_pct(whole); !valid) {
      cgroup_.mistake("cpu_quota_pct", valid);
      return {};
    }
    return fmt::format("{} {}", kDefaultPeriod.count() * whole / 100, kDefaultPeriod.count());
  }

  std::optional<std::string> read_quota() {
    const auto quota_text = cgroup_.text("cpu_quota", "a time in each period, like \"50ms\"");
    const auto period_text = cgroup_.text("cpu_period", "a time like \"100ms\"");
    if (cgroup_.has("cpu_period") && !cgroup_.has("cpu_quota"))
      cgroup_.mistake("cpu_period", "'cpu_period' without 'cpu_quota' limits nothing; accepted: both, or neither");
    if (!quota_text) return {};
    const auto quota = microseconds_of(cgroup_, "cpu_quota", *quota_text);
    auto period = std::optional(std::to_string(kDefaultPeriod.count()));
    if (period_text) period = microseconds_of(cgroup_, "cpu_period", *period_text);
    if (!quota || !period) return {};
    const std::string value = fmt::format("{} {}", *quota, *period);
    if (const Status valid = check_knob(Knob::kCpuMax, value); !valid) {
      cgroup_.mistake("cpu_quota", valid);
      return {};
    }
    return value;
  }

  TableReader& cgroup_;
};

}  // namespace

std::vector<std::string_view> knob_names() {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kKnobCount; ++i) names.push_back(name_of(static_cast<Knob>(i)));
  return names;
}

std::optional<std::string> read_knob_value(TableReader& reader, std::string_view key, Knob knob) {
  const TomlValue* value = reader.find(key);
  if (value == nullptr) return {};
  bool kind_fits = true;
  const KnobWriting& written = knob_row(knob).written;
  auto text = converted(reader, key, written.kind, *value, kind_fits);
  if (!kind_fits) reader.refuse_kind(key, *value, written.words);
  if (!text) return {};
  if (const Status valid = check_knob(knob, *text); !valid) {
    reader.mistake(key, valid);
    return {};
  }
  return text;
}

std::vector<KnobSetting> read_knobs(TableReader& cgroup) {
  std::vector<KnobSetting> settings;
  for (std::size_t i = 0; i < kKnobCount; ++i) {
    const Knob knob = static_cast<Knob>(i);
    if (auto value = read_knob_value(cgroup, name_of(knob), knob)) settings.push_back({knob, *std::move(value)});
  }
  if (auto quota = QuotaReader(cgroup).read()) settings.push_back({Knob::kCpuMax, *std::move(quota)});
  return settings;
}

const std::vector<QuotaKey>& quota_keys() {
  static const std::vector<QuotaKey> keys = {
      {"cpu_quota_pct", "whole percents of one CPU like 150", "a quota for each 100ms"},
      {"cpu_quota", "a time like \"50ms\"", "a quota for each period"},
      {"cpu_period", "a time like \"100ms\"", "the period of cpu_quota; default \"100ms\""},
      {"cpu_unlimited", "true", "no quota"},
  };
  return keys;
}

}  // namespace ktstr
