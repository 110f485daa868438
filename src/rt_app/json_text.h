// SPDX-License-Identifier: Apache-2.0
//
// JSON as rt-app's parser (json-c) takes it, and in which line each key of it stands: nlohmann's values do not know.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

// The same text, line by line, without commas in front of a closing bracket, and with an empty text as the value of a
// key that has none.
std::string strict_json(std::string_view text);

// In the order of the text. Comments (/* */ and //) hold no keys. Lines count from 1. What is no JSON gives whatever
// looks like keys.
std::vector<int> key_lines(std::string_view json);

}  // namespace ktstr
