// SPDX-License-Identifier: Apache-2.0
#include "kernel/probe_compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text/trimmed.h"

namespace ktstr {

namespace {

using control::Source;
using control::Step;

constexpr std::array<std::string_view, control::kRegisters> kRegisterNames = {"rdi", "rsi", "rdx", "rcx", "r8",
                                                                              "r9",  "rax", "rsp", "left"};
constexpr std::size_t kArgumentRegisters = 6;
constexpr std::uint32_t kLongestText = 32;

// "->" apart: "p->se.on_rq" is {"p", "se.on_rq"}.
std::vector<std::string_view> arrows(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto arrow = text.find("->");
    parts.push_back(text.substr(0, arrow));
    if (arrow == text.npos) return parts;
    text.remove_prefix(arrow + 2);
  }
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class Compiler {
 public:
  Compiler(const Btf& btf, BtfTypeId function, std::string_view expression, control::Probe& probe, ParametersIn where)
      : btf_(btf), function_(function), expression_(expression), probe_(probe), where_(where) {}

  bool is_text() const { return is_text_; }
  bool is_signed() const { return (narrow_ & control::kSigned) != 0; }
  Result<std::uint32_t> compile() {
    if (expression_.starts_with('=')) return constant();
    std::vector<std::string_view> parts = arrows(expression_);
    KTSTR_TRY(root(parts.front()));
    parts.erase(parts.begin());
    while (!parts.empty() && !parts.front().starts_with('*')) {
      KTSTR_TRY(follow(parts.front()));
      parts.erase(parts.begin());
    }
    if (parts.empty()) return kept();
    if (parts.size() > 1) return bad("nothing follows '*'");
    return bytes_at_pointer(parts.front().substr(1));
  }

 private:
  // Where what comes next is: source + offset, of a type.
  struct Place {
    Source source = Source::kRegister;
    std::uint8_t index = 0;
    std::uint64_t offset = 0;
    BtfTypeId type = 0;
    bool in_memory = false;  // at that address; else it is that number
  };

  Error bad(std::string_view why) const {
    return fail(ErrorCode::kInvalidArgument, "'{}' is not what a probe can look at: {}", expression_, why);
  }
  Error missing(std::string_view what) const {
    return fail(ErrorCode::kNotFound, "'{}': this kernel has no {}", expression_, what);
  }

  Result<std::uint8_t> add(const Step& step) {
    if (step.keep == 0) {
      for (std::uint32_t i = 0; i < probe_.steps; ++i) {
        const Step& other = probe_.step[i];
        if (other.source == step.source && other.index == step.index && other.bytes == step.bytes &&
            other.narrow == step.narrow && other.address == step.address)
          return static_cast<std::uint8_t>(i);
      }
    }
    if (probe_.steps == control::kMostSteps)
      return fail(ErrorCode::kUnsupported, "a probe looks at no more than {} things", control::kMostSteps);
    probe_.step[probe_.steps] = step;
    return static_cast<std::uint8_t>(probe_.steps++);
  }
  Result<std::uint8_t> add(std::uint64_t bytes, std::uint8_t keep) {
    return add({.source = place_.source,
                .index = place_.index,
                .bytes = static_cast<std::uint8_t>(place_.in_memory ? bytes : 0),
                .keep = keep,
                .narrow = narrow_,
                .address = place_.offset});
  }

  Result<std::uint32_t> constant() {
    const auto value = number<std::uint64_t>(expression_.substr(1));
    if (!value) return bad("a number follows '='");
    KTSTR_TRY(add({.source = Source::kAddress, .index = 0, .bytes = 0, .keep = 1, .narrow = 0, .address = *value}));
    return std::uint32_t{1};
  }

  Status root(std::string_view name) {
    if (name == "$ret") return returned();
    if (name.starts_with('$')) {
      const auto colon = name.find(':');
      const auto found = std::find(kRegisterNames.begin(), kRegisterNames.end(), name.substr(1, colon - 1));
      if (found == kRegisterNames.end()) return bad("there is no such register");
      place_.index = static_cast<std::uint8_t>(found - kRegisterNames.begin());
      if (colon == name.npos) return ok();
      const auto pointed_at = btf_.find_struct(name.substr(colon + 1));
      if (!pointed_at) return missing(fmt::format("struct {}", name.substr(colon + 1)));
      pointed_at_ = pointed_at->id;
      return ok();
    }
    const auto parameters = btf_.parameters(function_);
    for (std::size_t i = 0; i < parameters.size() && i < kArgumentRegisters; ++i) {
      if (parameters[i].name != name) continue;
      place_.type = parameters[i].type;
      place_.in_memory = where_ == ParametersIn::kContext;
      is_in_context_ = place_.in_memory;
      if (place_.in_memory)
        place_.offset = 8 * i;
      else
        place_.index = static_cast<std::uint8_t>(i);
      return ok();
    }
    return missing(fmt::format("parameter {} of this function", name));
  }

  Status returned() {
    const auto type = btf_.returned_by(function_);
    if (!type) return missing("type of what this function returns");
    if (*type == 0) return bad("this function returns nothing");
    if (btf_.struct_of(*type) || btf_.size_of(*type) > 8)
      return fail(ErrorCode::kUnsupported, "'{}': this function returns a struct", expression_);
    place_.index = static_cast<std::uint8_t>(control::Register::kRax);
    place_.type = *type;
    is_returned_ = true;
    return ok();
  }

  // What the pointer at place_ points to.
  Result<BtfTypeId> pointer_target() {
    if (pointed_at_ != 0) return std::exchange(pointed_at_, 0);
    const BtfTypeId pointer = btf_.strip(place_.type);
    if (btf_.kind(pointer) != BtfKind::kPtr) return bad("'->' follows a pointer");
    return btf_.target(pointer);
  }

  Status dereference() {
    is_in_context_ = false;
    KTSTR_TRY_ASSIGN(const BtfTypeId target, pointer_target());
    if (place_.in_memory) {
      KTSTR_TRY_ASSIGN(const std::uint8_t pointer, add(8, 0));
      place_ = {.source = Source::kEarlier, .index = pointer, .offset = 0, .type = 0, .in_memory = true};
    }
    place_.in_memory = true;
    place_.type = target;
    return ok();
  }

  Status follow(std::string_view path) {
    KTSTR_TRY(dereference());
    while (!path.empty()) {
      const auto end = std::min(path.find_first_of(".["), path.size());
      if (end > 0) KTSTR_TRY(enter(path.substr(0, end)));
      path.remove_prefix(end);
      if (path.starts_with('[')) {
        const auto close = path.find(']');
        const auto index = close == path.npos ? std::nullopt : number<std::uint32_t>(path.substr(1, close - 1));
        if (!index) return bad("a number in [] is missing");
        KTSTR_TRY(select_element(*index));
        path.remove_prefix(close + 1);
      }
      if (path.starts_with('.')) path.remove_prefix(1);
    }
    return ok();
  }

  Status enter(std::string_view member) {
    const auto outer = btf_.struct_of(place_.type);
    if (!outer) return missing(fmt::format("member {} of something that is not a struct", member));
    KTSTR_TRY_ASSIGN(const BtfMember found, btf_.member_of(outer->id, member));
    if (found.bitfield_bits != 0 || found.offset_bits % 8 != 0)
      return fail(ErrorCode::kUnsupported, "'{}': {} is a bit-field", expression_, member);
    place_.offset += found.offset_bits / 8;
    place_.type = found.type;
    return ok();
  }

  Status select_element(std::uint32_t index) {
    const BtfTypeId array = btf_.strip(place_.type);
    if (btf_.kind(array) != BtfKind::kArray) return bad("[] follows an array");
    if (index >= btf_.array_length(array)) return missing(fmt::format("element {}", index));
    place_.type = btf_.target(array);
    place_.offset += index * btf_.size_of(place_.type);
    return ok();
  }

  Result<std::uint32_t> words(std::uint32_t bytes) {
    is_text_ = true;
    for (std::uint32_t at = 0; at < bytes; at += 8) {
      KTSTR_TRY(add(std::min<std::uint32_t>(8, bytes - at), 1));
      place_.offset += 8;
    }
    return (bytes + 7) / 8;
  }

  Result<std::uint32_t> bytes_at_pointer(std::string_view count) {
    const auto bytes = number<std::uint32_t>(count);
    if (!bytes || *bytes == 0 || *bytes > kLongestText || *bytes % 8 != 0)
      return bad("8, 16, 24 or 32 bytes can be taken at a pointer");
    KTSTR_TRY(dereference());
    return words(*bytes);
  }

  Result<std::uint32_t> kept() {
    if (!place_.in_memory) {
      narrow_to_type();
      KTSTR_TRY(add(0, 1));
      return std::uint32_t{1};
    }
    const std::uint64_t size = btf_.size_of(place_.type);
    if (btf_.kind(btf_.strip(place_.type)) == BtfKind::kArray) {
      if (size == 0 || size > kLongestText) return bad("an array of at most 32 bytes can be taken whole");
      return words(static_cast<std::uint32_t>(size));
    }
    if (size != 1 && size != 2 && size != 4 && size != 8) return bad("this is not a number");
    if (is_in_context_) narrow_to_type();
    KTSTR_TRY(add(size, 1));
    return std::uint32_t{1};
  }

  // What is above it in a register, or in the 8 bytes of a parameter, is anything.
  void narrow_to_type() {
    const auto bytes = static_cast<std::uint32_t>(btf_.size_of(place_.type));
    narrow_ = bytes < 8 ? bytes : control::kAll;
    if (is_returned_ || bytes < 8) narrow_ |= btf_.is_signed(btf_.strip(place_.type)) ? control::kSigned : 0;
  }

  const Btf& btf_;
  BtfTypeId function_;
  std::string_view expression_;
  control::Probe& probe_;
  ParametersIn where_;
  Place place_;
  BtfTypeId pointed_at_ = 0;  // by a register
  std::uint32_t narrow_ = control::kAll;
  bool is_text_ = false, is_returned_ = false;
  bool is_in_context_ = false;  // it is the parameter itself
};

}  // namespace

Result<CompiledValue> compile_value(const Btf& btf, BtfTypeId function, std::string_view expression,
                                    control::Probe& probe, ParametersIn where) {
  expression = trimmed(expression);
  const bool may_be_missing = expression.starts_with('?');
  if (may_be_missing) expression.remove_prefix(1);
  const control::Probe before = probe;
  std::optional<Error> first;
  while (!expression.empty()) {
    const auto bar = std::min(expression.find('|'), expression.size());
    probe = before;
    Compiler compiler(btf, function, trimmed(expression.substr(0, bar)), probe, where);
    auto words = compiler.compile();
    if (words)
      return CompiledValue{
          .words = *words, .absent = false, .is_text = compiler.is_text(), .is_signed = compiler.is_signed()};
    if (words.error().code() != ErrorCode::kNotFound) return std::move(words).error();
    if (!first) first = std::move(words).error();
    expression.remove_prefix(std::min(bar + 1, expression.size()));
  }
  probe = before;
  if (!first) return fail(ErrorCode::kInvalidArgument, "an empty expression");
  if (!may_be_missing) return *std::move(first);
  KTSTR_TRY(Compiler(btf, function, "=0", probe, where).compile());
  return CompiledValue{.words = 1, .absent = true};
}

}  // namespace ktstr
