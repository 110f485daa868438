// SPDX-License-Identifier: Apache-2.0
//
// What can be known about a kernel by looking into its unpacked image: which one it is and what it has.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr {

struct KernelFacts {
  std::string release;  // uname -r
  std::string sha256;   // of the vmlinux
  Bytes size = 0;
  bool has_sched_ext = false;   // BTF has struct sched_ext_ops
  bool pvh = false;             // QEMU can boot the vmlinux directly
  std::uint64_t btf_types = 0;  // 0: no usable BTF
  std::uint64_t symbols = 0;    // 0: none found
};

// A kernel without BTF or symbols gives zeros, not an error; what is no kernel at all is kInvalidArgument.
Result<KernelFacts> inspect_kernel(ByteSpan vmlinux);

// "<release>-<first 12 digits of the sha256>".
std::string kernel_key(const KernelFacts& facts);

}  // namespace ktstr
