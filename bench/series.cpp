// SPDX-License-Identifier: Apache-2.0
#include "series.h"

#include <fmt/core.h>

#include <algorithm>

namespace ktstr::bench {

Series Series::divided_by(const Series& other) const {
  Series ratios;
  for (std::size_t i = 0; i < std::min(values_.size(), other.values_.size()); ++i)
    ratios.add(values_[i] / other.values_[i]);
  return ratios;
}

double Series::median() const {
  auto sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

std::string Series::summary(const char* unit) const {
  if (values_.empty()) return "not measured";
  const auto [least, most] = std::minmax_element(values_.begin(), values_.end());
  return fmt::format("{:6.2f}{}  ({:.2f} .. {:.2f})", median(), unit, *least, *most);
}

}  // namespace ktstr::bench
