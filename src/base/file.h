// SPDX-License-Identifier: Apache-2.0
//
// Files: whole-file reads and atomic writes, temporary directories that remove themselves, mappings, file locks.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

namespace fs = std::filesystem;

// open(2) with O_CLOEXEC, EINTR retried.
Result<Fd> open_file(const fs::path& path, int flags, unsigned mode = 0644);

// The whole file; works on /proc and /sys where the size is unknown. More than `limit` bytes is an error.
Result<std::string> read_text(const fs::path& path, Bytes limit = Bytes{1} << 30);
Result<ByteVector> read_bytes(const fs::path& path, Bytes limit = Bytes{4} << 30);
// read_text without the trailing newline: what sysfs and cgroupfs attributes want.
Result<std::string> read_attribute(const fs::path& path);

Status write_all(int fd, ByteSpan bytes);
// Write into an existing attribute or a new file, in one write(2).
Status write_text(const fs::path& path, std::string_view text);
// Readers see the old contents or the new ones, never a part: temporary file beside it, fsync, rename.
Status write_atomically(const fs::path& path, ByteSpan bytes, unsigned mode = 0644);

// Free bytes for an ordinary user on the file system of `path`.
Result<Bytes> free_space(const fs::path& path);

// Removed with everything in it when it goes out of scope. The name is PREFIX.PID.XXXXXX, so that a later run can tell
// which directories belong to processes that are no more (see remove_stale_dirs).
class TempDir {
 public:
  static Result<TempDir> create(const fs::path& parent, std::string_view prefix);
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&& other) noexcept;
  ~TempDir();

  const fs::path& path() const { return path_; }
  // Keep the directory after all.
  fs::path release();

 private:
  explicit TempDir(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// Removes PREFIX.PID.* directories of processes that no longer run; returns how many.
std::size_t remove_stale_dirs(const fs::path& parent, std::string_view prefix);

// A shared mapping of a file range.
class Mapping {
 public:
  static Result<Mapping> map(const Fd& fd, Bytes offset, Bytes length, bool writable);
  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  std::byte* data() const { return data_; }
  Bytes size() const { return size_; }
  MutableByteSpan bytes() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  Bytes size_ = 0;
};

// An flock(2) on `path` (created when missing), released on destruction and by the kernel when we die.
class FileLock {
 public:
  enum class Kind { kShared, kExclusive };
  static Result<FileLock> acquire(const fs::path& path, Kind kind);
  // kBusy when somebody else holds it.
  static Result<FileLock> try_acquire(const fs::path& path, Kind kind);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace ktstr
