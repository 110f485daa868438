// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "engine/guest_memory.h"
#include "guest_space.h"

namespace ktstr {

// A guest's RAM as this process reads it; `space` is valid as long as the mappings are.
struct MappedRam {
  std::vector<Mapping> mappings;
  control::GuestSpace space;  // without the kernel's addresses
};
Result<MappedRam> map_ram(const GuestMemory& memory);

}  // namespace ktstr
