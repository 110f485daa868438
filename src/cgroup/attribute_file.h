// SPDX-License-Identifier: Apache-2.0
//
// Reads and writes one attribute of a group, and says what a refusal means: a file that is not there because the
// controller is not enabled or the kernel lacks it (kUnsupported, decided by looking), a value that the kernel does not
// take, a write that did nothing.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

// `where` names the group in messages: "cgroup cg_0".
Result<std::string> read_attribute_file(const Fd& group, std::string_view where, std::string_view file);
Status write_attribute_file(const Fd& group, std::string_view where, std::string_view file, std::string_view value);
// Writes, reads back where the file echoes, and fails with both values where they differ.
Status set_attribute_file(const Fd& group, std::string_view where, std::string_view file, std::string_view value);

}  // namespace ktstr
