// SPDX-License-Identifier: Apache-2.0
//
// A test cut down, one step at a time: for what is to be looked at, or to be read as a story.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

// Each the text of a scenario file with less in it, most of it gone first: without a table of an array ([[cgroup]],
// [[step]], with what belongs to it), with half of the workers somewhere, or half as long, 5 ms at least. Whether it is
// a scenario still, parse_scenario() says. Comments and the rest stay as they are.
std::vector<std::string> smaller_scenarios(std::string_view text);

}  // namespace ktstr
