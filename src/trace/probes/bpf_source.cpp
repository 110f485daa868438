// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/bpf_source.h"

#include <algorithm>
#include <map>
#include <set>

#include "trace/events.h"
#include "trace/probes/data_members.h"

namespace ktstr {

namespace {

// Of all programs of a scheduler together: a guest may say that there are more.
constexpr std::uint64_t kMostLinesLookedAt = 100'000, kMostMapsLookedAt = 1000, kMostDataSeen = 10'000;
constexpr std::uint64_t kMostBtfBytes = 8 << 20, kMostMembersLookedAt = 100'000;
constexpr std::size_t kLongestText = 104;
// As much as the kernel keeps for an arena, with what guards it (kernel/bpf/arena.c).
constexpr std::uint64_t kArenaBytes = (std::uint64_t{4} << 30) + (64 << 10), kWordOfArena = 8;

// struct bpf_line_info (include/uapi/linux/bpf.h): numbers of 32 bits. The last has the line above its ten lowest bits.
constexpr std::uint64_t kLineInfoBytes = 16, kFileName = 4, kLineText = 8, kLineColumn = 12, kLineShift = 10;

// Without what it is indented by.
std::string line_text(std::string text) {
  text.erase(0, text.find_first_not_of(" \t?"));
  return text;
}

// Its end says more than its beginning.
template <std::size_t Words>
void put_end_of(std::string_view text, TraceText<Words>& into) {
  put_text(text.size() > Words * 8 ? text.substr(text.size() - Words * 8) : text, into);
}

class Source {
 public:
  Source(std::uint64_t time_ns, const control::GuestSpace& kernel, const BpfSourceLayout& layout)
      : time_ns_(time_ns), kernel_(kernel), layout_(layout) {}

  BpfSource all() {
    const std::vector<BpfFunction> functions = bpf_functions(kernel_, layout_.functions);
    for (const BpfFunction& function : functions) {
      trace::FunctionSeen seen{.start = function.start, .end = function.end, .name = {}};
      put_text(function.name, seen.name);
      give(seen);
    }
    for (const BpfFunction& function : functions) lines_of(function);
    for (const auto& [start, line] : lines_) give(line);
    for (const BpfFunction& function : functions) maps_of(function);
    return {std::move(events_), std::move(scattered_), std::move(variables_), std::move(types_)};
  }

 private:
  template <typename T>
  void give(const T& of_kind) {
    events_.push_back(make_event(time_ns_, 0, of_kind));
  }
  std::uint64_t number(std::uint64_t address, std::size_t bytes) const {
    return kernel_.load(address, bytes).value_or(0);
  }

  // All functions of a program have the same table. Where several lines are at one address, the last one of the source
  // has it.
  void lines_of(const BpfFunction& function) {
    const std::uint64_t lines = number(function.aux + layout_.aux.lines, 8);
    const std::uint64_t starts = number(function.aux + layout_.aux.line_starts, 8);
    const std::uint64_t count = number(function.aux + layout_.aux.line_count, 4);
    const std::uint64_t btf = number(function.aux + layout_.aux.btf, 8);
    if (lines == 0 || starts == 0 || btf == 0 || !line_tables_.insert(starts).second) return;
    const std::uint64_t strings = number(btf + layout_.btf.strings, 8);
    for (std::uint64_t i = 0; i < count && lines_looked_at_ < kMostLinesLookedAt; ++i, ++lines_looked_at_) {
      const std::uint64_t start = number(starts + i * 8, 8), info = lines + i * kLineInfoBytes;
      if (start < kBpfRange.first || start >= kBpfRange.second) continue;
      trace::BpfLineSeen& seen = lines_[start];
      seen = {.start = start,
              .line = static_cast<std::uint32_t>(number(info + kLineColumn, 4) >> kLineShift),
              .file = {},
              .text = {}};
      put_end_of(text_at(kernel_, strings + number(info + kFileName, 4), 4 * kLongestText), seen.file);
      put_text(line_text(text_at(kernel_, strings + number(info + kLineText, 4), kLongestText)), seen.text);
    }
  }

  void maps_of(const BpfFunction& function) {
    const std::uint64_t maps = number(function.aux + layout_.aux.maps, 8);
    const std::uint64_t count = number(function.aux + layout_.aux.map_count, 4);
    for (std::uint64_t i = 0; maps != 0 && i < count && maps_looked_at_ < kMostMapsLookedAt; ++i, ++maps_looked_at_)
      if (const std::uint64_t map = number(maps + i * 8, 8); map != 0 && maps_.insert(map).second) look_at(map);
  }

  void look_at(std::uint64_t map) {
    const std::uint64_t kind = number(map + layout_.map.type, 4);
    if (kind != 0 && std::find(layout_.scattered.begin(), layout_.scattered.end(), kind) != layout_.scattered.end())
      return look_at_scattered(map);
    if (kind != 0 && kind == layout_.type_of_arenas) return look_at_arena(map);
    if (kind != layout_.type_of_arrays) return;
    const std::string name = text_at(kernel_, map + layout_.map.name, layout_.map.name_bytes);
    const std::uint64_t start = map + layout_.array.values;
    const std::uint64_t entries = number(map + layout_.map.entries, 4);
    const std::uint64_t stride = number(map + layout_.array.element_bytes, 4);
    const auto type = static_cast<BtfTypeId>(number(map + layout_.map.value_type, 4));
    const Btf* const btf = types_at(number(map + layout_.map.btf, 8));
    if (btf != nullptr && btf->kind(type) == BtfKind::kDatasec) {
      for (const BtfMember& variable : btf->variables_of(type)) {
        if (data_ == kMostDataSeen) return;
        const std::uint64_t at = start + variable.offset_bits / 8;
        data(*btf, std::string(variable.name), at, variable.type);
        variables_.push_back({.name = std::string(variable.name), .start = at, .btf = btf, .type = variable.type});
      }
      return;
    }
    trace::DataSeen seen{
        .number = data_++, .start = start, .bytes = entries * stride, .element = entries > 1 ? stride : 0, .name = {}};
    put_text(name, seen.name);
    give(seen);
    if (btf == nullptr) return;
    members_of(*btf, type, seen.number);
    if (type != 0) variables_.push_back({name, start, btf, type, entries, stride});
  }

  void look_at_scattered(std::uint64_t map) {
    const std::uint64_t key = (number(map + layout_.map.key_bytes, 4) + 7) / 8 * 8;
    const ScatteredMap& made =
        scattered_.emplace_back(ScatteredMap{.address = map,
                                             .number = data_++,
                                             .name = text_at(kernel_, map + layout_.map.name, layout_.map.name_bytes),
                                             .value_bytes = number(map + layout_.map.value_bytes, 4),
                                             .value_offset = layout_.key_of_element + key});
    if (const Btf* const btf = types_at(number(map + layout_.map.btf, 8)))
      members_of(*btf, static_cast<BtfTypeId>(number(map + layout_.map.value_type, 4)), made.number);
  }

  // What lies in it is the program's own business.
  void look_at_arena(std::uint64_t map) {
    const std::uint64_t area = number(map + layout_.area_of_arena, 8);
    const std::uint64_t start = area == 0 ? 0 : number(area + layout_.address_of_area, 8);
    if (start == 0) return;
    trace::DataSeen seen{.number = data_++, .start = start, .bytes = kArenaBytes, .element = kWordOfArena, .name = {}};
    put_text(text_at(kernel_, map + layout_.map.name, layout_.map.name_bytes), seen.name);
    give(seen);
  }

  void data(const Btf& btf, const std::string& name, std::uint64_t start, BtfTypeId type) {
    type = btf.strip(type);
    BtfTypeId element = type;
    if (btf.array_length(type) != 0) element = btf.strip(btf.target(type));
    trace::DataSeen seen{.number = data_++,
                         .start = start,
                         .bytes = btf.size_of(type),
                         .element = element == type ? 0 : btf.size_of(element),
                         .name = {}};
    put_text(name, seen.name);
    give(seen);
    members_of(btf, element, seen.number);
  }

  void members_of(const Btf& btf, BtfTypeId type, std::uint32_t of) {
    for (const trace::MemberSeen& member : members_in(btf, type, of, members_left_)) give(member);
  }

  // nullptr where they cannot be read.
  const Btf* types_at(std::uint64_t btf) {
    if (btf == 0) return nullptr;
    const auto [known, is_new] = types_.try_emplace(btf);
    if (is_new) {
      const std::uint64_t data = number(btf + layout_.btf.data, 8), bytes = number(btf + layout_.btf.bytes, 4);
      if (bytes > kMostBtfBytes - btf_bytes_) return nullptr;
      btf_bytes_ += bytes;
      ByteVector copy(bytes);
      for (std::uint64_t at = 0; at < bytes; ++at) copy[at] = static_cast<std::byte>(number(data + at, 1));
      if (auto parsed = Btf::parse(copy)) known->second = *std::move(parsed);
    }
    return known->second ? &*known->second : nullptr;
  }

  std::uint64_t time_ns_;
  const control::GuestSpace& kernel_;
  const BpfSourceLayout& layout_;
  std::vector<TraceEvent> events_;
  std::vector<ScatteredMap> scattered_;
  std::vector<BpfVariable> variables_;
  std::map<std::uint64_t, trace::BpfLineSeen> lines_;
  std::set<std::uint64_t> maps_, line_tables_;
  std::map<std::uint64_t, std::optional<Btf>> types_;
  std::uint32_t data_ = 0;
  std::uint64_t lines_looked_at_ = 0, maps_looked_at_ = 0, members_left_ = kMostMembersLookedAt, btf_bytes_ = 0;
};

}  // namespace

Result<BpfSourceLayout> bpf_source_layout_of(const KernelSymbols& symbols, const Btf& btf) {
  BpfSourceLayout layout{.functions = bpf_layout_of(symbols, btf)};
  if (layout.functions.symbols == 0) return fail(ErrorCode::kNotFound, "this kernel does not show its BPF programs");
  const struct {
    std::string_view of, member;
    std::uint64_t& into;
  } rows[] = {
      {"bpf_prog_aux", "linfo", layout.aux.lines},
      {"bpf_prog_aux", "jited_linfo", layout.aux.line_starts},
      {"bpf_prog_aux", "nr_linfo", layout.aux.line_count},
      {"bpf_prog_aux", "btf", layout.aux.btf},
      {"bpf_prog_aux", "used_maps", layout.aux.maps},
      {"bpf_prog_aux", "used_map_cnt", layout.aux.map_count},
      {"btf", "data", layout.btf.data},
      {"btf", "data_size", layout.btf.bytes},
      {"btf", "strings", layout.btf.strings},
      {"bpf_map", "name", layout.map.name},
      {"bpf_map", "map_type", layout.map.type},
      {"bpf_map", "max_entries", layout.map.entries},
      {"bpf_map", "btf", layout.map.btf},
      {"bpf_map", "btf_value_type_id", layout.map.value_type},
      {"bpf_map", "key_size", layout.map.key_bytes},
      {"bpf_map", "value_size", layout.map.value_bytes},
      {"bpf_array", "elem_size", layout.array.element_bytes},
      {"bpf_array", "value", layout.array.values},
  };
  for (const auto& row : rows) {
    KTSTR_TRY_ASSIGN(const BtfMember member, btf.member(row.of, row.member));
    row.into = member.offset_bits / 8;
    if (row.member == "name") layout.map.name_bytes = btf.size_of(member.type);
  }
  const auto type = btf.enumerator("BPF_MAP_TYPE_ARRAY");
  if (!type) return fail(ErrorCode::kNotFound, "this kernel's BTF does not say what kinds of BPF maps there are");
  layout.type_of_arrays = static_cast<std::uint64_t>(*type);
  constexpr std::array<std::string_view, 4> kScattered{"BPF_MAP_TYPE_HASH", "BPF_MAP_TYPE_LRU_HASH",
                                                       "BPF_MAP_TYPE_TASK_STORAGE", "BPF_MAP_TYPE_CGRP_STORAGE"};
  for (std::size_t i = 0; i < kScattered.size(); ++i)
    layout.scattered[i] = static_cast<std::uint64_t>(btf.enumerator(kScattered[i]).value_or(0));
  const auto area = btf.member_offset_bits("bpf_arena", "kern_vm"),
             address = btf.member_offset_bits("vm_struct", "addr");
  if (area && address) {
    layout.type_of_arenas = static_cast<std::uint64_t>(btf.enumerator("BPF_MAP_TYPE_ARENA").value_or(0));
    layout.area_of_arena = *area / 8;
    layout.address_of_area = *address / 8;
  }
  // A kernel that calls it otherwise has names for all but hash maps.
  if (const auto key = btf.member_offset_bits("htab_elem", "key"))
    layout.key_of_element = *key / 8;
  else
    layout.scattered[0] = layout.scattered[1] = 0;
  return layout;
}

BpfSource bpf_source(std::uint64_t time_ns, const control::GuestSpace& kernel, const BpfSourceLayout& layout) {
  return Source(time_ns, kernel, layout).all();
}

}  // namespace ktstr
