// SPDX-License-Identifier: Apache-2.0
//
// What `ktstr warm` prints.
#pragma once

#include <string>
#include <vector>

#include "engine/warm/warm_cache.h"
#include "runner/guest_machine.h"

namespace ktstr::cli {

// `now`: seconds since 1970.
std::string warm_list_text(const std::vector<WarmCache::Entry>& entries, Bytes limit, std::int64_t now);
std::string warm_list_json(const std::vector<WarmCache::Entry>& entries, Bytes limit);
std::string describe(const PreparedImage& image);
std::string describe(const WarmCache::Cleaned& cleaned);

}  // namespace ktstr::cli
