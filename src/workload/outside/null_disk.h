// SPDX-License-Identifier: Apache-2.0
//
// A disk of the guest's own: a device of the kernel's null_blk, with its blocks in memory and a write cache, which ends
// each request a fixed time after its submission, by a timer. So all of it is guest time, and repeats; a disk of QEMU
// would end requests by the host's time. A disk is made and removed through configfs
// (Documentation/block/null_blk.rst in the kernel tree).
#pragma once

#include <chrono>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/file.h"
#include "workload/group_resources.h"

namespace ktstr {

// Where a guest finds the modules of its kernel that came with its files, as NAME.ko.
constexpr const char* kGuestModules = "/ktstr";

// Of the machine; tests give directories.
struct DiskRoots {
  fs::path modules = kGuestModules, sys = "/sys", dev = "/dev";
};

// Loads what the kernel does not have yet; takes some 0.5 s of guest time the first time. kUnsupported where a module
// is neither there nor loaded.
Status load_disk_modules(const DiskRoots& roots = {});

struct DiskSpec {
  Bytes size = 0;  // memory is taken for what is written
  std::chrono::nanoseconds latency{};
};

class NullDisk {
 public:
  static Result<NullDisk> create(const DiskSpec& spec, const DiskRoots& roots = {});
  NullDisk(NullDisk&& other) noexcept;
  NullDisk& operator=(NullDisk&&) = delete;
  ~NullDisk();
  // With O_CLOEXEC.
  Result<Fd> open(int flags) const;

 private:
  NullDisk(fs::path directory, fs::path device) : directory_(std::move(directory)), device_(std::move(device)) {}
  fs::path directory_, device_;  // of configfs; empty: moved from
};

// A disk for the workers of a WorkSpec, opened with `flags`; removed with their resources.
Status add_disk(GroupResources& shared, const DiskSpec& spec, int flags);

}  // namespace ktstr
