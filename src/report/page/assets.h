// SPDX-License-Identifier: Apache-2.0
//
// script/ and page.css as they are in the sources; cmake/EmbedText.cmake writes them.
#pragma once

#include <string_view>

namespace ktstr {

extern const std::string_view kPageScript, kPageStyle;

}  // namespace ktstr
