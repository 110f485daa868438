// SPDX-License-Identifier: Apache-2.0
#include "kernel/modules.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "kernel/elf.h"
#include "kernel/fetch/decompress.h"

namespace ktstr {

namespace {

constexpr Bytes kLargestModule = Bytes{64} << 20;

constexpr std::array kKernelModules = {
    KernelModule{"configfs", "fs/configfs/configfs.ko", "CONFIGFS_FS"},
    KernelModule{"null_blk", "drivers/block/null_blk/null_blk.ko", "BLK_DEV_NULL_BLK"},
};

}  // namespace

const KernelModule* find_kernel_module(std::string_view name) {
  const auto* found = std::find_if(kKernelModules.begin(), kKernelModules.end(),
                                   [&](const KernelModule& each) { return each.name == name; });
  return found == kKernelModules.end() ? nullptr : found;
}

std::vector<std::string> kernel_module_names() {
  std::vector<std::string> names;
  for (const KernelModule& each : kKernelModules) names.emplace_back(each.name);
  return names;
}

fs::path module_in(const fs::path& directory, const KernelModule& module) {
  const fs::path path(module.path);
  for (const fs::path& place : {path.filename(), "kernel" / path, path})
    for (const char* suffix : {"", ".xz", ".zst", ".gz"}) {
      fs::path file = directory / place;
      file += suffix;
      std::error_code error;
      if (fs::is_regular_file(file, error)) return file;
    }
  return {};
}

Result<ByteVector> read_module(const fs::path& file) {
  KTSTR_TRY_ASSIGN(ByteVector bytes, read_bytes(file, kLargestModule));
  if (const auto compression = detect_compression(bytes); compression && !ElfFile::has_magic(bytes)) {
    auto unpacked = decompress(*compression, bytes, kLargestModule);
    if (!unpacked) return std::move(unpacked).error().context(file.string());
    bytes = *std::move(unpacked);
  }
  if (!ElfFile::has_magic(bytes)) return fail(ErrorCode::kCorruptData, "{} is no kernel module", file.string());
  return bytes;
}

KernelModules modules_in(const fs::path& directory) {
  KernelModules modules;
  for (const KernelModule& each : kKernelModules) {
    const fs::path file = module_in(directory, each);
    if (file.empty()) continue;
    auto bytes = read_module(file);
    if (bytes)
      modules.emplace(each.name, *std::move(bytes));
    else
      log_warn("{}", bytes.error().message());
  }
  return modules;
}

}  // namespace ktstr
