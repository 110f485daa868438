// SPDX-License-Identifier: Apache-2.0
#include "results/object_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "base/log.h"

namespace ktstr {

namespace {

constexpr int kLevel = 1;  // a run waits for it
constexpr Bytes kLargestObject = Bytes{8} << 30;
constexpr const char* kStoreLockName = "lock";

bool is_sha256(std::string_view name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<ByteVector> compress(ByteSpan bytes) {
  ByteVector packed(ZSTD_compressBound(bytes.size()));
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kLevel);
  if (ZSTD_isError(size) != 0U) return fail(ErrorCode::kInternal, "zstd cannot compress: {}", ZSTD_getErrorName(size));
  packed.resize(size);
  return packed;
}

Error damaged(const fs::path& file, std::string_view why) {
  return fail(ErrorCode::kCorruptData, "the stored input {} is damaged: {}", file.string(), why)
      .with_hint(
          "remove that file; the next run with the same input stores it again. --current replays with the files as "
          "they are now");
}

Result<ByteVector> unpack(const fs::path& file, const std::string& sha) {
  KTSTR_TRY_ASSIGN(const ByteVector packed, read_bytes(file, kLargestObject));
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kLargestObject)
    return damaged(file, "it does not begin as a zstd frame of ours");
  // Nothing compresses better than this; so a wrong size in the file asks for no more memory than it can fill.
  constexpr unsigned long long kBestRatio = 1 << 17;
  if (size / kBestRatio > packed.size()) return damaged(file, "its size is impossible");
  ByteVector bytes(size);
  const std::size_t got = ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0U) return damaged(file, ZSTD_getErrorName(got));
  if (got != size || sha256(bytes) != sha)
    return damaged(file, "its contents do not have the sha256 that it is named by");
  return bytes;
}

Result<bool> is_there(const fs::path& file) {
  std::error_code error;
  const bool there = fs::is_regular_file(file, error);
  if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
    return Error::from_errno(error.value(), fmt::format("cannot look at {}", file.string()));
  return there;
}

Status make_directory(const fs::path& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot make {}", dir.string()));
  return ok();
}

}  // namespace

Status ObjectStore::store(const std::string& sha, ByteSpan bytes) const {
  const fs::path file = dir_ / sha;
  {
    // Shared with others that store, against prune(); and marks the object as just used.
    KTSTR_TRY_ASSIGN(const FileLock lock, FileLock::acquire(dir_ / kStoreLockName, FileLock::Kind::kShared));
    if (::utimensat(AT_FDCWD, file.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0) return ok();
  }
  KTSTR_TRY_ASSIGN(const ByteVector packed, compress(bytes));
  // One at a time: write_atomically() names its temporary file by the process, which may have other threads here.
  KTSTR_TRY_ASSIGN(const FileLock lock, FileLock::acquire(dir_ / kStoreLockName, FileLock::Kind::kExclusive));
  KTSTR_TRY_ASSIGN(const bool there, is_there(file));
  return there ? ok() : write_atomically(file, packed);
}

Status ObjectStore::keep(const std::string& sha, ByteSpan bytes, const fs::path& run_dir) const {
  KTSTR_TRY(make_directory(dir_));
  KTSTR_TRY(make_directory(run_dir / "objects"));
  KTSTR_TRY(store(sha, bytes).context("store an input of the run"));
  const fs::path link = run_dir / "objects" / sha;
  if (::link((dir_ / sha).c_str(), link.c_str()) == 0 || errno == EEXIST) return ok();
  // A file system without hard links, or with too few: the run has a copy of its own.
  std::error_code error;
  fs::copy_file(dir_ / sha, link, fs::copy_options::overwrite_existing, error);
  if (error)
    return Error::from_errno(error.value(), fmt::format("cannot copy {} to {}", (dir_ / sha).string(), link.string()));
  return ok();
}

Result<ByteVector> ObjectStore::read(const std::string& sha, const fs::path& run_dir) const {
  if (!is_sha256(sha)) return fail(ErrorCode::kCorruptData, "'{}' is not a sha256", sha);
  std::optional<Error> first_error;
  for (const fs::path& file : {run_dir / "objects" / sha, dir_ / sha}) {
    KTSTR_TRY_ASSIGN(const bool there, is_there(file));
    if (!there) continue;
    auto bytes = unpack(file, sha);
    if (bytes) return bytes;
    if (!first_error) first_error = std::move(bytes).error();
  }
  if (first_error) return *std::move(first_error);
  return fail(ErrorCode::kNotFound, "the stored input {} is neither in {} nor in {}", sha,
              (run_dir / "objects").string(), dir_.string())
      .with_hint(
          "copy a run's directory as a whole, with objects/; or replay with the files as they are now: --current");
}

Result<std::size_t> ObjectStore::prune(std::chrono::seconds age) const {
  KTSTR_TRY_ASSIGN(const bool used, is_there(dir_ / kStoreLockName));
  if (!used) return std::size_t{0};
  const auto lock = FileLock::try_acquire(dir_ / kStoreLockName, FileLock::Kind::kExclusive);
  if (!lock && lock.error().code() == ErrorCode::kBusy) return std::size_t{0};
  if (!lock) return lock.error();
  std::error_code error;
  std::size_t removed = 0;
  fs::directory_iterator it(dir_, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    // Objects, and what a writer that was killed has left of one (SHA.new.PID).
    const std::string name = it->path().filename().string();
    if (!is_sha256(std::string_view(name).substr(0, std::min<std::size_t>(name.size(), 64)))) continue;
    struct stat info {};
    if (::lstat(it->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1) continue;
    if (::time(nullptr) - info.st_mtim.tv_sec < age.count()) continue;
    if (::unlink(it->path().c_str()) == 0)
      ++removed;
    else
      log_warn("{}", fail_errno("cannot remove {}", it->path().string()).message());
  }
  if (error) return Error::from_errno(error.value(), fmt::format("cannot list {}", dir_.string()));
  return removed;
}

}  // namespace ktstr
