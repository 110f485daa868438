// SPDX-License-Identifier: Apache-2.0
//
// Trivial tests one after the other, two at a time: how many a minute, and that nothing is left behind.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "ktstr_run.h"

namespace ktstr::bench {

// Prints what it found; kGuestLost when a test failed or something was left.
Status many_tests(const KtstrAsked& asked, int count, const std::filesystem::path& scratch);

}  // namespace ktstr::bench
