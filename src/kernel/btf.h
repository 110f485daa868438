// SPDX-License-Identifier: Apache-2.0
//
// BTF, the kernel's own description of its types (Documentation/bpf/btf.rst): what there is, how large it is and where
// its members are. A kernel difference is decided by asking here, never by version number:
//
//   btf.has_type("sched_ext_ops")                       does this kernel have sched_ext?
//   btf.member_offset_bits("task_struct", "scx.dsq")    where is it?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr {

// BTF_KIND_*, include/uapi/linux/btf.h.
enum class BtfKind : std::uint8_t {
  kVoid,
  kInt,
  kPtr,
  kArray,
  kStruct,
  kUnion,
  kEnum,
  kFwd,
  kTypedef,
  kVolatile,
  kConst,
  kRestrict,
  kFunc,
  kFuncProto,
  kVar,
  kDatasec,
  kFloat,
  kDeclTag,
  kTypeTag,
  kEnum64
};

// 0 is void; types are numbered from 1 in the order of the section.
using BtfTypeId = std::uint32_t;

struct BtfMember {
  std::string_view name;  // empty for an anonymous struct or union inside
  BtfTypeId type = 0;
  std::uint64_t offset_bits = 0;    // from the start of the struct it was asked for
  std::uint32_t bitfield_bits = 0;  // 0: an ordinary member
};

struct BtfStruct {
  BtfTypeId id = 0;
  std::string_view name;
  bool is_union = false;
  std::uint32_t size = 0;  // bytes
  std::vector<BtfMember> members;
};

struct BtfEnumerator {
  std::string_view name;
  std::int64_t value = 0;
};

class Btf {
 public:
  // Keeps a copy of the bytes. kCorruptData for what is not BTF version 1 or does not fit together.
  static Result<Btf> parse(ByteSpan section);
  Btf(Btf&&) = default;
  Btf& operator=(Btf&&) = default;

  // Without void.
  std::size_t type_count() const { return offsets_.size(); }

  std::optional<BtfTypeId> find(std::string_view name, BtfKind kind) const;
  // A struct, union, enum, integer, float or typedef of this name; a forward declaration does not count.
  bool has_type(std::string_view name) const;
  bool has_function(std::string_view name) const { return find(name, BtfKind::kFunc).has_value(); }
  // A struct, or else a union, of this name.
  std::optional<BtfStruct> find_struct(std::string_view name) const;
  // nullopt when the type is no struct or union. Qualifiers and typedefs are followed.
  std::optional<BtfStruct> struct_of(BtfTypeId type) const;

  // A member by its path, "scx.dsq" or "fair"; members of anonymous inner structs are found like in C. kNotFound names
  // what is missing.
  Result<BtfMember> member(std::string_view struct_name, std::string_view path) const;
  Result<BtfMember> member_of(BtfTypeId struct_type, std::string_view path) const;
  Result<std::uint64_t> member_offset_bits(std::string_view struct_name, std::string_view path) const;

  BtfKind kind(BtfTypeId type) const;
  std::string_view name(BtfTypeId type) const;
  // Follows typedefs, const, volatile, restrict and type tags.
  BtfTypeId strip(BtfTypeId type) const;
  // What a pointer, typedef or array element refers to; 0 for other kinds.
  BtfTypeId target(BtfTypeId type) const;
  // Number of elements of an array; 0 for other kinds.
  std::uint32_t array_length(BtfTypeId type) const;
  // Bytes; 0 for void, functions and forward declarations.
  std::uint64_t size_of(BtfTypeId type) const;
  // The parameters of a function of this name, or of the function that a pointer points to; offsets mean nothing. None
  // for other kinds.
  std::vector<BtfMember> parameters(BtfTypeId function) const;
  // What such a function returns: its type; 0: nothing. nullopt for other kinds.
  std::optional<BtfTypeId> returned_by(BtfTypeId function) const;
  // Of an integer or enum.
  bool is_signed(BtfTypeId type) const;
  // The value of an enumerator, "SCX_OPS_ENABLED", of any enum.
  std::optional<std::int64_t> enumerator(std::string_view name) const;
  // Of a section of data (BTF_KIND_DATASEC): its variables with the types that they have. None for other kinds.
  std::vector<BtfMember> variables_of(BtfTypeId section) const;
  // All of an enum, in their order; none for other kinds.
  std::vector<BtfEnumerator> enumerators_of(BtfTypeId type) const;

 private:
  struct Header {
    std::uint32_t name_offset = 0;
    std::uint32_t info = 0;
    std::uint32_t size_or_type = 0;
  };

  Btf() = default;
  Status index_types();
  std::optional<Header> header(BtfTypeId type) const;
  ByteSpan payload(BtfTypeId type) const;
  BtfTypeId prototype(BtfTypeId function) const;
  std::string_view string_at(std::uint32_t offset) const;
  std::optional<BtfMember> find_member(BtfTypeId type, std::string_view name, int& budget) const;

  ByteVector bytes_;
  ByteSpan types_;
  ByteSpan strings_;
  std::vector<std::uint32_t> offsets_;  // of type id - 1, in types_
  std::unordered_multimap<std::string_view, BtfTypeId> by_name_;
};

}  // namespace ktstr
