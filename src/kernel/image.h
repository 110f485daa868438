// SPDX-License-Identifier: Apache-2.0
//
// Kernel images. What distributions install as vmlinuz is a bzImage: real-mode setup code, a decompressor, and the
// compressed ELF vmlinux inside. ktstr always boots and reads the unpacked vmlinux: it starts faster through its PVH
// entry, and symbols and BTF can be read out of it.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "kernel/elf.h"

namespace ktstr {

// Whether the first kilobyte of a file can be that of a kernel image, or of a compressed file: a quick no for others.
bool looks_like_kernel_image(ByteSpan head);

// The ELF vmlinux in `image`, which is a bzImage or is a vmlinux already (then the same bytes again), or one of both
// compressed as a whole (vmlinux.zst). `name` is for the message. kInvalidArgument when it is neither, kCorruptData
// when the compressed kernel does not unpack, kNoSpace when it unpacks to more than 1 GiB, kUnsupported for a
// compression or machine that we cannot use. The result is known to be x86-64 and to carry a kernel's banner.
Result<ByteVector> unpack_kernel(ByteVector image, std::string_view name);

// Whether there is a Xen PVH entry (XEN_ELFNOTE_PHYS32_ENTRY, include/xen/interface/elfnote.h): QEMU's -kernel takes
// a vmlinux only when there is one (CONFIG_PVH).
bool has_pvh_entry(const ElfFile& vmlinux);

}  // namespace ktstr
