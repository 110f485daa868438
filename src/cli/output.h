// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"

namespace ktstr::cli {

// To stdout, at once: a full disk or a closed pipe is an error and no lost report.
Status print_out(std::string_view text);

}  // namespace ktstr::cli
