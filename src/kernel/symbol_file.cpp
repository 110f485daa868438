// SPDX-License-Identifier: Apache-2.0
#include "kernel/symbol_file.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace ktstr {

namespace {

enum SectionIndex : std::uint16_t { kNull, kText, kData, kSymbols, kStrings, kSectionNames, kSectionCount };
constexpr char kNames[] = "\0.text\0.data\0.symtab\0.strtab\0.shstrtab";

std::uint32_t name_offset(std::string_view name) {
  const std::string_view names(kNames, sizeof kNames);
  return static_cast<std::uint32_t>(names.find(name));
}

template <typename T>
void append(ByteVector& out, const T* items, std::size_t count) {
  const auto* bytes = reinterpret_cast<const std::byte*>(items);
  out.insert(out.end(), bytes, bytes + count * sizeof(T));
}

bool is_code(char type) { return type == 'T' || type == 't' || type == 'W' || type == 'w'; }

// Where the symbols of one kind lie.
struct Range {
  std::uint64_t from = UINT64_MAX, to = 0;
  void add(std::uint64_t address) {
    from = std::min(from, address);
    to = std::max(to, address + 1);
  }
  std::uint64_t size() const { return to > from ? to - from : 0; }
};

}  // namespace

ByteVector symbol_file(const KernelSymbols& symbols) {
  // Per-CPU symbols are offsets and no addresses.
  constexpr std::uint64_t kKernelHalf = 0xffff800000000000;
  std::vector<Elf64_Sym> table(1);
  std::string strings(1, '\0');
  Range text, data;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const Symbol symbol = symbols[i];
    if (symbol.address < kKernelHalf) continue;
    const bool code = is_code(symbol.type);
    (code ? text : data).add(symbol.address);
    Elf64_Sym entry{};
    entry.st_name = static_cast<Elf64_Word>(strings.size());
    entry.st_info = ELF64_ST_INFO(STB_GLOBAL, code ? STT_FUNC : STT_OBJECT);
    entry.st_shndx = code ? kText : kData;
    entry.st_value = symbol.address;
    table.push_back(entry);
    strings.append(symbol.name).push_back('\0');
  }

  std::array<Elf64_Shdr, kSectionCount> sections{};
  auto set = [&](SectionIndex index, std::string_view name, Elf64_Word type, std::uint64_t offset, std::uint64_t size) {
    sections[index].sh_name = name_offset(name);
    sections[index].sh_type = type;
    sections[index].sh_offset = offset;
    sections[index].sh_size = size;
    sections[index].sh_addralign = 1;
  };
  const std::uint64_t symbols_at = sizeof(Elf64_Ehdr);
  const std::uint64_t symbols_size = table.size() * sizeof(Elf64_Sym);
  const std::uint64_t strings_at = symbols_at + symbols_size;
  const std::uint64_t names_at = strings_at + strings.size();
  set(kText, ".text", SHT_NOBITS, symbols_at, text.size());
  sections[kText].sh_addr = text.size() ? text.from : 0;
  sections[kText].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  set(kData, ".data", SHT_NOBITS, symbols_at, data.size());
  sections[kData].sh_addr = data.size() ? data.from : 0;
  sections[kData].sh_flags = SHF_ALLOC | SHF_WRITE;
  set(kSymbols, ".symtab", SHT_SYMTAB, symbols_at, symbols_size);
  sections[kSymbols].sh_link = kStrings;
  sections[kSymbols].sh_info = 1;  // the first that is not local
  sections[kSymbols].sh_entsize = sizeof(Elf64_Sym);
  set(kStrings, ".strtab", SHT_STRTAB, strings_at, strings.size());
  set(kSectionNames, ".shstrtab", SHT_STRTAB, names_at, sizeof kNames);

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = kSectionCount;
  header.e_shstrndx = kSectionNames;
  header.e_shoff = names_at + sizeof kNames;

  ByteVector file;
  append(file, &header, 1);
  append(file, table.data(), table.size());
  append(file, strings.data(), strings.size());
  append(file, kNames, sizeof kNames);
  append(file, sections.data(), sections.size());
  return file;
}

}  // namespace ktstr
