// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/probes.h"

#include <fcntl.h>

#include <algorithm>
#include <new>
#include <tuple>

#include "engine/mapped_ram.h"

namespace ktstr {

namespace {

constexpr std::uint64_t kRingWords = 1 << 19;  // 4 MiB

control::ProbePage& page_in(const Mapping& mapping) { return *reinterpret_cast<control::ProbePage*>(mapping.data()); }

Status put_pieces(control::ProbePage& page, const GuestMemory& memory) {
  for (const MemoryLayout::Piece& one : memory.layout().pieces()) {
    if (page.pieces == control::kMostPieces)
      return fail(ErrorCode::kUnsupported, "more than {} pieces of guest memory", control::kMostPieces);
    control::RamPiece& piece = page.piece[page.pieces++];
    const std::string path = memory.files().at(one.node).string();
    if (path.size() >= control::kLongestPath)
      return fail(ErrorCode::kUnsupported, "the path of guest memory is too long for probes: {}", path);
    piece = {.physical = one.physical, .bytes = one.bytes, .offset = one.offset, .path = {}};
    std::copy(path.begin(), path.end(), piece.path);
  }
  return ok();
}

Status put_exits(control::ProbePage& page, const ExitsOfKernel& exits) {
  if (exits.probes.size() > control::kMostExits || exits.thunks.size() > control::kMostThunks)
    return fail(ErrorCode::kUnsupported, "{} probes of ends of functions, {} thunks; a page has room for {} and {}",
                exits.probes.size(), exits.thunks.size(), control::kMostExits, control::kMostThunks);
  std::copy(exits.probes.begin(), exits.probes.end(), page.exit);
  page.exits = static_cast<std::uint32_t>(exits.probes.size());
  std::copy(exits.thunks.begin(), exits.thunks.end(), page.thunk);
  page.thunks = static_cast<std::uint32_t>(exits.thunks.size());
  page.wants_late = exits.and_late ? 1 : 0;
  return ok();
}

}  // namespace

Result<ProbeFile> ProbeFile::create(const fs::path& file, const ProbeListener& listener, const GuestMemory& memory) {
  const std::vector<control::Probe>& probes = listener.probes();
  if (probes.size() > control::kMostProbes)
    return fail(ErrorCode::kUnsupported, "{} probes; a page has room for {}", probes.size(), control::kMostProbes);
  constexpr std::size_t kBytes = control::probe_file_bytes(kRingWords);
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(file, O_RDWR | O_CREAT | O_EXCL));
  // A page of it that there is no room for later would be a SIGBUS.
  if (const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(kBytes)); error != 0) {
    errno = error;
    return fail_errno("cannot make {}", file.string());
  }
  KTSTR_TRY_ASSIGN(Mapping mapping, Mapping::map(fd, 0, kBytes, true));
  auto* const page = new (mapping.data()) control::ProbePage{};
  page->magic = control::kProbeMagic;
  page->version = control::kProbeVersion;
  page->ring_words = kRingWords;
  page->probes = static_cast<std::uint32_t>(probes.size());
  std::copy(probes.begin(), probes.end(), page->probe);
  std::tie(page->late_first, page->late_last) = listener.late_range();
  page->watch = listener.watch();
  KTSTR_TRY(put_exits(*page, listener.exits()));
  KTSTR_TRY(put_pieces(*page, memory));
  ProbeFile made(file, std::move(mapping));
  KTSTR_TRY_ASSIGN(MappedRam ram, map_ram(memory));
  made.space_ = ram.space;
  made.ram_ = std::move(ram.mappings);
  return made;
}

Status ProbeFile::begin(ProbeListener& listener, std::uint64_t guest_ns) {
  control::ProbePage& page = page_in(mapping_);
  if (page.active != 0) return ok();
  if (__atomic_load_n(&page.ready, __ATOMIC_ACQUIRE) == 0)
    return fail(ErrorCode::kUnsupported, "this QEMU shows its plugins no registers");
  KTSTR_TRY_ASSIGN(const ProbesBegun begun, listener.begin(space_, guest_ns));
  if (begun.late.size() > control::kMostLateProbes || begun.late_exits.size() > control::kMostLateExits)
    return fail(ErrorCode::kUnsupported, "{} probes of BPF functions, {} of their ends; a page has room for {} and {}",
                begun.late.size(), begun.late_exits.size(), control::kMostLateProbes, control::kMostLateExits);
  if (begun.holds.size() > control::kMostHolds)
    return fail(ErrorCode::kUnsupported, "{} holds; a page has room for {}", begun.holds.size(), control::kMostHolds);
  std::copy(begun.holds.begin(), begun.holds.end(), page.hold);
  page.holds = static_cast<std::uint32_t>(begun.holds.size());
  std::copy_n(begun.preempt_counts.begin(), std::min(begun.preempt_counts.size(), control::kMostCounts),
              page.watch.preempt_count);
  page.space = begun.space;
  std::copy(begun.late.begin(), begun.late.end(), page.late);
  std::copy(begun.late_exits.begin(), begun.late_exits.end(), page.late_exit);
  page.late_exits = static_cast<std::uint32_t>(begun.late_exits.size());
  page.late_probes = static_cast<std::uint32_t>(begun.late.size());
  began_.guest_ns = guest_ns;
  __atomic_store_n(&page.active, 1U, __ATOMIC_RELEASE);
  return ok();
}

void ProbeFile::end() { __atomic_store_n(&page_in(mapping_).active, 0U, __ATOMIC_RELEASE); }

Status ProbeFile::drain(ProbeListener& listener) {
  control::ProbePage& page = page_in(mapping_);
  const auto* const ring = reinterpret_cast<const std::uint64_t*>(mapping_.data() + control::kRingOffset);
  const std::uint64_t written = __atomic_load_n(&page.written, __ATOMIC_ACQUIRE);
  std::uint64_t read = page.read;
  if (read == written) return ok();
  began_.qemu_ns = __atomic_load_n(&page.began_ns, __ATOMIC_RELAXED);
  std::uint64_t event[control::kLongestEvent];
  while (read < written) {
    const std::uint64_t head = ring[(read + 1) % kRingWords];
    const std::size_t words = 2 + control::values_in(head);
    if (words > control::kLongestEvent || words > written - read || written - read > kRingWords)
      return fail(ErrorCode::kProtocol, "the plugin's ring holds what is not an event");
    for (std::size_t i = 0; i < words; ++i) event[i] = ring[(read + i) % kRingWords];
    listener.take({event, words}, began_);
    read += words;
    __atomic_store_n(&page.read, read, __ATOMIC_RELEASE);
  }
  return ok();
}

}  // namespace ktstr
