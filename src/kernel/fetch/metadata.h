// SPDX-License-Identifier: Apache-2.0
//
// metadata.json of a cache entry: what it holds, where it came from, and when its image was last known to be right.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "kernel/cache.h"

namespace ktstr {

std::string render_metadata(const KernelEntry& entry);

// The entry without its directory. kCorruptData for what is not JSON, misses a field or has one of the wrong type.
Result<KernelEntry> parse_metadata(std::string_view json);

}  // namespace ktstr
