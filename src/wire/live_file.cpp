// SPDX-License-Identifier: Apache-2.0
#include "wire/live_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wire/mailbox.h"

namespace ktstr {

namespace {

constexpr Bytes kHeadBytes = 4096;
constexpr Bytes kLiveFileBytes = kHeadBytes + mailbox::kLiveSize;

}  // namespace

Result<LiveFile> LiveFile::create() {
  Fd file(::memfd_create("ktstr-live", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid() || ::ftruncate(file.get(), kLiveFileBytes) != 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return fail_errno("cannot make a file in memory for what workers do");
  return open(std::move(file));
}

Result<LiveFile> LiveFile::open(Fd file) {
  KTSTR_TRY_ASSIGN(Mapping mapping, Mapping::map(file, 0, kLiveFileBytes, true));
  return LiveFile(std::move(file), std::move(mapping));
}

std::span<LiveWorker> LiveFile::entries() const {
  return {reinterpret_cast<LiveWorker*>(mapping_.data() + kHeadBytes), mailbox::kMostLiveWorkers};
}

}  // namespace ktstr
