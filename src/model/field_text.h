// SPDX-License-Identifier: Apache-2.0
//
// A value as text, by its list of fields (fields.h): the names, and what each holds. Lists are written with blanks in
// between; what is empty has no text.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "model/fields.h"
#include "model/names.h"

namespace ktstr {

class FieldTexts {
 public:
  template <typename T>
  void operator()(std::string_view name, const T& value, auto...) {
    texts_.emplace_back(name, text_of(value));
  }
  std::vector<std::pair<std::string_view, std::string>> take() { return std::move(texts_); }

 private:
  static std::string text_of(const CpuSet& cpus) { return cpus.to_string(); }
  // "1024x3 2048x1": from which latency on, how often.
  static std::string text_of(const LatencyHistogram& times) {
    std::string text;
    for (const LatencyBucket& each : times.buckets)
      text += fmt::format("{}{}x{}", text.empty() ? "" : " ", each.from_ns, each.count);
    return text;
  }
  static std::string text_of(const WorkLatency& each) {
    return fmt::format("{} ({}, at most {} ns)", each.what, text_of(each.times), each.max_ns);
  }
  static std::string text_of(const NodePages& each) { return fmt::format("N{}={}", each.node, each.pages); }
  static std::string text_of(const PayloadValue& each) {
    return fmt::format("{} {} {} ({})", each.name, each.value, each.unit, text_of(each.polarity));
  }
  static std::string text_of(const WorkCount& each) { return fmt::format("{} {}", each.what, each.count); }
  template <typename T>
  static std::string text_of(const std::vector<T>& values) {
    std::string text;
    for (const T& value : values) text += (text.empty() ? "" : " ") + text_of(value);
    return text;
  }
  template <typename T>
  static std::string text_of(const T& value) {
    if constexpr (std::is_enum_v<T>)
      return std::string(names_of(value).text(value));
    else
      return fmt::format("{}", value);
  }
  std::vector<std::pair<std::string_view, std::string>> texts_;
};

template <typename T>
std::vector<std::pair<std::string_view, std::string>> field_texts(const T& value) {
  FieldTexts texts;
  fields(texts, value);
  return texts.take();
}

}  // namespace ktstr
