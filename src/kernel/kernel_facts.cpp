// SPDX-License-Identifier: Apache-2.0
#include "kernel/kernel_facts.h"

#include "base/hash.h"
#include "base/log.h"
#include "kernel/btf.h"
#include "kernel/elf.h"
#include "kernel/image.h"
#include "kernel/kallsyms.h"
#include "kernel/version.h"

namespace ktstr {

Result<KernelFacts> inspect_kernel(ByteSpan vmlinux) {
  KTSTR_TRY_ASSIGN(const ElfFile elf, ElfFile::parse(vmlinux));
  auto release = kernel_release(vmlinux);
  if (!release) return fail(ErrorCode::kInvalidArgument, "no kernel image: {}", release.error().message());

  KernelFacts facts{.release = *std::move(release), .sha256 = sha256(vmlinux), .size = vmlinux.size()};
  facts.pvh = has_pvh_entry(elf);
  if (const auto section = elf.contents(".BTF")) {
    if (const auto btf = Btf::parse(*section)) {
      facts.btf_types = btf->type_count();
      facts.has_sched_ext = btf->find("sched_ext_ops", BtfKind::kStruct).has_value();
    } else {
      log_warn("kernel {}: {}", facts.release, btf.error().message());
    }
  }
  if (const auto symbols = KernelSymbols::from_image(elf)) facts.symbols = symbols->size();
  return facts;
}

std::string kernel_key(const KernelFacts& facts) {
  return fmt::format("{}-{}", facts.release, facts.sha256.substr(0, 12));
}

}  // namespace ktstr
