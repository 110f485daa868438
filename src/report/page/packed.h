// SPDX-License-Identifier: Apache-2.0
//
// Bytes as a page carries them.
#pragma once

#include <string>
#include <string_view>

namespace ktstr {

std::string base64(std::string_view bytes);
// Compressed as zlib does (RFC 1950), in base64: what DecompressionStream("deflate") of a browser opens.
std::string packed(std::string_view bytes);
// A hash for a Content-Security-Policy: "sha256-" and the sum in base64.
std::string policy_hash(std::string_view script);

}  // namespace ktstr
