// SPDX-License-Identifier: Apache-2.0
//
// The symbols of a kernel whose image has no symbol table: the kernel carries a compressed copy for /proc/kallsyms
// (scripts/kallsyms.c, kernel/kallsyms.c), and nothing in the image says where. It is found by its shape: 256 tokens
// and their index, before them the markers and the names that the markers point into, and the addresses after them
// (Linux 6.4 and later) or before (up to 6.3). The addresses come in three encodings, told apart by which of them puts
// `_text` into the image. Addresses are those the kernel was linked for: KASLR adds the same number to all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "kernel/elf.h"

namespace ktstr {

struct Symbol {
  std::string_view name;      // valid as long as the KernelSymbols
  std::uint64_t address = 0;  // per-CPU symbols: to be added to __per_cpu_offset[cpu], whatever their range
  char type = '?';            // as in nm(1): T, t, D, d, B, b, A ...
};

class KernelSymbols {
 public:
  // Out of kallsyms, or else out of a .symtab when the image has one. kNotFound when there is neither. An image without
  // symbols still boots; only what reads its memory needs them.
  static Result<KernelSymbols> from_image(const ElfFile& vmlinux);

  // The first of this name in address order: static functions can share one.
  std::optional<Symbol> find(std::string_view name) const;
  // All of this name, in address order.
  std::vector<Symbol> find_all(std::string_view name) const;
  // The first symbol after the address; nullopt after the last.
  std::optional<Symbol> after(std::uint64_t address) const;
  // The last symbol at or before the address; nullopt before the first.
  std::optional<Symbol> at_or_before(std::uint64_t address) const;

  std::size_t size() const { return entries_.size(); }
  Symbol operator[](std::size_t index) const;

 private:
  struct Entry {
    std::uint64_t address = 0;
    std::uint32_t name_offset = 0;
    std::uint32_t name_length = 0;
    char type = '?';
  };

  KernelSymbols() = default;
  static std::optional<KernelSymbols> from_kallsyms(const ElfFile& vmlinux);
  static std::optional<KernelSymbols> from_symbol_table(const ElfFile& vmlinux);
  void add(std::string_view name, char type);
  bool set_addresses(const ElfFile& vmlinux, const std::vector<std::uint64_t>& addresses);
  void index();
  std::size_t first_after(std::uint64_t address) const;

  std::vector<char> names_;
  std::vector<Entry> entries_;  // in address order
  std::unordered_map<std::string_view, std::uint32_t> by_name_;
};

}  // namespace ktstr
