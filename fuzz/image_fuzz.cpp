// SPDX-License-Identifier: Apache-2.0
#include "kernel/image.h"
#include "kernel/kernel_facts.h"
#include "kernel/testing/synthetic_image.h"
#include "mutated.h"

using namespace ktstr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ByteVector> bases = [] {
    const ByteVector vmlinux = synthetic::kernel();
    std::vector<ByteVector> files{vmlinux};
    for (const auto compress :
         {synthetic::zstd, synthetic::xz, synthetic::gzip, synthetic::lz4_legacy, synthetic::lzma_alone}) {
      files.push_back(synthetic::bzimage(compress(vmlinux), true));
      files.push_back(synthetic::bzimage(compress(vmlinux), false));
    }
    return files;
  }();
  const auto vmlinux = unpack_kernel(fuzz::mutated(bases, data, size), "input");
  if (vmlinux && !inspect_kernel(*vmlinux)) __builtin_trap();  // what was unpacked is a kernel, so it can be looked at
  return 0;
}
