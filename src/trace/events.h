// SPDX-License-Identifier: Apache-2.0
//
// Events of all kinds, by the fields of their kinds: out of an event, into one, and as text.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/event_kinds.h"

namespace ktstr {

namespace trace_detail {

struct ReadFields {
  const TraceEvent& event;
  std::size_t at = 0;
  std::uint64_t next() { return at < event.count ? event.values[at++] : 0; }
  template <std::integral T>
  void operator()(const char*, T& field) {
    field = static_cast<T>(next());
  }
  template <std::size_t N>
  void operator()(const char*, std::array<std::uint64_t, N>& field) {
    for (std::uint64_t& word : field) word = next();
  }
  template <std::size_t N>
  void operator()(const char*, TraceText<N>& field) {
    for (std::uint64_t& word : field.words) word = next();
  }
};

struct WriteFields {
  TraceEvent& event;
  void put(std::uint64_t word) { event.values[event.count++] = word; }
  template <std::integral T>
  void operator()(const char*, const T& field) {
    put(static_cast<std::uint64_t>(static_cast<std::int64_t>(field)));
  }
  template <std::size_t N>
  void operator()(const char*, const std::array<std::uint64_t, N>& field) {
    for (const std::uint64_t word : field) put(word);
  }
  template <std::size_t N>
  void operator()(const char*, const TraceText<N>& field) {
    for (const std::uint64_t word : field.words) put(word);
  }
};

}  // namespace trace_detail

// As much of it as there is room for.
template <std::size_t Words>
void put_text(std::string_view text, TraceText<Words>& into) {
  for (std::size_t i = 0; i < text.size() && i < Words * 8; ++i)
    into.words[i / 8] |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (i % 8 * 8);
}

// Out of an event of this kind; what the event lacks is 0.
template <typename T>
T event_as(const TraceEvent& event) {
  trace_detail::ReadFields read{event};
  T result;
  fields(read, result);
  return result;
}

// The other way.
template <typename T>
TraceEvent make_event(std::uint64_t time_ns, std::uint16_t cpu, const T& of_kind) {
  TraceEvent event{.time_ns = time_ns, .kind = T::kKind, .cpu = cpu};
  trace_detail::WriteFields write{event};
  fields(write, of_kind);
  return event;
}

// A switch of which it is not known who leaves the CPU, or who gets it: events were lost there.
inline bool is_hole(const TraceEvent& event) {
  constexpr std::uint32_t kPrev = 1U << 0, kNext = 1U << 4;
  return event.kind == TraceKind::kSwitch && (event.unreadable & (kPrev | kNext)) != 0;
}

// How many values a field takes.
struct TraceField {
  std::string_view name;
  std::size_t words = 1;
  bool is_text = false, is_signed = false;
};
// In the order of the kind's values; none for a number that is no kind.
const std::vector<TraceField>& trace_fields(TraceKind kind);

// Leaves in the event's mask only CPUs that the guest has: what a kernel keeps after those is no part of a mask.
void cut_masks(TraceEvent& event, std::uint32_t cpus);

// Of a field whose values begin with the event's value `at`: "12", "-1", "f,0,0,1", a text.
std::string field_text(const TraceEvent& event, std::size_t at, const TraceField& field);

// One line: "12.345678 [2] switch prev=12 prev_state=1 ...".
std::string to_text(const TraceEvent& event);

}  // namespace ktstr
