// SPDX-License-Identifier: Apache-2.0
#include "scheduler/elf_trim.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/file.h"
#include "kernel/bounded_bytes.h"

namespace ktstr {

namespace {

constexpr std::uint64_t kLargestNames = 1 << 20;

// An ELF file of which only its tables have been read. Nothing in it is trusted: what does not fit is nullopt.
class ElfOnDisk {
 public:
  ElfOnDisk(int fd, std::uint64_t size) : fd_(fd), size_(size) {}

  // Of the part that a program needs to run; nullopt where the file has to stay whole.
  std::optional<std::uint64_t> size_without_debug_info() {
    header_ = record<Elf64_Ehdr>(0);
    if (!header_ || std::memcmp(header_->e_ident, ELFMAG, SELFMAG) != 0 || header_->e_ident[EI_CLASS] != ELFCLASS64 ||
        !has_debug_info())
      return {};
    const auto end = end_of_segments();
    return end && *end < size_ ? end : std::nullopt;
  }
  // The first `size` bytes, which say nothing of sections any more.
  std::optional<ByteVector> without_sections(std::uint64_t size) const {
    auto bytes = read(0, size);
    if (!bytes) return {};
    Elf64_Ehdr header = *header_;
    header.e_shoff = 0;
    header.e_shnum = 0;
    header.e_shstrndx = SHN_UNDEF;
    std::memcpy(bytes->data(), &header, sizeof header);
    return bytes;
  }

 private:
  std::optional<ByteVector> read(std::uint64_t offset, std::uint64_t length) const {
    if (offset > size_ || length > size_ - offset) return {};
    ByteVector bytes(length);
    for (std::size_t got = 0; got < length;) {
      const ssize_t part = ::pread(fd_, bytes.data() + got, length - got, static_cast<off_t>(offset + got));
      if (part < 0 && errno == EINTR) continue;
      if (part <= 0) return {};
      got += static_cast<std::size_t>(part);
    }
    return bytes;
  }
  template <typename T>
  std::optional<T> record(std::uint64_t offset) const {
    const auto bytes = read(offset, sizeof(T));
    if (!bytes) return {};
    T value;
    std::memcpy(&value, bytes->data(), sizeof value);
    return value;
  }
  // e_shnum and e_phnum are 16 bits wide: no table is large.
  template <typename T>
  std::vector<T> table(std::uint64_t offset, std::uint64_t count) const {
    std::vector<T> entries(count);
    const auto bytes = read(offset, count * sizeof(T));
    if (!bytes) return {};
    if (count != 0) std::memcpy(entries.data(), bytes->data(), bytes->size());
    return entries;
  }

  bool has_debug_info() const {
    if (header_->e_shentsize != sizeof(Elf64_Shdr)) return false;
    const auto sections = table<Elf64_Shdr>(header_->e_shoff, header_->e_shnum);
    if (header_->e_shstrndx >= sections.size()) return false;
    const Elf64_Shdr& where = sections[header_->e_shstrndx];
    const auto names = where.sh_size <= kLargestNames ? read(where.sh_offset, where.sh_size) : std::nullopt;
    return names && std::any_of(sections.begin(), sections.end(), [&](const Elf64_Shdr& section) {
             const auto name = c_string_at(*names, section.sh_name);
             return name && (name->starts_with(".debug_") || name->starts_with(".zdebug_"));
           });
  }

  std::optional<std::uint64_t> end_of_segments() const {
    if (header_->e_phentsize != sizeof(Elf64_Phdr)) return {};
    const auto segments = table<Elf64_Phdr>(header_->e_phoff, header_->e_phnum);
    if (segments.empty()) return {};
    std::uint64_t end =
        std::max<std::uint64_t>(sizeof(Elf64_Ehdr), header_->e_phoff + segments.size() * sizeof(Elf64_Phdr));
    for (const Elf64_Phdr& segment : segments) {
      if (segment.p_offset > size_ || segment.p_filesz > size_ - segment.p_offset) return {};
      end = std::max(end, segment.p_offset + segment.p_filesz);
    }
    return end;
  }

  int fd_;
  std::uint64_t size_;
  std::optional<Elf64_Ehdr> header_;
};

}  // namespace

Result<ByteVector> read_without_debug_info(const fs::path& path, Bytes limit) {
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("cannot stat {}", path.string());
  ElfOnDisk file(fd.get(), static_cast<std::uint64_t>(info.st_size));
  if (const auto size = file.size_without_debug_info(); size && *size <= limit) {
    if (auto bytes = file.without_sections(*size)) return *std::move(bytes);
  }
  return read_bytes(path, limit);
}

}  // namespace ktstr
