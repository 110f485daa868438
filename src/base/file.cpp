// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <charconv>
#include <cstdlib>

#include "base/log.h"
#include "base/system/temp_dir_list.h"

namespace ktstr {

Result<Fd> open_file(const fs::path& path, int flags, unsigned mode) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return fail_errno("cannot open {}", path.string());
  return Fd(fd);
}

namespace {

std::string_view kind_of(mode_t mode) {
  if (S_ISFIFO(mode)) return "FIFO";
  if (S_ISSOCK(mode)) return "socket";
  return S_ISCHR(mode) ? "character device" : "block device";
}

template <typename Container>
Result<Container> read_whole(const fs::path& path, Bytes limit) {
  // Without O_NONBLOCK the open(2) of a FIFO waits for somebody who writes.
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("cannot stat {}", path.string());
  if (S_ISDIR(info.st_mode))
    return fail(ErrorCode::kInvalidArgument, "{} is a directory", path.string()).with_hint("name a file in it");
  if (!S_ISREG(info.st_mode))
    return fail(ErrorCode::kInvalidArgument, "{} is not a regular file, but a {}", path.string(), kind_of(info.st_mode))
        .with_hint("write its contents to a file");
  Container data;
  std::size_t used = 0;
  // A /proc file says 0; one byte more than the size lets the first read see the end of an ordinary file.
  data.resize(std::max<std::size_t>(static_cast<std::size_t>(info.st_size) + 1, 4096));
  for (;;) {
    if (used == data.size()) data.resize(data.size() * 2);
    const ssize_t got = ::read(fd.get(), data.data() + used, data.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read {}", path.string());
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > limit)
      return fail(ErrorCode::kInvalidArgument, "{} is larger than {}", path.string(), format_bytes(limit));
  }
  data.resize(used);
  return data;
}

}  // namespace

Result<std::string> read_text(const fs::path& path, Bytes limit) { return read_whole<std::string>(path, limit); }

Result<ByteVector> read_bytes(const fs::path& path, Bytes limit) { return read_whole<ByteVector>(path, limit); }

Result<std::string> read_attribute(const fs::path& path) {
  KTSTR_TRY_ASSIGN(std::string text, read_text(path));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

Status write_all(int fd, ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EFBIG)
      return fail_errno("cannot write")
          .with_hint("the file may not grow: see `ulimit -f`, and what its file system holds");
    if (put < 0) return fail_errno("cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return ok();
}

Status write_text(const fs::path& path, std::string_view text) {
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  return write_all(fd.get(), as_byte_span(text)).context("write '" + std::string(text) + "' to " + path.string());
}

Status write_atomically(const fs::path& path, ByteSpan bytes, unsigned mode) {
  const fs::path temporary = path.string() + fmt::format(".new.{}", ::gettid());
  auto write_temporary = [&]() -> Status {
    KTSTR_TRY_ASSIGN(const Fd fd, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode));
    KTSTR_TRY(write_all(fd.get(), bytes).context(temporary.string()));
    if (::fsync(fd.get()) != 0) return fail_errno("cannot fsync {}", temporary.string());
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      return fail_errno("cannot rename {} to {}", temporary.string(), path.string());
    return ok();
  };
  Status status = write_temporary();
  if (!status) ::unlink(temporary.c_str());
  return status;
}

Result<Bytes> free_space(const fs::path& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return fail_errno("cannot statvfs {}", path.string());
  return static_cast<Bytes>(info.f_bavail) * info.f_frsize;
}

Result<TempDir> TempDir::create(const fs::path& parent, std::string_view prefix) {
  std::string name = (parent / fmt::format("{}.{}.XXXXXX", prefix, ::getpid())).string();
  if (::mkdtemp(name.data()) == nullptr) return fail_errno("cannot make a directory in {}", parent.string());
  list_temp_dir(name.c_str());
  return TempDir(fs::path(name));
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, fs::path())) {}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  std::error_code error;
  fs::remove_all(path_, error);
  if (error) log_warn("cannot remove {}: {}", path_.string(), error.message());
  unlist_temp_dir(path_.c_str());
}

fs::path TempDir::release() {
  unlist_temp_dir(path_.c_str());
  return std::exchange(path_, fs::path());
}

std::size_t remove_stale_dirs(const fs::path& parent, std::string_view prefix) {
  std::size_t removed = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() <= prefix.size() || !name.starts_with(prefix) || name[prefix.size()] != '.') continue;
    const char* first = name.data() + prefix.size() + 1;
    pid_t pid = 0;
    const auto [end, parsed] = std::from_chars(first, name.data() + name.size(), pid);
    if (parsed != std::errc() || end == name.data() + name.size() || *end != '.' || pid <= 0) continue;
    if (::kill(pid, 0) == 0 || errno != ESRCH) continue;
    std::error_code failed;
    fs::remove_all(entry.path(), failed);
    if (failed && fs::exists(entry.path(), error))
      log_warn("cannot remove {}, left by a run that died: {}", entry.path().string(), failed.message());
    else if (!failed)
      ++removed;
  }
  return removed;
}

Result<Mapping> Mapping::map(const Fd& fd, Bytes offset, Bytes length, bool writable) {
  void* at = ::mmap(nullptr, length, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd.get(),
                    static_cast<off_t>(offset));
  if (at == MAP_FAILED) return fail_errno("cannot map {} at {:#x}", format_bytes(length), offset);
  Mapping mapping;
  mapping.data_ = static_cast<std::byte*>(at);
  mapping.size_ = length;
  return mapping;
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

namespace {

Result<Fd> lock_file(const fs::path& path, FileLock::Kind kind, int extra) {
  KTSTR_TRY_ASSIGN(Fd fd, open_file(path, O_RDWR | O_CREAT));
  int status;
  do {
    status = ::flock(fd.get(), (kind == FileLock::Kind::kShared ? LOCK_SH : LOCK_EX) | extra);
  } while (status != 0 && errno == EINTR);
  if (status != 0) return fail_errno("cannot lock {}", path.string());
  return fd;
}

}  // namespace

Result<FileLock> FileLock::acquire(const fs::path& path, Kind kind) {
  KTSTR_TRY_ASSIGN(Fd fd, lock_file(path, kind, 0));
  return FileLock(std::move(fd));
}

Result<FileLock> FileLock::try_acquire(const fs::path& path, Kind kind) {
  KTSTR_TRY_ASSIGN(Fd fd, lock_file(path, kind, LOCK_NB));
  return FileLock(std::move(fd));
}

}  // namespace ktstr
