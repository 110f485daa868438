// SPDX-License-Identifier: Apache-2.0
//
// Where a payload's program is in the guest, and the environment that it gets.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "ktstr/payload.h"

namespace ktstr {

// An absolute path is taken as it is. A bare name is the first executable file of that name along `search_path`; so is
// a relative path, by its last component, since the guest does not have the directory that it was relative to.
// kNotFound names the places and the way out.
Result<fs::path> find_payload_program(const Payload& payload, const std::vector<std::string>& search_path);

// Ours, with `search_path` in front of PATH, and `mark` ("NAME=value").
std::vector<std::string> payload_environment(const std::vector<std::string>& search_path, const std::string& mark);

}  // namespace ktstr
