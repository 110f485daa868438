// SPDX-License-Identifier: Apache-2.0
//
// For tests against the kernels that this machine has in its cache ($KTSTR_KERNEL_CACHE, or the default place).
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "base/bytes.h"
#include "kernel/btf.h"
#include "kernel/cache.h"
#include "kernel/elf.h"
#include "kernel/kallsyms.h"

namespace ktstr {

struct RealKernel {
  KernelEntry entry;
  ByteVector image;  // of its vmlinux
  KernelSymbols symbols;
  Btf btf;
};

// Skipped where there are none (`ktstr kernel fetch` gets one); a failure instead where KTSTR_REQUIRE names vm.
class RealKernels : public testing::Test {
 protected:
  void SetUp() override;
  static fs::path cache();
  // Read once in a process.
  static const std::vector<RealKernel>& kernels();
};

}  // namespace ktstr
