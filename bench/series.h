// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace ktstr::bench {

// One quantity, one value a round.
class Series {
 public:
  void add(double value) { values_.push_back(value); }
  bool empty() const { return values_.empty(); }
  // Each value by the one of the same round.
  Series divided_by(const Series& other) const;
  // "median  (min .. max)"
  std::string summary(const char* unit) const;

 private:
  double median() const;
  std::vector<double> values_;
};

}  // namespace ktstr::bench
