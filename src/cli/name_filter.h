// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ktstr::cli {

// "GLOB[:GLOB...]": a name is selected when one pattern matches it as a whole. * is any text, ? any character.
class NameFilter {
 public:
  explicit NameFilter(std::string_view patterns);
  bool selects(const std::string& name) const;

 private:
  std::vector<std::string> globs_;
};

}  // namespace ktstr::cli
