// SPDX-License-Identifier: Apache-2.0
#include "cli/name_filter.h"

#include <fnmatch.h>

#include <algorithm>

namespace ktstr::cli {

NameFilter::NameFilter(std::string_view patterns) {
  while (true) {
    const std::size_t colon = patterns.find(':');
    if (const std::string_view glob = patterns.substr(0, colon); !glob.empty()) globs_.emplace_back(glob);
    if (colon == std::string_view::npos) return;
    patterns.remove_prefix(colon + 1);
  }
}

bool NameFilter::selects(const std::string& name) const {
  return std::any_of(globs_.begin(), globs_.end(),
                     [&](const std::string& glob) { return ::fnmatch(glob.c_str(), name.c_str(), FNM_NOESCAPE) == 0; });
}

}  // namespace ktstr::cli
