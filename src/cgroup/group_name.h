// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"

namespace ktstr {

// kInvalidArgument unless `name` is a relative path of plain components ("cg_0", "cg_0/nested") or "" for the root.
Status check_group_name(std::string_view name);
// For messages: "cgroup cg_0", "the root cgroup".
std::string group_text(std::string_view name);

}  // namespace ktstr
