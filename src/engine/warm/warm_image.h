// SPDX-License-Identifier: Apache-2.0
//
// A booted guest on disk, taken at its warm point: a directory with the RAM of each node (sparse), QEMU's device state,
// the boot's console, and a description with checksums. Never changed once it is there, never used where a byte
// differs.
//
//   image.json   {"body": {format, machine, ram, state, ...}, "sha256": of the body's text}
//   ram0 ...     one sparse file a NUMA node
//   state        QEMU's migration stream with x-ignore-shared: everything but the RAM
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "engine/guest.h"
#include "engine/guest_memory.h"
#include "engine/qemu/qmp.h"

namespace ktstr {

// Everything that decides what an image holds. Two machines with one key are the same machine.
struct WarmKey {
  std::string kernel_sha256, initramfs_sha256;
  std::string qemu_version;
  std::string machine;           // machine_description(): topology, memory, mailbox, mode, shift, kernel arguments; and
                                 // which plugin guarded its clock
  std::string topology;          // for people
  std::string kernel;            // for people: its release
  std::string mode;              // for people
  std::string scheduler_sha256;  // of what attached a scheduler: its files and the job; empty: none is attached
  std::string scheduler;         // for people: its command
  // 32 hex digits over all that is not for people.
  std::string digest() const;
};
Result<WarmKey> warm_key(const GuestSpec& spec, const MemoryLayout& layout, const std::string& kernel_sha256,
                         const std::string& initramfs_sha256, const std::string& qemu_version);

class WarmImage {
 public:
  // kNotFound where there is none; kCorruptData with the reason where it cannot be used. Checks description and sizes;
  // contents are checked as they are used.
  static Result<WarmImage> open(const fs::path& directory);
  // Writes RAM files, console and description of a machine that stands still into `directory`, which has its `state`
  // already.
  struct Facts {
    WarmKey key;
    std::uint64_t guest_ns = 0;  // guest clock at the warm point
    double boot_seconds = 0;     // of the host
    std::string console;
  };
  static Status save(const fs::path& directory, const GuestMemory& memory, const Facts& facts);

  const fs::path& directory() const { return directory_; }
  const WarmKey& key() const { return key_; }
  const std::string& console() const { return console_; }
  std::uint64_t guest_ns() const { return guest_ns_; }
  double boot_seconds() const { return boot_seconds_; }
  std::int64_t built_at() const { return built_at_; }  // seconds since 1970
  Bytes bytes() const;                                 // of contents
  // Another for each building, even of the same machine.
  const std::string& checksum() const { return checksum_; }

  // Fills `memory`, whose files are new. kCorruptData where contents do not check out.
  Status restore_memory(GuestMemory& memory) const;
  // Into a QEMU that waits for it; afterwards the machine stands still at the warm point.
  Status load_device_state(Qmp& qmp) const;

 private:
  struct Extent {
    Bytes offset, length;
    std::string hash;
  };
  struct RamFile {
    Bytes size;
    std::vector<Extent> extents;
  };
  Status restore_file(const RamFile& file, const fs::path& from, const fs::path& to) const;

  fs::path directory_;
  WarmKey key_;
  std::vector<RamFile> ram_;
  std::string checksum_;  // of the description
  std::string state_hash_;
  Bytes state_size_ = 0;
  std::string console_;
  std::int64_t built_at_ = 0;
  std::uint64_t guest_ns_ = 0;
  double boot_seconds_ = 0;
};

}  // namespace ktstr
