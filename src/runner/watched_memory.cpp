// SPDX-License-Identifier: Apache-2.0
#include "runner/watched_memory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <mutex>
#include <set>

#include "base/activity.h"
#include "base/file.h"
#include "kernel/elf.h"

namespace ktstr {

namespace {

// The code of which a schedule speaks: where it holds CPUs, and what ends that.
std::string kernel_code_of(const std::vector<PlannedHold>& schedule, const KernelSymbols& symbols) {
  std::set<std::string> names;
  for (const PlannedHold& hold : schedule) {
    if (!hold.code.empty()) names.insert(hold.code);
    for (const CodePlace* place : {&hold.first, &hold.second})
      if (symbols.find(place->function)) names.insert(place->function);
  }
  return fmt::format("{}", fmt::join(names, ","));
}

}  // namespace

Result<std::shared_ptr<const KernelNames>> kernel_names_in(const std::filesystem::path& vmlinux,
                                                           const std::string& sha256) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const KernelNames>> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(sha256); found != known.end()) return found->second;
  const Activity looking("looking for the functions of the kernel");
  KTSTR_TRY_ASSIGN(const ByteVector image, read_bytes(vmlinux));
  KTSTR_TRY_ASSIGN(const ElfFile elf, ElfFile::parse(image));
  KTSTR_TRY_ASSIGN(KernelSymbols symbols, KernelSymbols::from_image(elf));
  const auto section = elf.contents(".BTF");
  if (!section) return fail(ErrorCode::kNotFound, "the kernel has no BTF (no .BTF section)");
  KTSTR_TRY_ASSIGN(Btf btf, Btf::parse(*section));
  return known[sha256] = std::make_shared<const KernelNames>(KernelNames{std::move(symbols), std::move(btf)});
}

Result<WatchedMemory> watched_memory(bool accesses, const std::string& kernel, const std::string& schedule,
                                     const std::filesystem::path& vmlinux, const std::string& sha256) {
  WatchedMemory memory{.accesses = accesses || !kernel.empty()};
  KTSTR_TRY_ASSIGN(memory.schedule, parse_schedule(schedule));
  if (!memory.any()) return memory;
  KTSTR_TRY_ASSIGN(memory.names, kernel_names_in(vmlinux, sha256));
  const KernelSymbols& symbols = memory.names->symbols;
  auto layout = bpf_source_layout_of(symbols, memory.names->btf);
  // The kernel's own code can be watched without BPF.
  if (layout)
    memory.layout = *layout;
  else if (accesses || kernel.empty())
    return std::move(layout).error();
  KTSTR_TRY_ASSIGN(std::vector<KernelFunction> seen, kernel_code(symbols, kernel));
  KTSTR_TRY_ASSIGN(const std::vector<KernelFunction> ends,
                   kernel_code(symbols, kernel_code_of(memory.schedule, symbols)));
  KTSTR_TRY_ASSIGN(memory.kernel, watched_code(seen, ends));
  memory.functions = std::move(seen);
  memory.functions.insert(memory.functions.end(), ends.begin(), ends.end());
  if (!memory.accesses) return memory;
  KTSTR_TRY_ASSIGN(memory.data, KernelData::of(symbols, memory.names->btf));
  memory.locks = lock_probes(symbols);
  memory.handed_out = HandedOut(symbols, memory.names->btf);
  return memory;
}

}  // namespace ktstr
