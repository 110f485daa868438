// SPDX-License-Identifier: Apache-2.0
//
// The compression function of SHA-256 by the CPU's own instructions, some eight times as fast as libmd's portable one:
// a run hashes all that goes into its guest, some of it more than once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ktstr {

constexpr std::size_t kSha256BlockBytes = 64;

// Whether this CPU has them.
bool has_sha256_instructions();

// Only where it has. `state`: the eight words of FIPS 180-4, 6.2.2.
void sha256_blocks(std::uint32_t* state, const std::uint8_t* data, std::size_t blocks);

}  // namespace ktstr
