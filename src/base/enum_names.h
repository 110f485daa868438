// SPDX-License-Identifier: Apache-2.0
//
// The texts of a closed enum: one table, from which come a value's text, a text's value, and the last value (which the
// wire needs). An enum has them where there is a function names_of() for it:
//
//   constexpr EnumName<Verdict> kVerdicts[] = {{Verdict::kSkip, "skip"}, ...};
//   EnumNames<Verdict> names_of(Verdict) { return names_from<kVerdicts>(); }
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace ktstr {

template <typename E>
struct EnumName {
  E value;
  std::string_view text;
};

template <typename E>
class EnumNames {
 public:
  constexpr explicit EnumNames(std::span<const EnumName<E>> rows) : rows_(rows) {}
  constexpr std::string_view text(E value) const {
    for (const auto& row : rows_)
      if (row.value == value) return row.text;
    return "unknown";
  }
  constexpr std::optional<E> value(std::string_view text) const {
    for (const auto& row : rows_)
      if (row.text == text) return row.value;
    return {};
  }
  constexpr E last() const { return rows_.back().value; }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

 private:
  std::span<const EnumName<E>> rows_;
};

// The rows are in the order of the values, without a gap. A value may have further rows after its own: texts that
// earlier programs wrote for it.
template <const auto& kRows>
constexpr auto names_from() {
  constexpr auto kInOrder = [] {
    for (std::size_t i = 1; i < std::size(kRows); ++i) {
      const auto step = static_cast<long>(kRows[i].value) - static_cast<long>(kRows[i - 1].value);
      if (step != 0 && step != 1) return false;
    }
    return true;
  };
  static_assert(kInOrder());
  return EnumNames(std::span<const std::remove_cvref_t<decltype(kRows[0])>>(kRows));
}

template <typename E>
concept NamedEnum = requires(E value) {
  names_of(value);
};

// Public headers declare it for their own enums; for all others this is it.
template <NamedEnum E>
std::string_view to_string(E value) {
  return names_of(value).text(value);
}
template <NamedEnum E>
std::optional<E> enum_from(std::string_view text) {
  return names_of(E{}).value(text);
}

}  // namespace ktstr
