// SPDX-License-Identifier: Apache-2.0
#include "engine/guest_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "engine/guest.h"

namespace ktstr {

using namespace literals;

namespace {

constexpr Bytes kShareUnit = 32_MiB;
constexpr Bytes kLeastNode0 = 256_MiB;
constexpr Bytes kLeastOther = 128_MiB;
// hw/i386/pc_q35.c, pc_q35_init(): from this size on RAM below 4 GiB ends at 2 GiB, else at kAllBelow.
constexpr Bytes kAllBelow = 0xb0000000;
constexpr Bytes kSplitBelow = 2_GiB;

Bytes round_up(Bytes value, Bytes unit) { return (value + unit - 1) / unit * unit; }

Status make_sparse(const fs::path& path, Bytes size) {
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600));
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
    return fail_errno("cannot make {} {} long", path.string(), format_bytes(size))
        .with_hint("a file may be limited: see `ulimit -f`, and what its file system holds");
  return ok();
}

Status check_space(const fs::path& ram_dir, Bytes needed) {
  const auto free = free_space(ram_dir);
  if (!free) return Error(free.error()).with_hint("point $KTSTR_RAM_DIR at a directory that is there, on a tmpfs");
  const Bytes available = *free;
  if (available >= needed) return ok();
  return fail(ErrorCode::kNoSpace, "guest memory of {} does not fit into {}: {} are free", format_bytes(needed),
              ram_dir.string(), format_bytes(available))
      .with_hint(
          fmt::format("point $KTSTR_RAM_DIR at a tmpfs with {} free, or give the guest less memory or fewer CPUs",
                      format_bytes(needed)));
}

}  // namespace

Bytes memory_by_rule(const Topology& topology) {
  return std::max<Bytes>(256_MiB, 64_MiB * static_cast<Bytes>(topology.cpus()));
}

MemoryLayout MemoryLayout::plan(const Topology& topology, Bytes memory, Bytes mailbox_size) {
  const auto count = static_cast<std::size_t>(topology.numa_nodes);
  const Bytes share = round_up((memory + count - 1) / count, kShareUnit);
  std::vector<Bytes> nodes(count, std::max(share, kLeastOther));
  nodes[0] = std::max(share, kLeastNode0) + mailbox_size;
  return MemoryLayout(std::move(nodes), mailbox_size);
}

Bytes MemoryLayout::total() const { return std::accumulate(nodes_.begin(), nodes_.end(), Bytes{0}); }

std::optional<MemoryLayout::Place> MemoryLayout::locate(std::uint64_t guest_physical) const {
  const Bytes below = total() >= kAllBelow ? kSplitBelow : total();
  Bytes offset = guest_physical;
  if (guest_physical >= 4_GiB)
    offset = guest_physical - 4_GiB + below;
  else if (guest_physical >= below)
    return {};
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    if (offset < nodes_[node]) return Place{node, offset};
    offset -= nodes_[node];
  }
  return {};
}

std::vector<MemoryLayout::Piece> MemoryLayout::pieces() const {
  const Bytes below = total() >= kAllBelow ? kSplitBelow : total();
  std::vector<Piece> all;
  Bytes at = 0;  // as if there was no hole
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    for (Bytes offset = 0; offset < nodes_[node];) {
      const Bytes left = nodes_[node] - offset;
      const Bytes bytes = at < below ? std::min(left, below - at) : left;
      all.push_back({at < below ? at : at - below + 4_GiB, bytes, node, offset});
      at += bytes;
      offset += bytes;
    }
  }
  return all;
}

Result<GuestMemory> GuestMemory::create(const fs::path& ram_dir, const MemoryLayout& layout) {
  KTSTR_TRY(check_space(ram_dir, layout.total()));
  KTSTR_TRY_ASSIGN(TempDir directory, TempDir::create(ram_dir, "ktstr-vm"));
  GuestMemory memory(layout, std::move(directory));
  for (std::size_t node = 0; node < layout.nodes().size(); ++node) {
    memory.files_.push_back(memory.directory() / fmt::format("ram{}", node));
    KTSTR_TRY(make_sparse(memory.files_.back(), layout.nodes()[node]));
  }
  const auto place = layout.locate(mailbox::kGuestAddress);
  const auto last = layout.locate(mailbox::kGuestAddress + layout.mailbox_size() - 1);
  if (!place || !last || place->node != 0 || last->node != 0)
    return fail(ErrorCode::kInvalidArgument, "a mailbox of {} is too large for this machine",
                format_bytes(layout.mailbox_size()));
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(memory.files_[0], O_RDWR));
  KTSTR_TRY_ASSIGN(memory.mailbox_, Mapping::map(fd, place->offset, layout.mailbox_size(), true));
  return memory;
}

}  // namespace ktstr
