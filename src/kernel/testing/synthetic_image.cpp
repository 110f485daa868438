// SPDX-License-Identifier: Apache-2.0
#include "kernel/testing/synthetic_image.h"

#include <elf.h>

#include <cassert>
#include <cstring>

namespace ktstr::synthetic {
namespace {

template <typename T>
void put(ByteVector& bytes, std::uint64_t at, const T& value) {
  if (bytes.size() < at + sizeof(T)) bytes.resize(at + sizeof(T));
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

void append(ByteVector& bytes, ByteSpan more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

void pad_to(ByteVector& bytes, std::uint64_t alignment) {
  while (bytes.size() % alignment != 0) bytes.push_back(std::byte{0});
}

ByteVector text_bytes(std::string_view text) {
  const ByteSpan bytes = as_byte_span(text);
  return {bytes.begin(), bytes.end()};
}

void append_u32(ByteVector& bytes, std::uint64_t value) { put(bytes, bytes.size(), static_cast<std::uint32_t>(value)); }

}  // namespace

Elf& Elf::section(std::string name, ByteVector contents) {
  sections_.push_back({std::move(name), std::move(contents), SHT_PROGBITS});
  return *this;
}

Elf& Elf::note(std::string owner, std::uint32_t type, ByteVector descriptor) {
  owner.push_back('\0');
  append_u32(notes_, owner.size());
  append_u32(notes_, descriptor.size());
  append_u32(notes_, type);
  append(notes_, as_byte_span(owner));
  pad_to(notes_, 4);
  append(notes_, descriptor);
  pad_to(notes_, 4);
  return *this;
}

std::uint64_t Elf::next_offset() const {
  std::uint64_t offset = kLoadOffset;
  for (const Section& section : sections_) offset += (section.contents.size() + 15) / 16 * 16;
  return offset;
}

ByteVector Elf::build() const {
  std::vector<Section> all = sections_;
  all.push_back({".notes", notes_, SHT_NOTE});
  ByteVector bytes(kLoadOffset);
  std::vector<Elf64_Shdr> headers(1);
  std::string names(1, '\0');
  for (const Section& section : all) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names.size());
    header.sh_type = section.type;
    header.sh_offset = bytes.size();
    header.sh_addr = kTextAddress + bytes.size() - kLoadOffset;
    header.sh_size = section.contents.size();
    headers.push_back(header);
    names += section.name + '\0';
    append(bytes, section.contents);
    pad_to(bytes, 16);
  }
  const Elf64_Shdr& notes = headers.back();
  std::vector<Elf64_Phdr> segments(2);
  segments[0].p_type = PT_LOAD;
  segments[0].p_flags = PF_R | PF_X;
  segments[0].p_offset = kLoadOffset;
  segments[0].p_vaddr = kTextAddress;
  segments[0].p_filesz = bytes.size() - kLoadOffset;
  segments[0].p_memsz = segments[0].p_filesz + 0x10000;  // a .bss after it
  segments[1].p_type = PT_NOTE;
  segments[1].p_offset = notes.sh_offset;
  segments[1].p_filesz = notes.sh_size;

  Elf64_Shdr name_table{};
  name_table.sh_name = static_cast<Elf64_Word>(names.size());
  names += std::string(".shstrtab") + '\0';
  name_table.sh_type = SHT_STRTAB;
  name_table.sh_offset = bytes.size();
  name_table.sh_size = names.size();
  headers.push_back(name_table);
  append(bytes, as_byte_span(names));
  pad_to(bytes, 16);

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof(Elf64_Ehdr);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(segments.size());
  header.e_shoff = bytes.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<Elf64_Half>(headers.size());
  header.e_shstrndx = static_cast<Elf64_Half>(headers.size() - 1);
  put(bytes, 0, header);
  for (std::size_t i = 0; i < segments.size(); ++i) put(bytes, header.e_phoff + i * sizeof(Elf64_Phdr), segments[i]);
  for (const Elf64_Shdr& section : headers) put(bytes, bytes.size(), section);
  return bytes;
}

// Token N is the character N, but for a few pairs of letters that stand in for tokens of several characters; characters
// that no name uses are there to fill the table, as in the kernel.
ByteVector kallsyms(const std::vector<TestSymbol>& symbols, KallsymsFormat format, std::uint64_t address) {
  const std::uint64_t alignment = format == KallsymsFormat::kPlaceRelative ? 4 : 8;
  const auto token = [](int n) -> std::string {
    if (n == 1) return "sched";
    if (n == 2) return "task";
    if (n >= '!' && n <= '~') return std::string(1, static_cast<char>(n));
    return "x" + std::to_string(n);
  };
  const auto compress = [](std::string text) {
    for (const auto& [word, code] : {std::pair{"sched", '\1'}, std::pair{"task", '\2'}})
      for (std::size_t at = text.find(word); at != text.npos; at = text.find(word))
        text.replace(at, strlen(word), 1, code);
    return text;
  };

  const auto append_addresses = [&](ByteVector& bytes) {
    const std::uint64_t base = kTextAddress;
    pad_to(bytes, alignment);
    for (const TestSymbol& symbol : symbols) {
      const bool absolute = symbol.address < kTextAddress;
      switch (format) {
        case KallsymsFormat::kPlaceRelative:
          append_u32(bytes, symbol.address - (address + bytes.size()));
          break;
        case KallsymsFormat::kRelativeBase:
          append_u32(bytes, symbol.address - base);
          break;
        case KallsymsFormat::kBefore62:
        case KallsymsFormat::kBefore64:
        case KallsymsFormat::kAbsolutePerCpu:
          append_u32(bytes, absolute ? symbol.address : base - 1 - symbol.address);
          break;
      }
    }
    pad_to(bytes, alignment);
    if (format != KallsymsFormat::kPlaceRelative) put(bytes, bytes.size(), base);
  };

  const bool old = format == KallsymsFormat::kBefore62 || format == KallsymsFormat::kBefore64;
  const auto append_sequences = [&](ByteVector& bytes) {
    for (std::size_t i = 0; i < symbols.size() * 3; ++i) bytes.push_back(static_cast<std::byte>(i));
    pad_to(bytes, alignment);
  };

  ByteVector bytes;
  if (old) append_addresses(bytes);
  append_u32(bytes, symbols.size());
  pad_to(bytes, alignment);
  const std::size_t names_start = bytes.size();
  std::vector<std::uint64_t> markers;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (i % 256 == 0) markers.push_back(bytes.size() - names_start);
    const std::string text = compress(symbols[i].type + symbols[i].name);
    if (text.size() > 127) bytes.push_back(static_cast<std::byte>(0x80 | (text.size() & 0x7f)));
    bytes.push_back(static_cast<std::byte>(text.size() > 127 ? text.size() >> 7 : text.size()));
    append(bytes, as_byte_span(text));
  }
  pad_to(bytes, alignment);
  for (const std::uint64_t marker : markers) append_u32(bytes, marker);
  pad_to(bytes, alignment);
  if (format == KallsymsFormat::kBefore64) append_sequences(bytes);
  std::vector<std::uint16_t> index;
  const std::size_t tokens_start = bytes.size();
  for (int n = 0; n < 256; ++n) {
    index.push_back(static_cast<std::uint16_t>(bytes.size() - tokens_start));
    append(bytes, as_byte_span(token(n) + '\0'));
  }
  pad_to(bytes, alignment);
  for (const std::uint16_t offset : index) put(bytes, bytes.size(), offset);
  if (!old) {
    append_addresses(bytes);
    append_sequences(bytes);
  }
  return bytes;
}

BtfWriter::BtfWriter() : strings_(1, '\0') {}

std::uint32_t BtfWriter::add_string(const std::string& text) {
  if (text.empty()) return 0;
  const auto offset = static_cast<std::uint32_t>(strings_.size());
  strings_ += text + '\0';
  return offset;
}

BtfTypeId BtfWriter::add_header(BtfKind kind, const std::string& name, std::uint32_t vlen, bool flag,
                                std::uint32_t size_or_type) {
  types_.u32(add_string(name));
  types_.u32(vlen | static_cast<std::uint32_t>(kind) << 24 | (flag ? 1U << 31 : 0U));
  types_.u32(size_or_type);
  return ++count_;
}

BtfTypeId BtfWriter::integer(const std::string& name, std::uint32_t size) {
  const BtfTypeId id = add_header(BtfKind::kInt, name, 0, false, size);
  types_.u32(size * 8);
  return id;
}

BtfTypeId BtfWriter::structure(const std::string& name, std::uint32_t size, const std::vector<Member>& members,
                               BtfKind kind) {
  bool flag = false;
  for (const Member& member : members) flag = flag || member.bitfield_bits != 0;
  const BtfTypeId id = add_header(kind, name, static_cast<std::uint32_t>(members.size()), flag, size);
  for (const Member& member : members) {
    types_.u32(add_string(member.name));
    types_.u32(member.type);
    types_.u32(flag ? member.offset_bits | member.bitfield_bits << 24 : member.offset_bits);
  }
  return id;
}

BtfTypeId BtfWriter::plain(BtfKind kind, const std::string& name, std::uint32_t size_or_type) {
  return add_header(kind, name, 0, false, size_or_type);
}

BtfTypeId BtfWriter::array(BtfTypeId element, std::uint32_t length) {
  const BtfTypeId id = add_header(BtfKind::kArray, "", 0, false, 0);
  types_.u32(element);
  types_.u32(1);
  types_.u32(length);
  return id;
}

BtfTypeId BtfWriter::prototype(const std::vector<std::pair<std::string, BtfTypeId>>& parameters, BtfTypeId returned) {
  const BtfTypeId id =
      add_header(BtfKind::kFuncProto, "", static_cast<std::uint32_t>(parameters.size()), false, returned);
  for (const auto& [name, type] : parameters) {
    types_.u32(add_string(name));
    types_.u32(type);
  }
  return id;
}

BtfTypeId BtfWriter::enumeration(const std::string& name,
                                 const std::vector<std::pair<std::string, std::int32_t>>& values) {
  const BtfTypeId id = add_header(BtfKind::kEnum, name, static_cast<std::uint32_t>(values.size()), true, 4);
  for (const auto& [text, value] : values) {
    types_.u32(add_string(text));
    types_.u32(static_cast<std::uint32_t>(value));
  }
  return id;
}

BtfTypeId BtfWriter::enumeration64(const std::string& name,
                                   const std::vector<std::pair<std::string, std::uint64_t>>& values) {
  const BtfTypeId id = add_header(BtfKind::kEnum64, name, static_cast<std::uint32_t>(values.size()), false, 8);
  for (const auto& [text, value] : values) {
    types_.u32(add_string(text));
    types_.u64(value);
  }
  return id;
}

ByteVector BtfWriter::build() const {
  const auto type_length = static_cast<std::uint32_t>(types_.bytes().size());
  ByteWriter out;
  out.u16(0xeb9f);
  out.u8(1);
  out.u8(0);
  for (const std::uint32_t field : {24U, 0U, type_length, type_length, static_cast<std::uint32_t>(strings_.size())})
    out.u32(field);
  out.raw(types_.bytes());
  out.raw(as_byte_span(strings_));
  return out.take();
}

ByteVector kernel(const KernelOptions& options) {
  Elf elf;
  elf.section(".text", text_bytes(std::string(256, '\x90') + options.salt));
  elf.section(".rodata", text_bytes("%s version %s\nLinux version " + options.release + " (builder@host) #1\n"));
  const std::vector<TestSymbol> symbols = {
      {"_text", kTextAddress, 'T'}, {"schedule", kTextAddress + 0x10, 'T'}, {"init_task", kTextAddress + 0x100, 'D'}};
  elf.section(".kallsyms", kallsyms(symbols, KallsymsFormat::kPlaceRelative, elf.next_address()));
  BtfWriter btf;
  const BtfTypeId number = btf.integer("int", 4);
  btf.structure("task_struct", 8, {{"pid", number, 0}});
  if (options.sched_ext) btf.structure("sched_ext_ops", 4, {{"flags", number, 0}});
  elf.section(".BTF", btf.build());
  if (options.pvh) elf.note("Xen", 18, ByteVector(8));
  return elf.build();
}

}  // namespace ktstr::synthetic
