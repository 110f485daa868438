// SPDX-License-Identifier: Apache-2.0
#include "wire/cpio.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>

namespace ktstr {

namespace {

constexpr std::string_view kMagic = "070701";
constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr std::size_t kHeaderBytes = 110;
// A program with its libraries. Not to be copied each time that the archive doubles; what is not used costs nothing.
constexpr std::size_t kUsualBytes = std::size_t{16} << 20;

std::string_view without_slash(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

bool is_safe(std::string_view path) {
  if (path.empty() || path.starts_with('/')) return false;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part == "..") return false;
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  }
  return true;
}

// Fields: ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check.
std::string header_of(std::string_view path, std::uint32_t inode, std::uint32_t mode, std::size_t size,
                      std::uint32_t major = 0, std::uint32_t minor = 0) {
  return fmt::format("{}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}", kMagic, inode,
                     mode, 0, 0, 1, 0, size, 0, 0, major, minor, path.size() + 1, 0);
}

void pad(ByteVector& bytes) { bytes.resize((bytes.size() + 3) & ~std::size_t{3}); }

void append_entry(ByteVector& bytes, const std::string& header, std::string_view path, ByteSpan contents) {
  const ByteSpan header_bytes = as_byte_span(header);
  const ByteSpan name = as_byte_span(path);
  bytes.insert(bytes.end(), header_bytes.begin(), header_bytes.end());
  bytes.insert(bytes.end(), name.begin(), name.end());
  bytes.push_back(std::byte{0});
  pad(bytes);
  bytes.insert(bytes.end(), contents.begin(), contents.end());
  pad(bytes);
}

}  // namespace

void NewcWriter::entry(std::string_view path, std::uint32_t mode, ByteSpan contents, std::uint32_t major,
                       std::uint32_t minor) {
  append_entry(bytes_, header_of(path, ++inode_, mode, contents.size(), major, minor), path, contents);
}

bool NewcWriter::contains(std::string_view path) const { return seen_.contains(without_slash(path)); }

Status NewcWriter::add_parents(std::string_view path) {
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1))
    KTSTR_TRY(add_directory(path.substr(0, slash)));
  return ok();
}

Status NewcWriter::add_directory(std::string_view path) {
  path = without_slash(path);
  if (path.empty()) return ok();
  if (const auto it = seen_.find(path); it != seen_.end()) {
    if (it->second == "directory" || it->second.starts_with("symlink ")) return ok();
    return fail(ErrorCode::kInvalidArgument, "/{} is both a file and a directory in the archive", path);
  }
  KTSTR_TRY(add_parents(path));
  seen_.emplace(path, "directory");
  entry(path, S_IFDIR | 0755, {});
  return ok();
}

Status NewcWriter::add_file(std::string_view path, std::uint32_t permissions, ByteSpan contents) {
  path = without_slash(path);
  if (contents.size() > UINT32_MAX)
    return fail(ErrorCode::kInvalidArgument, "/{} is larger than an archive entry can be (4 GiB)", path);
  if (seen_.contains(path)) {
    const auto file = files_.find(path);
    if (file != files_.end()) {
      const ByteSpan there = ByteSpan(bytes_).subspan(file->second.at, file->second.size);
      if (std::equal(there.begin(), there.end(), contents.begin(), contents.end())) return ok();
    }
    return fail(ErrorCode::kInvalidArgument, "two different files want to be /{} in the guest", path);
  }
  KTSTR_TRY(add_parents(path));
  seen_.emplace(path, "file");
  if (bytes_.capacity() < kUsualBytes) bytes_.reserve(kUsualBytes);
  entry(path, S_IFREG | permissions, contents);
  // Behind it there is only what fills up to 4 bytes.
  const std::size_t filled = (contents.size() + 3) & ~std::size_t{3};
  files_.emplace(path, Place{bytes_.size() - filled, contents.size()});
  return ok();
}

Status NewcWriter::add_symlink(std::string_view path, std::string_view target) {
  path = without_slash(path);
  const std::string identity = "symlink " + std::string(target);
  if (const auto it = seen_.find(path); it != seen_.end()) {
    if (it->second == identity) return ok();
    return fail(ErrorCode::kInvalidArgument, "/{} is in the archive already", path);
  }
  KTSTR_TRY(add_parents(path));
  seen_.emplace(path, identity);
  entry(path, S_IFLNK | 0777, as_byte_span(target));
  return ok();
}

Status NewcWriter::add_character_device(std::string_view path, std::uint32_t permissions, std::uint32_t major,
                                        std::uint32_t minor) {
  path = without_slash(path);
  KTSTR_TRY(add_parents(path));
  if (!seen_.emplace(path, "device").second)
    return fail(ErrorCode::kInvalidArgument, "/{} is in the archive already", path);
  entry(path, S_IFCHR | permissions, {}, major, minor);
  return ok();
}

ByteVector NewcWriter::finish() {
  entry(kTrailer, 0, {});
  return std::move(bytes_);
}

Result<LongerArchive> with_file(ByteSpan archive, std::string_view path, std::uint32_t permissions, ByteSpan contents) {
  path = without_slash(path);
  if (contents.size() > UINT32_MAX)
    return fail(ErrorCode::kInvalidArgument, "/{} is larger than an archive entry can be (4 GiB)", path);
  constexpr std::size_t kInodeAt = kMagic.size(), kInodeDigits = 8;
  const std::size_t trailer_bytes = (kHeaderBytes + kTrailer.size() + 1 + 3) & ~std::size_t{3};
  std::uint32_t inode = 0;
  if (archive.size() >= trailer_bytes) {
    const std::string_view trailer = as_text(archive.last(trailer_bytes));
    const char* digits = trailer.data() + kInodeAt;
    const bool ours = trailer.starts_with(kMagic) && trailer.substr(kHeaderBytes).starts_with(kTrailer);
    if (ours && std::from_chars(digits, digits + kInodeDigits, inode, 16).ec != std::errc()) inode = 0;
  }
  if (inode == 0) return fail(ErrorCode::kCorruptData, "the archive does not end as an archive of ours does");
  LongerArchive longer{archive.first(archive.size() - trailer_bytes), {}};
  append_entry(longer.rest, header_of(path, inode, S_IFREG | permissions, contents.size()), path, contents);
  append_entry(longer.rest, header_of(kTrailer, inode + 1, 0, 0), kTrailer, {});
  return longer;
}

Result<ByteVector> append_file(ByteSpan archive, std::string_view path, std::uint32_t permissions, ByteSpan contents) {
  KTSTR_TRY_ASSIGN(const LongerArchive longer, with_file(archive, path, permissions, contents));
  ByteVector bytes;
  bytes.reserve(longer.front.size() + longer.rest.size());
  bytes.assign(longer.front.begin(), longer.front.end());
  bytes.insert(bytes.end(), longer.rest.begin(), longer.rest.end());
  return bytes;
}

Result<std::vector<NewcEntry>> read_newc(ByteSpan archive) {
  auto corrupt = [](std::size_t at, std::string_view why) {
    return fail(ErrorCode::kCorruptData, "archive entry at byte {}: {}", at, why);
  };
  std::vector<NewcEntry> entries;
  for (std::size_t at = 0;;) {
    if (archive.size() - at < kHeaderBytes) return corrupt(at, "its header is cut off");
    const std::string_view header = as_text(archive.subspan(at, kHeaderBytes));
    if (!header.starts_with(kMagic)) return corrupt(at, "no newc header");
    std::uint32_t fields[13] = {};
    for (std::size_t i = 0; i < std::size(fields); ++i) {
      const char* digits = header.data() + kMagic.size() + 8 * i;
      const auto [end, error] = std::from_chars(digits, digits + 8, fields[i], 16);
      if (error != std::errc() || end != digits + 8) return corrupt(at, "a header field is not hexadecimal");
    }
    const std::uint32_t mode = fields[1], file_size = fields[6], name_size = fields[11];
    const std::size_t name_at = at + kHeaderBytes;
    if (name_size == 0 || name_size > 4096 || name_size > archive.size() - name_at)
      return corrupt(at, "its name's length is impossible");
    const std::string_view name = as_text(archive.subspan(name_at, name_size - 1));
    const std::size_t data_at = (name_at + name_size + 3) & ~std::size_t{3};
    if (name == kTrailer) return entries;
    if (!is_safe(name)) return corrupt(at, "its path leaves the archive");
    if (data_at > archive.size() || file_size > archive.size() - data_at)
      return corrupt(at, "its contents are cut off");
    entries.push_back({std::string(name), mode, archive.subspan(data_at, file_size)});
    at = (data_at + file_size + 3) & ~std::size_t{3};
    if (at > archive.size()) return corrupt(data_at, "the archive ends in its padding");
  }
}

}  // namespace ktstr
