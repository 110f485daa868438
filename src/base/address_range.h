// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace ktstr {

struct AddressRange {
  std::uint64_t start = 0;
  Bytes bytes = 0;
};

}  // namespace ktstr
