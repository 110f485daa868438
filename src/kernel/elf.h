// SPDX-License-Identifier: Apache-2.0
//
// A reader for 64-bit little-endian ELF files: sections, segments, notes and what the dynamic linker is told. It is
// small because it reads two kinds of file only: kernel images (vmlinux) and the programs that are packed for a guest.
// Nothing in the file is trusted: parse() checks the tables, every accessor checks what it is about to read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr {

struct ElfSection {
  std::string_view name;
  std::uint32_t type = 0;     // SHT_*
  std::uint64_t flags = 0;    // SHF_*
  std::uint64_t address = 0;  // where it is in memory; 0 when it is not loaded
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t link = 0;
  std::uint64_t entry_size = 0;
};

struct ElfSegment {
  std::uint32_t type = 0;   // PT_*
  std::uint32_t flags = 0;  // PF_*
  std::uint64_t offset = 0;
  std::uint64_t virtual_address = 0;
  std::uint64_t physical_address = 0;
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;
};

struct ElfNote {
  std::string_view owner;  // "Xen", "GNU", "Linux"
  std::uint32_t type = 0;
  ByteSpan descriptor;
};

// What PT_DYNAMIC says. Paths are as written in the file: `$ORIGIN` is not expanded.
struct ElfDynamic {
  std::vector<std::string> needed;  // DT_NEEDED, in order
  std::string soname;               // empty: none
  std::string runpath;              // DT_RUNPATH, colon-separated
  std::string rpath;                // DT_RPATH, only looked at when there is no runpath (ld.so(8))
};

// Borrows the bytes that it was parsed from: they must outlive it and everything it hands out.
class ElfFile {
 public:
  // kInvalidArgument when the bytes are not a 64-bit little-endian ELF file, kCorruptData when its tables do not fit.
  static Result<ElfFile> parse(ByteSpan bytes);
  static bool has_magic(ByteSpan bytes);

  ByteSpan bytes() const { return bytes_; }
  std::uint16_t type() const { return type_; }        // ET_*
  std::uint16_t machine() const { return machine_; }  // EM_*
  std::uint64_t entry() const { return entry_; }
  const std::vector<ElfSection>& sections() const { return sections_; }
  const std::vector<ElfSegment>& segments() const { return segments_; }

  // The first section of this name; nullptr when there is none.
  const ElfSection* section(std::string_view name) const;
  // The bytes in the file; nullopt when they lie outside of it. Empty for SHT_NOBITS.
  std::optional<ByteSpan> contents(const ElfSection& section) const;
  std::optional<ByteSpan> contents(std::string_view section_name) const;
  // `length` bytes that are loaded at a virtual address; nullopt when the file does not hold them all (.bss).
  std::optional<ByteSpan> at_address(std::uint64_t address, std::uint64_t length) const;
  // The virtual address at which a file offset is loaded.
  std::optional<std::uint64_t> address_of_offset(std::uint64_t offset) const;
  // Whether a PT_LOAD segment covers the address, .bss included.
  bool is_loaded(std::uint64_t address) const;

  // All notes of all PT_NOTE segments. A malformed note ends its segment.
  std::vector<ElfNote> notes() const;
  // The program interpreter; nullopt for a static program.
  std::optional<std::string> interpreter() const;
  // nullopt for a file without PT_DYNAMIC; kCorruptData when its strings lie outside of the file.
  Result<std::optional<ElfDynamic>> dynamic() const;

 private:
  explicit ElfFile(ByteSpan bytes) : bytes_(bytes) {}
  Status read_segments();
  Status read_sections();

  ByteSpan bytes_;
  std::uint16_t type_ = 0;
  std::uint16_t machine_ = 0;
  std::uint64_t entry_ = 0;
  std::vector<ElfSection> sections_;
  std::vector<ElfSegment> segments_;
};

}  // namespace ktstr
