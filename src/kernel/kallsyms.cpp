// SPDX-License-Identifier: Apache-2.0
#include "kernel/kallsyms.h"

#include <elf.h>

#include <algorithm>
#include <cctype>
#include <functional>

#include "kernel/bounded_bytes.h"
#include "kernel/kallsyms_tables.h"

namespace ktstr {
namespace {

// Enough for a kernel with every driver built in, with room; keeps hostile tables from making us allocate.
constexpr std::uint32_t kMostSymbols = 4'000'000;
constexpr std::size_t kLongestName = 512;  // KSYM_NAME_LEN, include/linux/kallsyms.h

std::uint64_t sign_extend(std::uint32_t value) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(value)));
}

// The address of symbol `index` out of its u32.
using Decoder = std::function<std::uint64_t(std::uint64_t index, std::uint32_t encoded)>;

// The encodings that Linux has used for 64-bit addresses, newest first. `at` is the file offset of the table.
std::vector<Decoder> decoders(const ElfFile& vmlinux, std::uint64_t at, std::uint32_t count) {
  std::vector<Decoder> known;
  // 7.x: relative to the place of the number itself (`.long symbol - .`).
  if (const auto table_address = vmlinux.address_of_offset(at))
    known.push_back([base = *table_address](std::uint64_t index, std::uint32_t encoded) {
      return base + index * 4 + sign_extend(encoded);
    });
  const std::uint64_t base_at = (at + std::uint64_t{count} * 4 + 7) / 8 * 8;
  const auto base = load<std::uint64_t>(vmlinux.bytes(), base_at);
  if (!base || !vmlinux.is_loaded(*base)) return known;
  // kallsyms_relative_base plus an unsigned number. On x86 since per-CPU symbols have ordinary addresses (6.15).
  known.push_back([base = *base](std::uint64_t, std::uint32_t encoded) { return base + encoded; });
  // CONFIG_KALLSYMS_ABSOLUTE_PERCPU: positive numbers are absolute, the others count down from the base.
  known.push_back([base = *base](std::uint64_t, std::uint32_t encoded) {
    const auto number = static_cast<std::int32_t>(encoded);
    return number >= 0 ? static_cast<std::uint64_t>(number) : base - 1 - sign_extend(encoded);
  });
  return known;
}

std::vector<std::uint64_t> decode_addresses(ByteSpan table, std::uint32_t count, const Decoder& decoder) {
  std::vector<std::uint64_t> addresses(count);
  for (std::uint64_t i = 0; i < count; ++i) addresses[i] = decoder(i, *load<std::uint32_t>(table, i * 4));
  return addresses;
}

// nm(1)'s letter for the few kinds that matter to us; kallsyms has the linker's own letters.
char type_letter(const Elf64_Sym& symbol) {
  const bool global = ELF64_ST_BIND(symbol.st_info) != STB_LOCAL;
  const bool code = ELF64_ST_TYPE(symbol.st_info) == STT_FUNC;
  const char letter = symbol.st_shndx == SHN_ABS ? 'a' : code ? 't' : 'd';
  return global ? static_cast<char>(std::toupper(letter)) : letter;
}

bool starts_code(const ElfFile& vmlinux, std::uint64_t address) {
  return std::any_of(vmlinux.segments().begin(), vmlinux.segments().end(), [&](const ElfSegment& segment) {
    return segment.type == PT_LOAD && (segment.flags & PF_X) != 0 && segment.virtual_address == address;
  });
}

}  // namespace

Result<KernelSymbols> KernelSymbols::from_image(const ElfFile& vmlinux) {
  if (auto found = from_kallsyms(vmlinux)) return *std::move(found);
  if (auto found = from_symbol_table(vmlinux)) return *std::move(found);
  return fail(ErrorCode::kNotFound, "the kernel image has no symbols (no kallsyms tables and no .symtab)")
      .with_hint("build the kernel with CONFIG_KALLSYMS=y and CONFIG_KALLSYMS_ALL=y");
}

std::optional<KernelSymbols> KernelSymbols::from_kallsyms(const ElfFile& vmlinux) {
  const ByteSpan image = vmlinux.bytes();
  std::uint64_t next = 0;
  while (const auto tables = find_kallsyms_tables(image, next, next)) {
    if (tables->count > kMostSymbols) continue;
    KernelSymbols symbols;
    std::string name;
    bool readable = true;
    for (std::uint64_t i = 0, position = 0; i < tables->count && readable; ++i) {
      const auto compressed = compressed_name_at(tables->names, position);
      name.clear();
      for (const std::byte token : compressed->tokens) name += tables->tokens[static_cast<std::size_t>(token)];
      // The first character is the type.
      readable = name.size() >= 2 && name.size() <= kLongestName;
      if (readable) symbols.add(std::string_view(name).substr(1), name[0]);
      position = compressed->end;
    }
    if (!readable) continue;
    for (const std::uint64_t at : {tables->addresses_after, tables->addresses_before}) {
      const auto table = slice(image, at, std::uint64_t{tables->count} * 4);
      if (!table || at == 0) continue;
      for (const Decoder& decoder : decoders(vmlinux, at, tables->count))
        if (symbols.set_addresses(vmlinux, decode_addresses(*table, tables->count, decoder))) return symbols;
    }
  }
  return std::nullopt;
}

std::optional<KernelSymbols> KernelSymbols::from_symbol_table(const ElfFile& vmlinux) {
  for (const ElfSection& section : vmlinux.sections()) {
    if (section.type != SHT_SYMTAB || section.link >= vmlinux.sections().size()) continue;
    const auto table = vmlinux.contents(section);
    const auto strings = vmlinux.contents(vmlinux.sections()[section.link]);
    if (!table || !strings) continue;
    KernelSymbols symbols;
    std::vector<std::uint64_t> addresses;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= table->size(); at += sizeof(Elf64_Sym)) {
      Elf64_Sym entry;
      std::memcpy(&entry, table->data() + at, sizeof(entry));
      const auto name = c_string_at(*strings, entry.st_name);
      const auto type = ELF64_ST_TYPE(entry.st_info);
      if (!name || name->empty() || name->size() > kLongestName || entry.st_shndx == SHN_UNDEF) continue;
      if (type == STT_FILE || type == STT_SECTION || addresses.size() >= kMostSymbols) continue;
      symbols.add(*name, type_letter(entry));
      addresses.push_back(entry.st_value);
    }
    if (!addresses.empty() && symbols.set_addresses(vmlinux, addresses)) return symbols;
  }
  return std::nullopt;
}

void KernelSymbols::add(std::string_view name, char type) {
  entries_.push_back({.address = 0,
                      .name_offset = static_cast<std::uint32_t>(names_.size()),
                      .name_length = static_cast<std::uint32_t>(name.size()),
                      .type = type});
  names_.insert(names_.end(), name.begin(), name.end());
}

// Accepts the addresses when they make sense: `_text` is where the code is loaded, and nearly everything is inside of
// the image but for absolute symbols, which are small numbers. A wrong decoder also gives many addresses inside, but
// misses `_text`. Accepted addresses are kept, in order, with an index by name.
bool KernelSymbols::set_addresses(const ElfFile& vmlinux, const std::vector<std::uint64_t>& addresses) {
  constexpr std::uint64_t kHighestAbsolute = 1 << 30;
  bool has_text = false;
  std::size_t strange = 0;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    entries_[i].address = addresses[i];
    const bool loaded = vmlinux.is_loaded(addresses[i]);
    const std::string_view name = (*this)[i].name;
    if (name == "_text") has_text = starts_code(vmlinux, addresses[i]);
    if (!loaded && addresses[i] > kHighestAbsolute) ++strange;
  }
  if (!has_text || strange > addresses.size() / 20) return false;
  // Symbols that share an address stay in the order of the table.
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.address != b.address ? a.address < b.address : a.name_offset < b.name_offset;
  });
  index();
  return true;
}

void KernelSymbols::index() {
  by_name_.reserve(entries_.size());
  for (std::uint32_t i = 0; i < entries_.size(); ++i) by_name_.try_emplace((*this)[i].name, i);
}

Symbol KernelSymbols::operator[](std::size_t index) const {
  const Entry& entry = entries_[index];
  return {.name = std::string_view(names_.data() + entry.name_offset, entry.name_length),
          .address = entry.address,
          .type = entry.type};
}

std::optional<Symbol> KernelSymbols::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return (*this)[found->second];
}

std::vector<Symbol> KernelSymbols::find_all(std::string_view name) const {
  std::vector<Symbol> all;
  const auto first = by_name_.find(name);
  if (first == by_name_.end()) return all;
  for (std::size_t i = first->second; i < entries_.size(); ++i)
    if (const Symbol one = (*this)[i]; one.name == name) all.push_back(one);
  return all;
}

std::size_t KernelSymbols::first_after(std::uint64_t address) const {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), address,
                                      [](std::uint64_t value, const Entry& entry) { return value < entry.address; });
  return static_cast<std::size_t>(after - entries_.begin());
}

std::optional<Symbol> KernelSymbols::after(std::uint64_t address) const {
  const std::size_t index = first_after(address);
  if (index == entries_.size()) return std::nullopt;
  return (*this)[index];
}

std::optional<Symbol> KernelSymbols::at_or_before(std::uint64_t address) const {
  const std::size_t index = first_after(address);
  if (index == 0) return std::nullopt;
  return (*this)[index - 1];
}

}  // namespace ktstr
