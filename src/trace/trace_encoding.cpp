// SPDX-License-Identifier: Apache-2.0
#include "trace/trace_encoding.h"

#include <algorithm>

namespace ktstr {

namespace {

constexpr std::uint8_t kIrregular = 0x80;

std::uint64_t zigzag(std::uint64_t difference) {
  return difference << 1 ^ (0 - (difference >> 63));  // as of a signed number
}
std::uint64_t unzigzag(std::uint64_t value) { return value >> 1 ^ (0 - (value & 1)); }

std::byte* put_varint(std::byte* at, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<std::byte>(value | 0x80);
  *at++ = static_cast<std::byte>(value);
  return at;
}

// A reader that has failed gives zeros, and says so in the end.
struct VarintReader {
  ByteSpan left;
  bool failed = false;

  std::uint8_t byte() {
    if (left.empty()) {
      failed = true;
      return 0;
    }
    const auto value = static_cast<std::uint8_t>(left.front());
    left = left.subspan(1);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t part = byte();
      value |= static_cast<std::uint64_t>(part & 0x7f) << shift;
      if ((part & 0x80) == 0) return value;
    }
    failed = true;
    return 0;
  }
};

}  // namespace

std::size_t StoredKind::values() const {
  std::size_t count = 0;
  for (const StoredField& field : fields) count += field.words;
  return count;
}

std::vector<StoredKind> known_trace_kinds() {
  std::vector<StoredKind> kinds;
  for_each_trace_kind([&]<typename T>() {
    StoredKind kind{.number = T::kKind, .name = std::string(to_string(T::kKind)), .fields = {}};
    for (const TraceField& field : trace_fields(T::kKind))
      kind.fields.push_back({.name = std::string(field.name),
                             .words = static_cast<std::uint8_t>(field.words),
                             .is_text = field.is_text,
                             .is_signed = field.is_signed,
                             .follows_time = field.name == "clock"});
    kinds.push_back(std::move(kind));
  });
  return kinds;
}

TraceHistory::TraceHistory(const std::vector<StoredKind>& kinds) {
  for (const StoredKind& kind : kinds) {
    std::uint32_t clocks = 0;
    std::size_t at = 0;
    for (const StoredField& field : kind.fields) {
      if (field.follows_time) clocks |= 1U << at;
      at += field.words;
    }
    clocks_.push_back(clocks);
    values_.push_back(at);
  }
}

void TraceHistory::begin_block() {
  time_ns = 0;
  last_.clear();
}

TraceHistory::Last& TraceHistory::of(std::size_t place, std::uint16_t cpu) {
  return last_[static_cast<std::uint32_t>(place << 16 | cpu)];
}

TraceEncoder::TraceEncoder(const std::vector<StoredKind>& kinds) : history_(kinds) {
  for (std::size_t i = 0; i < kinds.size(); ++i) places_.emplace(kinds[i].number, i);
}

std::size_t TraceEncoder::encode(const TraceEvent& event, std::byte* room) {
  const auto found = places_.find(event.kind);
  if (found == places_.end() || event.count > kMostTraceValues) return 0;
  const std::size_t place = found->second;
  const bool irregular = event.count != history_.values(place) || event.unreadable != 0;
  std::byte* at = room;
  *at++ = static_cast<std::byte>(place | (irregular ? kIrregular : 0));
  at = put_varint(at, event.cpu);
  at = put_varint(at, zigzag(event.time_ns - history_.time_ns));
  history_.time_ns = event.time_ns;
  if (irregular) {
    at = put_varint(at, event.count);
    at = put_varint(at, event.unreadable);
  }
  if (event.count == 0) return static_cast<std::size_t>(at - room);
  TraceHistory::Last& last = history_.of(place, event.cpu);
  const std::uint64_t passed = event.time_ns - last.time_ns;
  std::array<std::uint64_t, kMostTraceValues> differences{};
  std::uint64_t changed = 0;
  for (std::size_t i = 0; i < event.count; ++i) {
    const bool is_clock = (history_.clocks(place) >> i & 1) != 0;
    differences[i] = event.values[i] - last.values[i] - (is_clock ? passed : 0);
    if (differences[i] != 0) changed |= std::uint64_t{1} << i;
    last.values[i] = event.values[i];
  }
  last.time_ns = event.time_ns;
  at = put_varint(at, changed);
  for (std::size_t i = 0; i < event.count; ++i)
    if (differences[i] != 0) at = put_varint(at, zigzag(differences[i]));
  return static_cast<std::size_t>(at - room);
}

TraceDecoder::TraceDecoder(const std::vector<StoredKind>& kinds) : history_(kinds) {
  for (const StoredKind& kind : kinds) translations_.push_back(translation_of(kind));
}

TraceDecoder::Translation TraceDecoder::translation_of(const StoredKind& kind) {
  Translation made;
  const auto here = enum_from<TraceKind>(kind.name);
  if (!here) return made;
  made.known = true;
  made.kind = *here;
  made.from.fill(-1);
  std::size_t at = 0;
  for (const TraceField& field : trace_fields(*here)) {
    std::size_t theirs = 0;
    for (const StoredField& stored : kind.fields) {
      if (stored.name == field.name)
        for (std::size_t word = 0; word < std::min<std::size_t>(stored.words, field.words); ++word)
          made.from[at + word] = static_cast<std::int8_t>(theirs + word);
      theirs += stored.words;
    }
    at += field.words;
  }
  made.count = static_cast<std::uint8_t>(at);
  made.same = at == kind.values();
  for (std::size_t i = 0; i < at; ++i) made.same = made.same && made.from[i] == static_cast<std::int8_t>(i);
  return made;
}

void TraceDecoder::begin_block(ByteSpan block) {
  history_.begin_block();
  left_ = block;
}

TraceDecoder::Outcome TraceDecoder::next(TraceEvent& event) {
  VarintReader in{left_};
  const std::uint8_t head = in.byte();
  const std::size_t place = head & ~kIrregular;
  if (place >= translations_.size()) return Outcome::kDamaged;
  const std::uint64_t cpu = in.varint();
  history_.time_ns += unzigzag(in.varint());
  const bool irregular = (head & kIrregular) != 0;
  const std::uint64_t count = irregular ? in.varint() : history_.values(place);
  const std::uint64_t unreadable = irregular ? in.varint() : 0;
  if (in.failed || cpu > UINT16_MAX || count > kMostTraceValues || unreadable > UINT32_MAX) return Outcome::kDamaged;
  event = {.time_ns = history_.time_ns,
           .cpu = static_cast<std::uint16_t>(cpu),
           .count = static_cast<std::uint8_t>(count),
           .unreadable = static_cast<std::uint32_t>(unreadable)};
  if (count > 0) {
    const std::uint64_t changed = in.varint();
    if (changed >> count != 0) return Outcome::kDamaged;
    TraceHistory::Last& last = history_.of(place, event.cpu);
    const std::uint64_t passed = event.time_ns - last.time_ns;
    for (std::size_t i = 0; i < count; ++i) {
      if ((changed >> i & 1) != 0) last.values[i] += unzigzag(in.varint());
      if ((history_.clocks(place) >> i & 1) != 0) last.values[i] += passed;
      event.values[i] = last.values[i];
    }
    last.time_ns = event.time_ns;
  }
  if (in.failed) return Outcome::kDamaged;
  left_ = in.left;
  const Translation& translation = translations_[place];
  if (!translation.known) return Outcome::kUnknown;
  event.kind = translation.kind;
  if (translation.same) return Outcome::kEvent;
  TraceEvent here{.time_ns = event.time_ns, .kind = event.kind, .cpu = event.cpu, .count = translation.count};
  for (std::size_t i = 0; i < here.count; ++i) {
    const std::int8_t from = translation.from[i];
    const auto position = static_cast<std::uint8_t>(from);
    const bool there = from >= 0 && position < event.count;
    here.values[i] = there ? event.values[position] : 0;
    if (!there || (event.unreadable >> from & 1) != 0) here.unreadable |= 1U << i;
  }
  event = here;
  return Outcome::kEvent;
}

}  // namespace ktstr
