// SPDX-License-Identifier: Apache-2.0
#include "base/system/temp_dir_list.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ktstr {

namespace {

constexpr std::size_t kMost = 256;
constexpr std::size_t kLongest = 512;
constexpr int kDeepest = 8;
// Another thread of ours, or QEMU, may still make a file there: until it is gone or this often.
constexpr int kMostRounds = 100;

// A slot's path is written before it is in use, and a handler reads only slots in use.
struct Slot {
  std::atomic<bool> taken{false}, in_use{false};
  std::array<char, kLongest> path{};
};
std::array<Slot, kMost> slots;
static_assert(std::atomic<bool>::is_always_lock_free);

// struct linux_dirent64 of getdents64(2), up to its name, which begins after the type. opendir(3) takes memory, which a
// signal handler may not.
struct Entry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
};
constexpr long kName = offsetof(Entry, type) + 1;

void remove_below(int directory, int depth);

void remove_entry(int directory, const char* name, int depth) {
  if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) return;
  if (::unlinkat(directory, name, 0) == 0 || depth >= kDeepest) return;
  const int inner = ::openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (inner < 0) return;
  remove_below(inner, depth + 1);
  ::close(inner);
  ::unlinkat(directory, name, AT_REMOVEDIR);
}

void remove_below(int directory, int depth) {
  std::array<char, 4096> buffer;
  for (;;) {
    const long got = ::syscall(SYS_getdents64, directory, buffer.data(), buffer.size());
    if (got <= 0) return;
    for (long at = 0; at < got;) {
      Entry entry;
      std::memcpy(&entry, buffer.data() + at, kName);
      remove_entry(directory, buffer.data() + at + kName, depth);
      at += entry.length;
    }
  }
}

bool removed(const char* path) {
  const int directory = ::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0) return true;
  remove_below(directory, 0);
  ::close(directory);
  return ::rmdir(path) == 0;
}

}  // namespace

void list_temp_dir(const char* path) {
  if (std::strlen(path) >= kLongest) return;
  for (Slot& slot : slots) {
    if (slot.taken.exchange(true)) continue;
    std::strcpy(slot.path.data(), path);
    slot.in_use = true;
    return;
  }
}

void unlist_temp_dir(const char* path) {
  for (Slot& slot : slots) {
    if (!slot.in_use || std::strcmp(slot.path.data(), path) != 0) continue;
    slot.in_use = false;
    slot.taken = false;
    return;
  }
}

void remove_listed_temp_dirs() {
  for (Slot& slot : slots)
    for (int round = 0; slot.in_use && round < kMostRounds && !removed(slot.path.data()); ++round) {
    }
}

}  // namespace ktstr
