// SPDX-License-Identifier: Apache-2.0
//
// The functions that the lines of an exported script call. They need bash 5, mkdir and rmdir; taskset, chrt, renice and
// others only where the scenario does.
#pragma once

#include <string_view>

namespace ktstr {

std::string_view script_functions();

}  // namespace ktstr
