// SPDX-License-Identifier: Apache-2.0
#include "kernel_state/read_value.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;
using Step = Expression::Step;

constexpr int kDeepest = 3;                  // of structs in a struct
constexpr std::uint32_t kMostElements = 64;  // of an array
constexpr int kMostValues = 5000;
constexpr std::size_t kMostNames = 12;  // in an error

// A typed piece of memory.
struct Place {
  std::uint64_t address = 0;
  const Btf* btf = nullptr;
  BtfTypeId type = 0;
  int pointers = 0;        // that it is of the type, by a cast
  std::uint32_t bits = 0;  // of a bit field, else 0
  std::uint32_t first_bit = 0;
  std::uint64_t elements = 0, stride = 0;  // of a map that is an array; 0: it is none
};

bool is_pointer(const Place& place) {
  return place.pointers > 0 || place.btf->kind(place.btf->strip(place.type)) == BtfKind::kPtr;
}

class ValueReader {
 public:
  ValueReader(const GuestState& state, const Expression& expression) : state_(state), expression_(expression) {}

  Result<Json> read() {
    if (expression_.of_bpf) return of_bpf();
    if (expression_.name == "task") return of_task();
    const auto symbol = state_.names().symbols.find(expression_.name);
    if (!symbol)
      return Error(ErrorCode::kNotFound, fmt::format("this kernel has no variable '{}'", expression_.name))
          .with_hint("'bpf:NAME' is one of the BPF scheduler; /proc/kallsyms of a guest lists the kernel's");
    KTSTR_TRY_ASSIGN(Place place, typed(symbol->address));
    if (!state_.is_per_cpu(symbol->address)) return at_end_of(place, 0);
    if (!expression_.steps.empty() && expression_.steps.front().kind == Step::Kind::kIndex) {
      const std::uint64_t cpu = expression_.steps.front().index;
      const auto offset = state_.per_cpu_offset(static_cast<int>(std::min<std::uint64_t>(cpu, INT32_MAX)));
      if (!offset)
        return fail(ErrorCode::kNotFound, "{} is per CPU, and this guest has no CPU {}; it has {}", expression_.name,
                    cpu, state_.cpus());
      place.address += *offset;
      return at_end_of(place, 1);
    }
    Json all = Json::array();
    for (int cpu = 0; cpu < state_.cpus(); ++cpu) {
      Place here = place;
      const auto offset = state_.per_cpu_offset(cpu);
      if (!offset) return fail(ErrorCode::kNotFound, "the kernel does not say where variables of CPU {} are", cpu);
      here.address += *offset;
      KTSTR_TRY_ASSIGN(Json value, at_end_of(here, 0));
      all.push_back(std::move(value));
    }
    return all;
  }

 private:
  const Btf& kernel_btf() const { return state_.names().btf; }

  Result<Json> of_task() {
    const std::uint64_t pid = expression_.steps.front().index;
    const auto task = state_.task(pid);
    if (!task) return fail(ErrorCode::kNotFound, "no task has the pid {}", pid);
    const auto type = kernel_btf().find("task_struct", BtfKind::kStruct);
    if (!type) return fail(ErrorCode::kNotFound, "this kernel's BTF has no task_struct");
    return at_end_of({.address = *task, .btf = &kernel_btf(), .type = *type}, 1);
  }

  Result<Json> of_bpf() {
    const std::vector<BpfVariable>& all = state_.bpf().variables;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const BpfVariable& one) { return one.name == expression_.name; });
    if (found == all.end()) {
      std::vector<std::string> names;
      for (const BpfVariable& one : all)
        if (names.size() < kMostNames) names.push_back(one.name);
      if (names.empty())
        return fail(ErrorCode::kNotFound, "there is no BPF scheduler now, or it has no variables that BTF describes");
      return fail(ErrorCode::kNotFound, "the BPF scheduler has no variable '{}'; it has {}{}", expression_.name,
                  fmt::join(names, ", "), all.size() > names.size() ? ", ..." : "");
    }
    Place place{.address = found->start,
                .btf = found->btf,
                .type = found->type,
                .elements = found->elements,
                .stride = found->stride};
    if (!expression_.cast.empty()) {
      KTSTR_TRY_ASSIGN(place.type, type_named(*found->btf, expression_.cast));
      place.pointers = expression_.cast_pointers;
    }
    return at_end_of(place, 0);
  }

  static Result<BtfTypeId> type_named(const Btf& btf, const std::string& name) {
    for (const BtfKind kind :
         {BtfKind::kStruct, BtfKind::kUnion, BtfKind::kTypedef, BtfKind::kInt, BtfKind::kEnum, BtfKind::kEnum64})
      if (const auto type = btf.find(name, kind)) return *type;
    return fail(ErrorCode::kNotFound, "there is no type '{}'", name);
  }

  // A variable of the kernel's image with its type: the one that was named, the one that BTF has, or that of a number.
  Result<Place> typed(std::uint64_t address) const {
    Place place{.address = address, .btf = &kernel_btf(), .type = 0, .pointers = expression_.cast_pointers};
    if (!expression_.cast.empty()) {
      KTSTR_TRY_ASSIGN(place.type, type_named(kernel_btf(), expression_.cast));
      return place;
    }
    if (const auto variable = kernel_btf().find(expression_.name, BtfKind::kVar)) {
      place.type = kernel_btf().target(*variable);
      if (place.type != 0) return place;
    }
    if (const auto section = kernel_btf().find(".data..percpu", BtfKind::kDatasec))
      for (const BtfMember& variable : kernel_btf().variables_of(*section))
        if (variable.name == expression_.name) place.type = variable.type;
    if (place.type != 0) return place;
    const auto next = state_.names().symbols.after(address);
    const std::uint64_t bytes = next ? next->address - address : 0;
    for (const auto& [name, size] : {std::pair("unsigned char", 1), std::pair("short unsigned int", 2),
                                     std::pair("unsigned int", 4), std::pair("long unsigned int", 8)})
      if (bytes == static_cast<std::uint64_t>(size))
        if (const auto type = kernel_btf().find(name, BtfKind::kInt)) place.type = *type;
    if (place.type != 0) return place;
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("the kernel does not say which type {} has ({} bytes)", expression_.name, bytes))
        .with_hint(fmt::format("name it: (rq*){0} or (u64){0}", expression_.name));
  }

  // What is there after the steps from `first` on.
  Result<Json> at_end_of(Place place, std::size_t first) {
    for (std::size_t i = first; i < expression_.steps.size(); ++i) {
      const Step& step = expression_.steps[i];
      if (step.kind == Step::Kind::kIndex) {
        KTSTR_TRY_ASSIGN(place, element(place, step.index));
        continue;
      }
      // A pointer to a struct is followed by either, as a debugger does.
      if (is_pointer(place)) {
        KTSTR_TRY_ASSIGN(place, followed(place, step.name));
      }
      KTSTR_TRY_ASSIGN(place, member(place, step.name));
    }
    if (place.elements > 0) return elements_of(place);
    return value(place, kDeepest);
  }

  Result<Place> followed(const Place& place, std::string_view for_what) const {
    const auto to = state_.number(place.address, 8);
    if (!to || *to == 0)
      return fail(ErrorCode::kNotFound, "the pointer before '{}' is {}", for_what, to ? "null" : "in no memory");
    Place target{.address = *to, .btf = place.btf, .type = place.type, .pointers = place.pointers - 1};
    if (place.pointers == 0) {
      target.pointers = 0;
      target.type = place.btf->target(place.btf->strip(place.type));
    }
    return target;
  }

  Result<Place> element(const Place& place, std::uint64_t index) const {
    if (place.elements > 0) {
      if (index >= place.elements)
        return fail(ErrorCode::kNotFound, "{} has {} elements, so none with index {}", expression_.name, place.elements,
                    index);
      return Place{.address = place.address + index * place.stride, .btf = place.btf, .type = place.type};
    }
    if (is_pointer(place)) {
      KTSTR_TRY_ASSIGN(Place target, followed(place, "[]"));
      target.address += index * (target.pointers > 0 ? 8 : place.btf->size_of(target.type));
      return target;
    }
    const BtfTypeId type = place.btf->strip(place.type);
    const std::uint32_t length = place.btf->array_length(type);
    if (place.btf->kind(type) != BtfKind::kArray)
      return fail(ErrorCode::kInvalidArgument, "what [{}] stands after is no array", index);
    if (index >= length)
      return fail(ErrorCode::kNotFound, "the array has {} elements, so none with index {}", length, index);
    const BtfTypeId of = place.btf->target(type);
    return Place{.address = place.address + index * place.btf->size_of(of), .btf = place.btf, .type = of};
  }

  Result<Place> member(const Place& place, const std::string& name) const {
    const auto type = place.btf->struct_of(place.type);
    if (!type) return fail(ErrorCode::kInvalidArgument, "what '{}' is to be a member of is no struct", name);
    const auto found = place.btf->member_of(place.btf->strip(place.type), name);
    if (!found) {
      std::vector<std::string_view> names;
      for (const BtfMember& one : type->members)
        if (!one.name.empty() && names.size() < kMostNames) names.push_back(one.name);
      return fail(ErrorCode::kNotFound, "struct {} has no member '{}'; it has {}{}", type->name, name,
                  fmt::join(names, ", "), type->members.size() > names.size() ? ", ..." : "");
    }
    return member_place(place, *found);
  }

  static Place member_place(const Place& place, const BtfMember& found) {
    return {.address = place.address + found.offset_bits / 8,
            .btf = place.btf,
            .type = found.type,
            .bits = found.bitfield_bits,
            .first_bit = static_cast<std::uint32_t>(found.offset_bits % 8)};
  }

  Json elements_of(const Place& place) {
    Json all = Json::array();
    for (std::uint64_t i = 0; i < place.elements && i < kMostElements; ++i)
      all.push_back(
          value({.address = place.address + i * place.stride, .btf = place.btf, .type = place.type}, kDeepest - 1));
    if (place.elements > kMostElements) all.push_back("...");
    return all;
  }

  // Whatever is in the memory: types have an end, and so have the values that are read.
  Json value(const Place& place, int deeper) {
    if (++values_ > kMostValues) return "...";
    const BtfTypeId type = place.btf->strip(place.type);
    if (is_pointer(place)) return pointer(place);
    switch (place.btf->kind(type)) {
      case BtfKind::kStruct:
      case BtfKind::kUnion:
        return deeper == 0 ? Json("{...}") : members(place, deeper);
      case BtfKind::kArray:
        return array(place, type, deeper);
      case BtfKind::kEnum:
      case BtfKind::kEnum64:
        return enumerator(place, type);
      case BtfKind::kInt:
        return integer(place, type);
      default:
        return nullptr;
    }
  }

  Json pointer(const Place& place) const {
    const auto to = state_.number(place.address, 8);
    if (!to) return nullptr;
    if (*to == 0) return "0x0";
    const auto symbol = state_.names().symbols.at_or_before(*to);
    return symbol && symbol->address == *to ? fmt::format("{:#x} <{}>", *to, symbol->name) : fmt::format("{:#x}", *to);
  }

  Json members(const Place& place, int deeper) {
    Json all = Json::object();
    const auto type = place.btf->struct_of(place.type);
    if (!type) return nullptr;
    for (const BtfMember& one : type->members) {
      const Json inner = value(member_place(place, one), one.name.empty() ? deeper : deeper - 1);
      if (!one.name.empty()) {
        all[std::string(one.name)] = inner;
      } else if (inner.is_object()) {
        for (const auto& [name, of] : inner.items()) all[name] = of;
      }
    }
    return all;
  }

  Json array(const Place& place, BtfTypeId type, int deeper) {
    const BtfTypeId of = place.btf->target(type), plain = place.btf->strip(of);
    const std::uint32_t length = place.btf->array_length(type);
    const std::uint64_t size = place.btf->size_of(of);
    if (place.btf->kind(plain) == BtfKind::kInt && size == 1 && place.btf->name(plain) == "char")
      return text(place.address, length);
    Json all = Json::array();
    for (std::uint32_t i = 0; i < length && i < kMostElements; ++i)
      all.push_back(
          value({.address = place.address + i * size, .btf = place.btf, .type = of}, deeper - 1 < 0 ? 0 : deeper - 1));
    if (length > kMostElements) all.push_back("...");
    return all;
  }

  Json text(std::uint64_t address, std::uint32_t length) const {
    std::string made;
    for (std::uint32_t i = 0; i < length && i < 256; ++i) {
      const auto byte = state_.number(address + i, 1);
      if (!byte) return nullptr;
      if (*byte == 0) break;
      made += static_cast<char>(*byte);
    }
    return made;
  }

  std::optional<std::uint64_t> raw(const Place& place, std::uint64_t bytes) const {
    if (place.bits == 0) return state_.number(place.address, std::min<std::uint64_t>(bytes, 8));
    const auto word = state_.number(place.address, (place.first_bit + place.bits + 7) / 8);
    if (!word || place.first_bit + place.bits > 64) return std::nullopt;
    return *word >> place.first_bit & (place.bits == 64 ? UINT64_MAX : (std::uint64_t{1} << place.bits) - 1);
  }

  static std::int64_t widened(std::uint64_t value, std::uint64_t bits) {
    if (bits == 0 || bits >= 64) return static_cast<std::int64_t>(value);
    const std::uint64_t sign = std::uint64_t{1} << (bits - 1);
    return static_cast<std::int64_t>((value ^ sign) - sign);
  }

  Json integer(const Place& place, BtfTypeId type) const {
    const std::uint64_t bytes = place.btf->size_of(type);
    const auto value = raw(place, bytes);
    if (!value) return nullptr;
    if (place.btf->name(type) == "_Bool" || place.btf->name(type) == "bool") return *value != 0;
    if (!place.btf->is_signed(type)) return *value;
    return widened(*value, place.bits != 0 ? place.bits : 8 * bytes);
  }

  Json enumerator(const Place& place, BtfTypeId type) const {
    const std::uint64_t bytes = place.btf->size_of(type);
    const auto value = raw(place, bytes);
    if (!value) return nullptr;
    const std::int64_t number = widened(*value, place.bits != 0 ? 64 : 8 * bytes);
    for (const BtfEnumerator& one : place.btf->enumerators_of(type))
      if (one.value == number || static_cast<std::uint64_t>(one.value) == *value) return std::string(one.name);
    return number;
  }

  const GuestState& state_;
  const Expression& expression_;
  int values_ = 0;
};

}  // namespace

Result<Json> read_value(const GuestState& state, const Expression& expression) {
  return ValueReader(state, expression).read();
}

std::string value_text(const std::string& expression, const Json& value) {
  return fmt::format("{} = {}\n", expression,
                     value.dump(value.is_structured() ? 2 : -1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace ktstr
