// SPDX-License-Identifier: Apache-2.0
//
// The guest's RAM: one sparse file for each NUMA node in a temporary directory, shared with QEMU. What the host puts
// there before QEMU starts is there when the guest boots; what the guest writes the host reads in place.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "ktstr/topology.h"
#include "wire/mailbox.h"

namespace ktstr {

// How RAM is spread over nodes, and where guest-physical addresses are in the files.
class MemoryLayout {
 public:
  // `memory` (without the mailbox) is split evenly; shares are rounded up to 32 MiB. Node 0 also holds the mailbox and
  // gets at least 256 MiB, every other node at least 128 MiB.
  static MemoryLayout plan(const Topology& topology, Bytes memory, Bytes mailbox_size);

  const std::vector<Bytes>& nodes() const { return nodes_; }
  Bytes total() const;
  Bytes mailbox_size() const { return mailbox_size_; }

  struct Place {
    std::size_t node;  // whose file
    Bytes offset;      // in it
  };
  // Empty for an address that is no RAM: above the end, or in q35's hole below 4 GiB (hw/i386/pc_q35.c: with 2.75 GiB
  // or more, 2 GiB lie below 4 GiB and the rest above).
  std::optional<Place> locate(std::uint64_t guest_physical) const;

  // All of it, in the order of guest-physical addresses.
  struct Piece {
    std::uint64_t physical;
    Bytes bytes;
    std::size_t node;  // whose file
    Bytes offset;      // in it
  };
  std::vector<Piece> pieces() const;

 private:
  MemoryLayout(std::vector<Bytes> nodes, Bytes mailbox_size) : nodes_(std::move(nodes)), mailbox_size_(mailbox_size) {}
  std::vector<Bytes> nodes_;
  Bytes mailbox_size_;
};

class GuestMemory {
 public:
  // Files in a new directory in `ram_dir`. kNoSpace when the layout does not fit there in full: a file system that runs
  // full under a running guest kills QEMU with SIGBUS.
  static Result<GuestMemory> create(const fs::path& ram_dir, const MemoryLayout& layout);

  const MemoryLayout& layout() const { return layout_; }
  const fs::path& directory() const { return directory_.path(); }
  const std::vector<fs::path>& files() const { return files_; }
  mailbox::View mailbox() const { return mailbox::View(mailbox_.bytes()); }

 private:
  GuestMemory(MemoryLayout layout, TempDir directory) : layout_(std::move(layout)), directory_(std::move(directory)) {}
  MemoryLayout layout_;
  TempDir directory_;
  std::vector<fs::path> files_;
  Mapping mailbox_;
};

}  // namespace ktstr
