// SPDX-License-Identifier: Apache-2.0
#include "kernel/elf.h"

#include <elf.h>

#include <cstring>

#include "kernel/bounded_bytes.h"

namespace ktstr {
namespace {

// Far above anything real; keeps a hostile header from making us allocate.
constexpr std::uint64_t kMostSections = 1 << 20;

template <typename T>
std::optional<T> load_record(ByteSpan bytes, std::uint64_t offset) {
  const auto field = slice(bytes, offset, sizeof(T));
  if (!field) return std::nullopt;
  T record;
  std::memcpy(&record, field->data(), sizeof(T));
  return record;
}

// The bytes of table entry `index`, or nullopt when the arithmetic or the file says no.
template <typename T>
std::optional<T> table_entry(ByteSpan bytes, std::uint64_t table, std::uint64_t index) {
  std::uint64_t offset = 0;
  if (__builtin_mul_overflow(index, sizeof(T), &offset) || __builtin_add_overflow(offset, table, &offset))
    return std::nullopt;
  return load_record<T>(bytes, offset);
}

constexpr std::uint64_t align4(std::uint64_t n) { return (n + 3) & ~std::uint64_t{3}; }

void append_notes(ByteSpan segment, std::vector<ElfNote>& notes) {
  std::uint64_t position = 0;
  while (const auto header = load_record<Elf64_Nhdr>(segment, position)) {
    position += sizeof(Elf64_Nhdr);
    const auto owner = slice(segment, position, header->n_namesz);
    if (!owner) return;
    position += align4(header->n_namesz);
    const auto descriptor = slice(segment, position, header->n_descsz);
    if (!descriptor) return;
    position += align4(header->n_descsz);
    std::string_view name = as_text(*owner);
    if (!name.empty() && name.back() == '\0') name.remove_suffix(1);
    notes.push_back({.owner = name, .type = header->n_type, .descriptor = *descriptor});
  }
}

}  // namespace

bool ElfFile::has_magic(ByteSpan bytes) {
  return bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
}

Result<ElfFile> ElfFile::parse(ByteSpan bytes) {
  if (!has_magic(bytes)) return fail(ErrorCode::kInvalidArgument, "not an ELF file");
  const auto header = load_record<Elf64_Ehdr>(bytes, 0);
  if (!header) return fail(ErrorCode::kCorruptData, "the ELF header is cut short");
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
    return fail(ErrorCode::kInvalidArgument, "not a 64-bit little-endian ELF file");
  ElfFile file(bytes);
  file.type_ = header->e_type;
  file.machine_ = header->e_machine;
  file.entry_ = header->e_entry;
  KTSTR_TRY(file.read_segments());
  KTSTR_TRY(file.read_sections());
  return file;
}

Status ElfFile::read_segments() {
  const auto header = *load_record<Elf64_Ehdr>(bytes_, 0);
  if (header.e_phnum != 0 && header.e_phentsize != sizeof(Elf64_Phdr))
    return fail(ErrorCode::kCorruptData, "ELF program headers have {} bytes each", header.e_phentsize);
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto entry = table_entry<Elf64_Phdr>(bytes_, header.e_phoff, i);
    if (!entry) return fail(ErrorCode::kCorruptData, "ELF program header {} lies outside of the file", i);
    segments_.push_back({.type = entry->p_type,
                         .flags = entry->p_flags,
                         .offset = entry->p_offset,
                         .virtual_address = entry->p_vaddr,
                         .physical_address = entry->p_paddr,
                         .file_size = entry->p_filesz,
                         .memory_size = entry->p_memsz});
  }
  return ok();
}

Status ElfFile::read_sections() {
  const auto header = *load_record<Elf64_Ehdr>(bytes_, 0);
  if (header.e_shoff == 0) return ok();
  if (header.e_shentsize != sizeof(Elf64_Shdr))
    return fail(ErrorCode::kCorruptData, "ELF section headers have {} bytes each", header.e_shentsize);
  const auto first = table_entry<Elf64_Shdr>(bytes_, header.e_shoff, 0);
  if (!first) return fail(ErrorCode::kCorruptData, "the ELF section headers lie outside of the file");
  // elf(5): numbers that do not fit into the header are in section 0.
  const std::uint64_t count = header.e_shnum != 0 ? header.e_shnum : first->sh_size;
  const std::uint64_t names_index = header.e_shstrndx != SHN_XINDEX ? header.e_shstrndx : first->sh_link;
  if (count > kMostSections) return fail(ErrorCode::kCorruptData, "the ELF file claims {} sections", count);

  std::vector<std::uint32_t> name_offsets;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto entry = table_entry<Elf64_Shdr>(bytes_, header.e_shoff, i);
    if (!entry) return fail(ErrorCode::kCorruptData, "ELF section header {} lies outside of the file", i);
    name_offsets.push_back(entry->sh_name);
    sections_.push_back({.name = {},
                         .type = entry->sh_type,
                         .flags = entry->sh_flags,
                         .address = entry->sh_addr,
                         .offset = entry->sh_offset,
                         .size = entry->sh_size,
                         .link = entry->sh_link,
                         .entry_size = entry->sh_entsize});
  }
  if (names_index >= count) return ok();
  const auto names = contents(sections_[names_index]);
  if (!names) return fail(ErrorCode::kCorruptData, "the ELF section names lie outside of the file");
  for (std::size_t i = 0; i < sections_.size(); ++i)
    sections_[i].name = c_string_at(*names, name_offsets[i]).value_or(std::string_view{});
  return ok();
}

const ElfSection* ElfFile::section(std::string_view name) const {
  for (const ElfSection& candidate : sections_)
    if (candidate.name == name) return &candidate;
  return nullptr;
}

std::optional<ByteSpan> ElfFile::contents(const ElfSection& section) const {
  if (section.type == SHT_NOBITS) return ByteSpan{};
  return slice(bytes_, section.offset, section.size);
}

std::optional<ByteSpan> ElfFile::contents(std::string_view section_name) const {
  const ElfSection* found = section(section_name);
  if (found == nullptr) return std::nullopt;
  return contents(*found);
}

std::optional<ByteSpan> ElfFile::at_address(std::uint64_t address, std::uint64_t length) const {
  for (const ElfSegment& segment : segments_) {
    if (segment.type != PT_LOAD || address < segment.virtual_address) continue;
    const std::uint64_t inside = address - segment.virtual_address;
    if (inside > segment.file_size || length > segment.file_size - inside) continue;
    const auto loaded = slice(bytes_, segment.offset, segment.file_size);
    if (loaded) return slice(*loaded, inside, length);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ElfFile::address_of_offset(std::uint64_t offset) const {
  for (const ElfSegment& segment : segments_)
    if (segment.type == PT_LOAD && offset >= segment.offset && offset - segment.offset < segment.file_size)
      return segment.virtual_address + (offset - segment.offset);
  return std::nullopt;
}

bool ElfFile::is_loaded(std::uint64_t address) const {
  for (const ElfSegment& segment : segments_)
    if (segment.type == PT_LOAD && address >= segment.virtual_address &&
        address - segment.virtual_address < segment.memory_size)
      return true;
  return false;
}

std::vector<ElfNote> ElfFile::notes() const {
  std::vector<ElfNote> found;
  for (const ElfSegment& segment : segments_) {
    if (segment.type != PT_NOTE) continue;
    if (const auto bytes = slice(bytes_, segment.offset, segment.file_size)) append_notes(*bytes, found);
  }
  return found;
}

std::optional<std::string> ElfFile::interpreter() const {
  for (const ElfSegment& segment : segments_) {
    if (segment.type != PT_INTERP) continue;
    const auto bytes = slice(bytes_, segment.offset, segment.file_size);
    const auto text = bytes ? c_string_at(*bytes, 0) : std::nullopt;
    if (text) return std::string(*text);
  }
  return std::nullopt;
}

Result<std::optional<ElfDynamic>> ElfFile::dynamic() const {
  ByteSpan table;
  bool found = false;
  for (const ElfSegment& segment : segments_) {
    if (segment.type != PT_DYNAMIC) continue;
    const auto bytes = slice(bytes_, segment.offset, segment.file_size);
    if (!bytes) return fail(ErrorCode::kCorruptData, "the dynamic section lies outside of the file");
    table = *bytes;
    found = true;
  }
  if (!found) return std::optional<ElfDynamic>();

  std::vector<Elf64_Dyn> entries;
  for (std::uint64_t i = 0;; ++i) {
    const auto entry = table_entry<Elf64_Dyn>(table, 0, i);
    if (!entry || entry->d_tag == DT_NULL) break;
    entries.push_back(*entry);
  }
  ByteSpan strings;
  std::uint64_t strings_address = 0;
  std::uint64_t strings_size = 0;
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_STRTAB) strings_address = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) strings_size = entry.d_un.d_val;
  }
  if (const auto bytes = at_address(strings_address, strings_size)) strings = *bytes;

  ElfDynamic result;
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_SONAME && entry.d_tag != DT_RUNPATH && entry.d_tag != DT_RPATH)
      continue;
    const auto text = c_string_at(strings, entry.d_un.d_val);
    if (!text) return fail(ErrorCode::kCorruptData, "a name in the dynamic section lies outside of its string table");
    if (entry.d_tag == DT_NEEDED) result.needed.emplace_back(*text);
    if (entry.d_tag == DT_SONAME) result.soname = *text;
    if (entry.d_tag == DT_RUNPATH) result.runpath = *text;
    if (entry.d_tag == DT_RPATH) result.rpath = *text;
  }
  return std::optional<ElfDynamic>(std::move(result));
}

}  // namespace ktstr
