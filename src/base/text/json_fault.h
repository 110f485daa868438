// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ktstr {

// What is wrong with a JSON document, from the number and the text of the library's exception (nlohmann: id, what()):
// "it is not JSON at line 3, column 9", "it has no 'seed'", "a value has another type: it must be a string, and is a
// number".
std::string json_fault(int id, std::string_view what);

}  // namespace ktstr
