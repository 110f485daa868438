// SPDX-License-Identifier: Apache-2.0
//
// Events as bytes, by what changed: of an event there are the time since the one before it and those of its values that
// are not as in the last event of its kind on its CPU. Blocks stand alone: both sides begin each with nothing before.
//
//   u8      place of the kind in the list of kinds; 0x80: what the event's fields do not say is there, see below
//   varint  CPU
//   zigzag  time since the event before
//   varint, varint   with 0x80: number of values, which of them could not be read
//   varint  of an event with values: bit i: value i is not what was expected
//   zigzag  for each of these: the difference
//
// A varint has 7 bits a byte, lowest first, 0x80: more come. A zigzag is one of 2n or -2n-1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "trace/events.h"

namespace ktstr {

// Of a kind as a file's writer knows it.
struct StoredField {
  std::string name;
  std::uint8_t words = 1;
  bool is_text = false, is_signed = false;
  bool follows_time = false;  // a clock: it is expected to have gone on as far as the time has
  bool operator==(const StoredField&) const = default;
};
struct StoredKind {
  TraceKind number = TraceKind::kSwitch;
  std::string name;
  std::vector<StoredField> fields;
  std::size_t values() const;
  bool operator==(const StoredKind&) const = default;
};
// All kinds that this program knows.
std::vector<StoredKind> known_trace_kinds();

// No list of kinds may be longer.
constexpr std::size_t kMostStoredKinds = 128;
// No event takes more.
constexpr std::size_t kLongestStoredEvent = 256;

// What both sides know of the events before.
class TraceHistory {
 public:
  struct Last {
    std::uint64_t time_ns = 0;
    std::array<std::uint64_t, kMostTraceValues> values{};
  };
  // What is expected of an event's value, and whether it follows the time, by the place of its kind.
  explicit TraceHistory(const std::vector<StoredKind>& kinds);
  void begin_block();
  Last& of(std::size_t place, std::uint16_t cpu);
  // Bit i: value i of the kind at `place` follows the time.
  std::uint32_t clocks(std::size_t place) const { return clocks_[place]; }
  std::size_t values(std::size_t place) const { return values_[place]; }
  std::uint64_t time_ns = 0;  // of the event before

 private:
  std::vector<std::uint32_t> clocks_;
  std::vector<std::size_t> values_;
  std::unordered_map<std::uint32_t, Last> last_;
};

class TraceEncoder {
 public:
  explicit TraceEncoder(const std::vector<StoredKind>& kinds);
  void begin_block() { history_.begin_block(); }
  // Into `room`, which has kLongestStoredEvent bytes; how many it took. 0: the kind is not in the list, or the event
  // has more values than there can be.
  std::size_t encode(const TraceEvent& event, std::byte* room);

 private:
  TraceHistory history_;
  std::unordered_map<TraceKind, std::size_t> places_;
};

// Gives events as this program knows them, by the names of kinds and fields: what it does not know is passed over, and
// what the file lacks is unreadable.
class TraceDecoder {
 public:
  explicit TraceDecoder(const std::vector<StoredKind>& kinds);
  void begin_block(ByteSpan block);
  bool at_end() const { return left_.empty(); }
  enum class Outcome { kEvent, kUnknown, kDamaged };
  // The next of the block's events.
  Outcome next(TraceEvent& event);

 private:
  // Where a kind's values go; none for a kind that this program does not know.
  struct Translation {
    bool known = false;
    bool same = false;  // as it is here
    TraceKind kind = TraceKind::kSwitch;
    std::uint8_t count = 0;
    std::array<std::int8_t, kMostTraceValues> from{};  // value i is this one of the file's; -1: the file has none
  };
  static Translation translation_of(const StoredKind& kind);
  TraceHistory history_;
  std::vector<Translation> translations_;
  ByteSpan left_;
};

}  // namespace ktstr
