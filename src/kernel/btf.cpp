// SPDX-License-Identifier: Apache-2.0
#include "kernel/btf.h"

#include <algorithm>
#include <array>

#include "kernel/bounded_bytes.h"

namespace ktstr {
namespace {

constexpr std::uint16_t kMagic = 0xeb9f;
constexpr std::uint64_t kTypeHeaderSize = 12;
constexpr std::uint64_t kMemberSize = 12;
constexpr std::uint64_t kPointerSize = 8;
// A chain of typedefs and qualifiers longer than this is a cycle.
constexpr int kDeepest = 64;
// A struct that reaches more structs than this through anonymous members contains itself. (task_struct has ~20.)
constexpr int kMostAnonymous = 1000;

constexpr std::uint32_t vlen_of(std::uint32_t info) { return info & 0xffff; }
constexpr bool kind_flag_of(std::uint32_t info) { return (info >> 31) != 0; }
constexpr std::uint32_t raw_kind_of(std::uint32_t info) { return (info >> 24) & 0x1f; }

// What follows struct btf_type; nullopt for a kind that we do not know, which ends what can be read.
std::optional<std::uint64_t> payload_size(std::uint32_t info) {
  const std::uint64_t vlen = vlen_of(info);
  switch (static_cast<BtfKind>(raw_kind_of(info))) {
    case BtfKind::kInt:
    case BtfKind::kVar:
    case BtfKind::kDeclTag:
      return 4;
    case BtfKind::kArray:
      return 12;
    case BtfKind::kStruct:
    case BtfKind::kUnion:
    case BtfKind::kDatasec:
    case BtfKind::kEnum64:
      return vlen * 12;
    case BtfKind::kEnum:
    case BtfKind::kFuncProto:
      return vlen * 8;
    case BtfKind::kPtr:
    case BtfKind::kFwd:
    case BtfKind::kTypedef:
    case BtfKind::kVolatile:
    case BtfKind::kConst:
    case BtfKind::kRestrict:
    case BtfKind::kFunc:
    case BtfKind::kFloat:
    case BtfKind::kTypeTag:
      return 0;
    case BtfKind::kVoid:
      break;
  }
  return std::nullopt;
}

bool is_transparent(BtfKind kind) {
  return kind == BtfKind::kTypedef || kind == BtfKind::kVolatile || kind == BtfKind::kConst ||
         kind == BtfKind::kRestrict || kind == BtfKind::kTypeTag;
}

}  // namespace

Result<Btf> Btf::parse(ByteSpan section) {
  Btf btf;
  btf.bytes_.assign(section.begin(), section.end());
  const ByteSpan bytes = btf.bytes_;
  if (load<std::uint16_t>(bytes, 0) != kMagic) return fail(ErrorCode::kCorruptData, "BTF: wrong magic");
  if (load<std::uint8_t>(bytes, 2) != std::uint8_t{1})
    return fail(ErrorCode::kCorruptData, "BTF: only version 1 is known");
  const auto header_length = load<std::uint32_t>(bytes, 4);
  const auto type_offset = load<std::uint32_t>(bytes, 8);
  const auto type_length = load<std::uint32_t>(bytes, 12);
  const auto string_offset = load<std::uint32_t>(bytes, 16);
  const auto string_length = load<std::uint32_t>(bytes, 20);
  if (!string_length || *header_length < 24) return fail(ErrorCode::kCorruptData, "BTF: the header is cut short");
  const auto types = slice(bytes, std::uint64_t{*header_length} + *type_offset, *type_length);
  const auto strings = slice(bytes, std::uint64_t{*header_length} + *string_offset, *string_length);
  if (!types || !strings) return fail(ErrorCode::kCorruptData, "BTF: types or strings lie outside of the section");
  btf.types_ = *types;
  btf.strings_ = *strings;
  KTSTR_TRY(btf.index_types());
  return btf;
}

Status Btf::index_types() {
  std::uint64_t position = 0;
  while (position < types_.size()) {
    const auto info = load<std::uint32_t>(types_, position + 4);
    const auto name_offset = load<std::uint32_t>(types_, position);
    const std::size_t id = offsets_.size() + 1;
    if (!info) return fail(ErrorCode::kCorruptData, "BTF: type {} is cut short", id);
    const auto extra = payload_size(*info);
    if (!extra) return fail(ErrorCode::kCorruptData, "BTF: type {} has the unknown kind {}", id, raw_kind_of(*info));
    if (!slice(types_, position, kTypeHeaderSize + *extra))
      return fail(ErrorCode::kCorruptData, "BTF: type {} is cut short", id);
    offsets_.push_back(static_cast<std::uint32_t>(position));
    position += kTypeHeaderSize + *extra;
    if (const std::string_view text = string_at(*name_offset); !text.empty())
      by_name_.emplace(text, static_cast<BtfTypeId>(id));
  }
  return ok();
}

std::optional<Btf::Header> Btf::header(BtfTypeId type) const {
  if (type == 0 || type > offsets_.size()) return std::nullopt;
  const std::uint32_t at = offsets_[type - 1];  // checked by index_types()
  return Header{*load<std::uint32_t>(types_, at), *load<std::uint32_t>(types_, at + 4),
                *load<std::uint32_t>(types_, at + 8)};
}

ByteSpan Btf::payload(BtfTypeId type) const {
  const auto found = header(type);
  if (!found) return {};
  return *slice(types_, offsets_[type - 1] + kTypeHeaderSize, *payload_size(found->info));
}

std::string_view Btf::string_at(std::uint32_t offset) const {
  return c_string_at(strings_, offset).value_or(std::string_view{});
}

BtfKind Btf::kind(BtfTypeId type) const {
  const auto found = header(type);
  return found ? static_cast<BtfKind>(raw_kind_of(found->info)) : BtfKind::kVoid;
}

std::string_view Btf::name(BtfTypeId type) const {
  const auto found = header(type);
  return found ? string_at(found->name_offset) : std::string_view{};
}

// The lowest id, so that the answer does not depend on the hash order.
std::optional<BtfTypeId> Btf::find(std::string_view name, BtfKind wanted) const {
  std::optional<BtfTypeId> best;
  const auto [begin, end] = by_name_.equal_range(name);
  for (auto it = begin; it != end; ++it)
    if (kind(it->second) == wanted && (!best || it->second < *best)) best = it->second;
  return best;
}

bool Btf::has_type(std::string_view name) const {
  constexpr std::array kTypes = {BtfKind::kStruct, BtfKind::kUnion, BtfKind::kEnum,   BtfKind::kEnum64,
                                 BtfKind::kInt,    BtfKind::kFloat, BtfKind::kTypedef};
  return std::any_of(kTypes.begin(), kTypes.end(), [&](BtfKind wanted) { return find(name, wanted).has_value(); });
}

std::optional<BtfStruct> Btf::find_struct(std::string_view name) const {
  if (const auto id = find(name, BtfKind::kStruct)) return struct_of(*id);
  if (const auto id = find(name, BtfKind::kUnion)) return struct_of(*id);
  return std::nullopt;
}

std::optional<BtfStruct> Btf::struct_of(BtfTypeId type) const {
  type = strip(type);
  const auto found = header(type);
  if (!found || (kind(type) != BtfKind::kStruct && kind(type) != BtfKind::kUnion)) return std::nullopt;
  BtfStruct result{.id = type,
                   .name = string_at(found->name_offset),
                   .is_union = kind(type) == BtfKind::kUnion,
                   .size = found->size_or_type,
                   .members = {}};
  const ByteSpan bytes = payload(type);
  for (std::uint64_t at = 0; at < bytes.size(); at += kMemberSize) {
    const std::uint32_t offset = *load<std::uint32_t>(bytes, at + 8);
    // With the kind flag the upper eight bits hold the width of a bit-field (Documentation/bpf/btf.rst, 2.2.4).
    const bool packed = kind_flag_of(found->info);
    result.members.push_back({.name = string_at(*load<std::uint32_t>(bytes, at)),
                              .type = *load<std::uint32_t>(bytes, at + 4),
                              .offset_bits = packed ? offset & 0xffffff : offset,
                              .bitfield_bits = packed ? offset >> 24 : 0});
  }
  return result;
}

std::optional<BtfMember> Btf::find_member(BtfTypeId type, std::string_view name, int& budget) const {
  const auto outer = --budget > 0 ? struct_of(type) : std::nullopt;
  if (!outer) return std::nullopt;
  for (const BtfMember& member : outer->members)
    if (member.name == name) return member;
  for (const BtfMember& member : outer->members) {
    if (!member.name.empty()) continue;
    auto inner = find_member(member.type, name, budget);
    if (!inner) continue;
    inner->offset_bits += member.offset_bits;
    return inner;
  }
  return std::nullopt;
}

Result<BtfMember> Btf::member(std::string_view struct_name, std::string_view path) const {
  const auto outer = find_struct(struct_name);
  if (!outer) return fail(ErrorCode::kNotFound, "the kernel has no struct {}", struct_name);
  return member_of(outer->id, path);
}

Result<BtfMember> Btf::member_of(BtfTypeId struct_type, std::string_view path) const {
  const auto outer = struct_of(struct_type);
  if (!outer) return fail(ErrorCode::kNotFound, "type {} of the kernel is not a struct", struct_type);
  const std::string_view struct_name = outer->name;
  BtfMember at{.name = {}, .type = outer->id, .offset_bits = 0, .bitfield_bits = 0};
  std::string_view rest = path;
  for (;;) {
    const std::size_t dot = rest.find('.');
    const std::string_view component = rest.substr(0, dot);
    int budget = kMostAnonymous;
    auto next = component.empty() ? std::nullopt : find_member(at.type, component, budget);
    if (!next)
      return fail(ErrorCode::kNotFound, "the kernel's struct {} has no member {}", struct_name,
                  path.substr(0, static_cast<std::size_t>(rest.data() - path.data()) + component.size()));
    next->offset_bits += at.offset_bits;
    at = *next;
    if (dot == rest.npos) return at;
    rest.remove_prefix(dot + 1);
  }
}

Result<std::uint64_t> Btf::member_offset_bits(std::string_view struct_name, std::string_view path) const {
  KTSTR_TRY_ASSIGN(const BtfMember found, member(struct_name, path));
  return found.offset_bits;
}

BtfTypeId Btf::strip(BtfTypeId type) const {
  for (int depth = 0; depth < kDeepest && is_transparent(kind(type)); ++depth) type = header(type)->size_or_type;
  return is_transparent(kind(type)) ? 0 : type;
}

BtfTypeId Btf::target(BtfTypeId type) const {
  const BtfKind what = kind(type);
  if (what == BtfKind::kArray) return *load<std::uint32_t>(payload(type), 0);
  if (what == BtfKind::kPtr || what == BtfKind::kFunc || what == BtfKind::kVar || is_transparent(what))
    return header(type)->size_or_type;
  return 0;
}

std::uint32_t Btf::array_length(BtfTypeId type) const {
  return kind(type) == BtfKind::kArray ? *load<std::uint32_t>(payload(type), 8) : 0;
}

std::uint64_t Btf::size_of(BtfTypeId type) const {
  std::uint64_t elements = 1;
  for (int depth = 0; depth < kDeepest; ++depth) {
    type = strip(type);
    switch (kind(type)) {
      case BtfKind::kPtr:
        return elements * kPointerSize;
      case BtfKind::kInt:
      case BtfKind::kStruct:
      case BtfKind::kUnion:
      case BtfKind::kEnum:
      case BtfKind::kEnum64:
      case BtfKind::kFloat:
      case BtfKind::kDatasec:
        return elements * header(type)->size_or_type;
      case BtfKind::kArray:
        elements *= array_length(type);  // wraps for absurd input; unsigned, so harmless
        type = target(type);
        break;
      default:
        return 0;
    }
  }
  return 0;
}

// Of a function, or of what points to one.
BtfTypeId Btf::prototype(BtfTypeId function) const {
  for (int depth = 0; depth < kDeepest && kind(function) != BtfKind::kFuncProto && function != 0; ++depth)
    function = target(function);
  return function;
}

std::optional<BtfTypeId> Btf::returned_by(BtfTypeId function) const {
  function = prototype(function);
  if (kind(function) != BtfKind::kFuncProto) return std::nullopt;
  return header(function)->size_or_type;
}

bool Btf::is_signed(BtfTypeId type) const {
  constexpr std::uint32_t kSignedInt = 1;  // BTF_INT_SIGNED, of an encoding in bits 24 to 27
  const auto found = header(type);
  if (!found) return false;
  if (kind(type) == BtfKind::kInt) return (load<std::uint32_t>(payload(type), 0).value_or(0) >> 24 & kSignedInt) != 0;
  return (kind(type) == BtfKind::kEnum || kind(type) == BtfKind::kEnum64) && kind_flag_of(found->info);
}

std::vector<BtfMember> Btf::parameters(BtfTypeId function) const {
  function = prototype(function);
  std::vector<BtfMember> result;
  if (kind(function) != BtfKind::kFuncProto) return result;
  const ByteSpan bytes = payload(function);
  for (std::uint64_t at = 0; at < bytes.size(); at += 8)
    result.push_back({.name = string_at(*load<std::uint32_t>(bytes, at)),
                      .type = *load<std::uint32_t>(bytes, at + 4),
                      .offset_bits = 0,
                      .bitfield_bits = 0});
  return result;
}

std::vector<BtfMember> Btf::variables_of(BtfTypeId section) const {
  std::vector<BtfMember> all;
  if (kind(section) != BtfKind::kDatasec) return all;
  const ByteSpan variables = payload(section);
  for (std::uint64_t at = 0; at + 12 <= variables.size(); at += 12) {
    const BtfTypeId variable = *load<std::uint32_t>(variables, at);
    if (kind(variable) != BtfKind::kVar) continue;
    all.push_back({.name = name(variable),
                   .type = target(variable),
                   .offset_bits = std::uint64_t{8} * *load<std::uint32_t>(variables, at + 4),
                   .bitfield_bits = 0});
  }
  return all;
}

std::vector<BtfEnumerator> Btf::enumerators_of(BtfTypeId type) const {
  std::vector<BtfEnumerator> all;
  const BtfKind what = kind(type);
  if (what != BtfKind::kEnum && what != BtfKind::kEnum64) return all;
  const bool is_signed = kind_flag_of(header(type)->info);
  const ByteSpan values = payload(type);
  const std::uint64_t step = what == BtfKind::kEnum ? 8 : 12;
  for (std::uint64_t at = 0; at + step <= values.size(); at += step) {
    const std::uint32_t low = *load<std::uint32_t>(values, at + 4);
    std::int64_t value = is_signed ? std::int64_t{static_cast<std::int32_t>(low)} : std::int64_t{low};
    if (what == BtfKind::kEnum64)
      value = static_cast<std::int64_t>(std::uint64_t{*load<std::uint32_t>(values, at + 8)} << 32 | low);
    all.push_back({string_at(*load<std::uint32_t>(values, at)), value});
  }
  return all;
}

std::optional<std::int64_t> Btf::enumerator(std::string_view name) const {
  for (BtfTypeId id = 1; id <= offsets_.size(); ++id)
    for (const BtfEnumerator& one : enumerators_of(id))
      if (one.name == name) return one.value;
  return std::nullopt;
}

}  // namespace ktstr
