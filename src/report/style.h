// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "results/run_record.h"

namespace ktstr {

// The words that stand out, with colours where the terminal has them.
class Style {
 public:
  explicit Style(bool color) : color_(color) {}
  // "PASS" green, "FAIL" red, everything that is neither yellow.
  std::string verdict(Outcome outcome) const;
  std::string heading(std::string_view text) const { return painted("1", text); }

 private:
  std::string painted(std::string_view code, std::string_view text) const;
  bool color_;
};

}  // namespace ktstr
