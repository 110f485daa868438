// SPDX-License-Identifier: Apache-2.0
#include "kernel/testing/real_kernels.h"

#include <cstdlib>

#include "base/file.h"
#include "base/testing/required.h"

namespace ktstr {

fs::path RealKernels::cache() {
  if (const char* root = std::getenv("KTSTR_KERNEL_CACHE"); root != nullptr) return root;
  const auto root = default_cache_root(std::getenv("XDG_CACHE_HOME"), std::getenv("HOME"));
  return root ? *root : fs::path();
}

const std::vector<RealKernel>& RealKernels::kernels() {
  static const std::vector<RealKernel> all = [] {
    std::vector<RealKernel> read;
    for (CacheEntry& item : KernelCache(cache()).list()) {
      if (item.damaged()) continue;
      ByteVector image = *read_bytes(item.entry->vmlinux());
      const auto elf = *ElfFile::parse(image);
      auto symbols = *KernelSymbols::from_image(elf);
      auto btf = *Btf::parse(*elf.contents(".BTF"));
      read.push_back({*std::move(item.entry), std::move(image), std::move(symbols), std::move(btf)});
    }
    return read;
  }();
  return all;
}

void RealKernels::SetUp() {
  if (!kernels().empty()) return;
  const std::string why = fmt::format("no kernel is cached in {} (`ktstr kernel fetch` gets one)", cache().string());
  if (is_required("vm")) FAIL() << why;
  GTEST_SKIP() << why;
}

}  // namespace ktstr
