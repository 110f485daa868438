// SPDX-License-Identifier: Apache-2.0
#include "model/scheduler_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <optional>

#include "base/text/duration.h"
#include "model/fields.h"

namespace ktstr {

namespace {

std::string shown_value(bool value) { return value ? "true" : "false"; }
std::string shown_value(std::chrono::milliseconds limit) {
  return limit.count() == 0 ? "false" : format_duration(limit);
}
// Of limits, where 0 is none.
std::string shown_value(int value) { return value == 0 ? "false" : std::to_string(value); }
std::string shown_value(double value) { return fmt::format("{}", value); }

class ShowChecks {
 public:
  template <typename T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if (value) add(name, shown_value(*value));
  }
  // Those of a limit that is off.
  void operator()(std::string_view name, bool off) {
    if (off) add(name == "gap_off" ? "max_gap" : "max_spread_pct", "false");
  }
  void if_any(std::string_view name, const std::vector<std::string>& texts) {
    if (!texts.empty()) add(name, fmt::format("{}", texts));
  }
  std::vector<ShownCheck> shown;

 private:
  void add(std::string_view name, std::string value) {
    if (name.ends_with("_ms")) name.remove_suffix(3);
    shown.push_back({std::string(name), std::move(value)});
  }
};

// The places of all fields, in their order.
struct PlacesOfChecks {
  template <typename T>
  void operator()(std::string_view, const T& value) {
    all.push_back(&value);
  }
  template <typename T>
  void if_any(std::string_view name, const T& value) {
    (*this)(name, value);
  }
  std::vector<const void*> all;
};

// Takes what is set.
class TakeChecks {
 public:
  explicit TakeChecks(const std::vector<const void*>& over) : over_(over) {}
  template <typename T>
  void operator()(std::string_view, std::optional<T>& into) {
    if (const auto& value = next<std::optional<T>>()) into = value;
  }
  void operator()(std::string_view, bool&) { ++next_; }  // with their limits
  void if_any(std::string_view, std::vector<std::string>& into) {
    if (const auto& value = next<std::vector<std::string>>(); !value.empty()) into = value;
  }

 private:
  template <typename T>
  const T& next() {
    return *static_cast<const T*>(over_[next_++]);
  }
  const std::vector<const void*>& over_;
  std::size_t next_ = 0;
};

}  // namespace

std::vector<ShownCheck> shown_checks(const Checks& checks) {
  ShowChecks show;
  fields(show, checks);
  return std::move(show.shown);
}

Checks merged_checks(const Checks& under, const Checks& over) {
  Checks merged = under;
  PlacesOfChecks places;
  fields(places, over);
  TakeChecks take(places.all);
  fields(take, merged);
  if (over.max_gap || over.gap_off) {
    merged.max_gap = over.max_gap;
    merged.gap_off = over.gap_off;
  }
  if (over.max_spread_pct || over.spread_off) {
    merged.max_spread_pct = over.max_spread_pct;
    merged.spread_off = over.spread_off;
  }
  return merged;
}

}  // namespace ktstr
