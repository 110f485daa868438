// SPDX-License-Identifier: Apache-2.0
//
// The few modules of a kernel that work types need: found among those of a package, a machine or a build tree,
// unpacked, and kept beside a cached kernel. A guest gets them as files and loads them itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"

namespace ktstr {

struct KernelModule {
  std::string_view name;    // "null_blk"
  std::string_view path;    // below a tree of modules or a build tree
  std::string_view option;  // "y" in a kernel's configuration: it is built in
};

// nullptr for one that nothing needs.
const KernelModule* find_kernel_module(std::string_view name);
// All of them, those first that others depend on.
std::vector<std::string> kernel_module_names();

// The file of that module in `directory`: as NAME.ko, or by its path in a tree of modules (/lib/modules/RELEASE) or a
// build tree; compressed or not. Empty where there is none.
fs::path module_in(const fs::path& directory, const KernelModule& module);
// Uncompressed. kCorruptData for what is no ELF object.
Result<ByteVector> read_module(const fs::path& file);

// By name: those that are in that tree. One that cannot be read is left out, with a warning.
using KernelModules = std::map<std::string, ByteVector>;
KernelModules modules_in(const fs::path& directory);

}  // namespace ktstr
