// SPDX-License-Identifier: Apache-2.0
//
// Names of runs: they sort by time and say what ran. "20261124-013855.417-two_cgroups-3fa2" is UTC to the millisecond,
// the test, and four digits against runs of the same moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace ktstr {

// Characters of the test's name other than A-Z a-z 0-9 _ . become '_', and it is cut to 64: the id names a directory.
std::string make_run_id(std::chrono::system_clock::time_point now, std::string_view test, std::uint16_t random);
bool is_run_id(std::string_view name);
// Its test's name, as far as it is in there; "" where that is no id.
std::string test_of_run_id(std::string_view id);
// RFC 3339 in UTC to the second: "2026-11-24T01:38:55Z".
std::string format_rfc3339(std::chrono::system_clock::time_point time);

}  // namespace ktstr
