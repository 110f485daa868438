// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/address_range.h"

namespace ktstr {

// Where a kernel's code is in its address space, with what else nobody writes to: by the segments of an image
// (vmlinux), of which only the headers are read. Whole pages; empty where that is not known.
AddressRange code_range_of(const std::filesystem::path& vmlinux);

}  // namespace ktstr
