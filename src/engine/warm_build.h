// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "engine/guest.h"
#include "engine/warm_image.h"

namespace ktstr {

// What came of booting for an image: `failed` where the guest did not get to its warm point.
struct WarmBuild {
  std::optional<GuestOutcome> failed;
};

// Boots the spec's machine to its warm point and saves it into `directory`, which exists and is empty. An Error: it
// could not be started or saved.
Result<WarmBuild> build_warm_image(const GuestSpec& spec, const MemoryLayout& layout, const WarmKey& key,
                                   const fs::path& directory, const std::function<bool()>& interrupted);

}  // namespace ktstr
