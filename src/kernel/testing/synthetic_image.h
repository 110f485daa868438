// SPDX-License-Identifier: Apache-2.0
//
// Small images made by hand for tests: an ELF vmlinux with the sections that it is given, kallsyms tables as
// scripts/kallsyms.c writes them, BTF, and a bzImage around any payload. Only tests include this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "kernel/btf.h"

namespace ktstr::synthetic {

constexpr std::uint64_t kTextAddress = 0xffffffff81000000;

// One executable PT_LOAD at kTextAddress holds the bytes from kLoadOffset to the end of the sections.
class Elf {
 public:
  static constexpr std::uint64_t kLoadOffset = 0x1000;

  Elf& section(std::string name, ByteVector contents);
  Elf& note(std::string owner, std::uint32_t type, ByteVector descriptor);
  // The address at which the next section's contents will be.
  std::uint64_t next_address() const { return kTextAddress + next_offset() - kLoadOffset; }
  ByteVector build() const;

 private:
  struct Section {
    std::string name;
    ByteVector contents;
    std::uint32_t type = 1;
  };
  std::uint64_t next_offset() const;
  std::vector<Section> sections_;
  ByteVector notes_;
};

// The encodings of kallsyms.h, and the order of the tables before 6.4, without and with kallsyms_seqs_of_names.
enum class KallsymsFormat { kBefore62, kBefore64, kAbsolutePerCpu, kRelativeBase, kPlaceRelative };

struct TestSymbol {
  std::string name;
  std::uint64_t address = 0;
  char type = 'T';
};

// `address` is where the tables will be loaded.
ByteVector kallsyms(const std::vector<TestSymbol>& symbols, KallsymsFormat format, std::uint64_t address);

class BtfWriter {
 public:
  BtfWriter();
  struct Member {
    std::string name;
    BtfTypeId type = 0;
    std::uint32_t offset_bits = 0;
    std::uint32_t bitfield_bits = 0;
  };
  BtfTypeId integer(const std::string& name, std::uint32_t size);
  BtfTypeId structure(const std::string& name, std::uint32_t size, const std::vector<Member>& members,
                      BtfKind kind = BtfKind::kStruct);
  // A kind without anything after its header; size_or_type as the kind needs it.
  BtfTypeId plain(BtfKind kind, const std::string& name, std::uint32_t size_or_type);
  BtfTypeId array(BtfTypeId element, std::uint32_t length);
  // A function's parameters: offsets mean nothing.
  BtfTypeId prototype(const std::vector<std::pair<std::string, BtfTypeId>>& parameters, BtfTypeId returned = 0);
  BtfTypeId enumeration(const std::string& name, const std::vector<std::pair<std::string, std::int32_t>>& values);
  BtfTypeId enumeration64(const std::string& name, const std::vector<std::pair<std::string, std::uint64_t>>& values);
  ByteVector build() const;

 private:
  std::uint32_t add_string(const std::string& text);
  BtfTypeId add_header(BtfKind kind, const std::string& name, std::uint32_t vlen, bool flag,
                       std::uint32_t size_or_type);
  ByteWriter types_;
  std::string strings_;
  BtfTypeId count_ = 0;
};

// What unpack_kernel() and inspect_kernel() take for a kernel: banner, symbols, BTF (with or without sched_ext), PVH.
struct KernelOptions {
  std::string release = "7.3.4+test-cloud-amd64";
  bool sched_ext = true;
  bool pvh = true;
  std::string salt;  // makes another kernel of the same release
};
ByteVector kernel(const KernelOptions& options = {});

ByteVector bzimage(ByteSpan payload, bool declare_payload = true);
ByteVector zstd(ByteSpan bytes);
ByteVector xz(ByteSpan bytes);
ByteVector lzma_alone(ByteSpan bytes);
ByteVector gzip(ByteSpan bytes);
ByteVector lz4_legacy(ByteSpan bytes);

}  // namespace ktstr::synthetic
