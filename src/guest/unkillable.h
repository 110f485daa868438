// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ktstr::guest {

// Sends SIGKILL to every program of the guest but this one, `spared` (a pid; 0: none) and its children.
void kill_programs(const std::filesystem::path& proc, int spared);

// Threads that were sent SIGKILL and are still there, at most 8, each with what it does:
// "insmod[61] (state D in msleep+0x2d/0x40)", "insmod[61] (state R on CPU 0)". `proc` is "/proc". A thread that is just
// about to end is among them: ask again after a while.
std::vector<std::string> unkillable_threads(const std::filesystem::path& proc);

}  // namespace ktstr::guest
