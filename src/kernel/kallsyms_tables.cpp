// SPDX-License-Identifier: Apache-2.0
#include "kernel/kallsyms_tables.h"

#include <algorithm>
#include <vector>

#include "kernel/bounded_bytes.h"

namespace ktstr {
namespace {

constexpr std::uint64_t kTokens = 256;
constexpr std::uint64_t kIndexSize = kTokens * sizeof(std::uint16_t);
// Labels are aligned to 8 bytes on 64-bit kernels, to 4 since addresses are place-relative (7.x): all are multiples of
// 4.
constexpr std::uint64_t kAlignment = 4;
constexpr std::uint64_t kSymbolsPerMarker = 256;
constexpr std::uint64_t kLongestToken = 512;
// 256 names of at most two length bytes and 512 tokens each.
constexpr std::uint64_t kMostBytesPerMarker = kSymbolsPerMarker * 514;

constexpr std::uint64_t align_down(std::uint64_t n, std::uint64_t to) { return n / to * to; }
constexpr std::uint64_t align_up(std::uint64_t n, std::uint64_t to) { return (n + to - 1) / to * to; }

// kallsyms_token_index: 256 increasing u16 that begin with 0. A table of 0, 1, 2 ... is something else.
bool is_token_index(ByteSpan image, std::uint64_t at) {
  if (load<std::uint16_t>(image, at) != std::uint16_t{0}) return false;
  std::uint16_t previous = 0;
  for (std::uint64_t i = 1; i < kTokens; ++i) {
    const auto offset = load<std::uint16_t>(image, at + i * 2);
    if (!offset || *offset < previous + 2) return false;  // every token has a character and a NUL
    previous = *offset;
  }
  return true;
}

// kallsyms_token_table ends right before its index, padding aside, so only the length of the last token is open.
std::optional<std::uint64_t> token_table_start(ByteSpan image, std::uint64_t index) {
  const std::uint64_t last = *load<std::uint16_t>(image, index + kIndexSize - 2);
  const std::uint64_t shortest = last + 2;
  if (index < shortest) return std::nullopt;
  const std::uint64_t highest = align_down(index - shortest, kAlignment);
  const std::uint64_t lowest = index > last + kLongestToken ? index - last - kLongestToken : 0;
  for (std::uint64_t start = highest; start >= lowest; start -= kAlignment) {
    bool fits = true;
    for (std::uint64_t i = 1; i < kTokens && fits; ++i) {
      const std::uint64_t token = start + *load<std::uint16_t>(image, index + i * 2);
      fits = load<std::uint8_t>(image, token - 1) == std::uint8_t{0} &&
             load<std::uint8_t>(image, token) != std::uint8_t{0};
    }
    const auto last_token = fits ? c_string_at(image.first(index), start + last) : std::nullopt;
    if (last_token && align_up(start + last + last_token->size() + 1, 8) >= index) return start;
    if (start < kAlignment) break;
  }
  return std::nullopt;
}

struct Markers {
  std::uint64_t start = 0;
  std::vector<std::uint32_t> values;  // the first is 0
};

// kallsyms_markers end at `end`: walk back over decreasing numbers to the 0 that begins them.
std::optional<Markers> markers_before(ByteSpan image, std::uint64_t end) {
  if (end < 4) return std::nullopt;
  std::uint64_t at = end - 4;
  Markers found;
  for (;; at -= 4) {
    const auto value = load<std::uint32_t>(image, at);
    if (!value) return std::nullopt;
    const bool decreasing =
        found.values.empty() || (*value < found.values.back() && found.values.back() - *value <= kMostBytesPerMarker);
    if (!decreasing) return std::nullopt;
    found.values.push_back(*value);
    if (*value == 0) break;
    if (at < 4) return std::nullopt;
  }
  found.start = at;
  std::reverse(found.values.begin(), found.values.end());
  return found;
}

// Whether `count` names start here and the markers say the same.
bool names_agree(ByteSpan names, std::uint32_t count, const Markers& markers) {
  std::uint64_t position = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i % kSymbolsPerMarker == 0 && markers.values[i / kSymbolsPerMarker] != position) return false;
    const auto name = compressed_name_at(names, position);
    if (!name) return false;
    position = name->end;
  }
  return names.size() - position < 8;
}

struct Names {
  std::uint64_t count_at = 0;  // kallsyms_num_syms
  std::uint32_t count = 0;
  ByteSpan bytes;
};

std::optional<Names> names_at_markers(ByteSpan image, const Markers& markers) {
  const std::uint64_t most = markers.values.size() * kSymbolsPerMarker;
  const std::uint64_t to_last = markers.values.back();
  if (markers.start < to_last) return std::nullopt;
  const std::uint64_t highest = align_down(markers.start - to_last, kAlignment);
  const std::uint64_t reach = kMostBytesPerMarker + 16;
  const std::uint64_t lowest = align_up(highest > reach ? highest - reach : 0, kAlignment);
  for (std::uint64_t at = lowest; at < highest; at += kAlignment) {
    const auto count = load<std::uint32_t>(image, at);
    if (!count || *count > most || *count <= most - kSymbolsPerMarker) continue;
    for (const std::uint64_t start : {at + 4, at + 8}) {
      const auto names = slice(image, start, markers.start > start ? markers.start - start : 0);
      if (names && names_agree(*names, *count, markers)) return Names{at, *count, *names};
    }
  }
  return std::nullopt;
}

// Linux 6.2 and 6.3, and 6.1 stable releases, have kallsyms_seqs_of_names between markers and token table: three bytes
// a symbol, so the number of symbols says where the markers are and the other way round.
std::optional<Names> names_before_sequences(ByteSpan image, std::uint64_t token_table) {
  constexpr std::uint64_t kLeastMarkers = 8;  // enough to tell markers from other numbers
  constexpr std::uint64_t kFarthest = 16 << 20;
  constexpr std::uint64_t kMostBytesPerSymbol = 64;  // on average; kernels have about 12
  const std::uint64_t lowest = align_up(token_table > kFarthest ? token_table - kFarthest : 0, 8);
  for (std::uint64_t at = align_down(token_table, 8); at > lowest; at -= 8) {
    const std::uint64_t start = at - 8;
    Markers markers{.start = start, .values = {}};
    for (std::uint64_t i = start; i < token_table; i += 4) {
      const std::uint32_t value = *load<std::uint32_t>(image, i);
      const std::uint32_t previous = markers.values.empty() ? 0 : markers.values.back();
      if (i == start ? value != 0 : value < previous + 2 * kSymbolsPerMarker || value - previous > kMostBytesPerMarker)
        break;
      markers.values.push_back(value);
    }
    if (markers.values.size() < kLeastMarkers) continue;
    const std::uint64_t between = token_table - start;
    const std::uint64_t longest = between / 3 * kMostBytesPerSymbol;
    const std::uint64_t first = align_up(start > longest ? start - longest : 0, 8);
    for (std::uint64_t count_at = first; count_at + 8 < start; count_at += 8) {
      const std::uint64_t count = *load<std::uint32_t>(image, count_at);
      const std::uint64_t needed = (count + kSymbolsPerMarker - 1) / kSymbolsPerMarker;
      if (align_up(needed * 4, 8) + align_up(count * 3, 8) != between || needed > markers.values.size()) continue;
      const ByteSpan names = *slice(image, count_at + 8, start - count_at - 8);
      if (names_agree(names, static_cast<std::uint32_t>(count), markers))
        return Names{count_at, static_cast<std::uint32_t>(count), names};
    }
  }
  return std::nullopt;
}

// Between markers and token table there may be four bytes of padding, which look like a marker.
std::optional<Names> names_before(ByteSpan image, std::uint64_t token_table) {
  for (const std::uint64_t padding : {std::uint64_t{4}, std::uint64_t{0}}) {
    if (token_table < padding) continue;
    if (padding != 0 && load<std::uint32_t>(image, token_table - 4) != std::uint32_t{0}) continue;
    const auto markers = markers_before(image, token_table - padding);
    const auto names = markers ? names_at_markers(image, *markers) : std::nullopt;
    if (names) return names;
  }
  return names_before_sequences(image, token_table);
}

}  // namespace

std::optional<CompressedName> compressed_name_at(ByteSpan names, std::uint64_t position) {
  const auto low = load<std::uint8_t>(names, position++);
  if (!low) return std::nullopt;
  std::uint64_t length = *low;
  if ((length & 0x80) != 0) {
    const auto high = load<std::uint8_t>(names, position++);
    if (!high) return std::nullopt;
    length = (length & 0x7f) | std::uint64_t{*high} << 7;
  }
  const auto tokens = slice(names, position, length);
  if (!tokens || length == 0) return std::nullopt;
  return CompressedName{*tokens, position + length};
}

std::optional<KallsymsTables> find_kallsyms_tables(ByteSpan image, std::uint64_t from, std::uint64_t& next) {
  for (std::uint64_t at = align_up(from, kAlignment); at + kIndexSize <= image.size(); at += kAlignment) {
    next = at + kAlignment;
    if (!is_token_index(image, at)) continue;
    const auto table = token_table_start(image, at);
    const auto names = table ? names_before(image, *table) : std::nullopt;
    if (!names) continue;

    KallsymsTables tables;
    for (std::uint64_t i = 0; i < kTokens; ++i) {
      const std::uint64_t token = *table + *load<std::uint16_t>(image, at + i * 2);
      tables.tokens[i] = c_string_at(image, token).value_or(std::string_view{});
    }
    tables.names = names->bytes;
    tables.count = names->count;
    const std::uint64_t addresses_size = align_up(std::uint64_t{names->count} * 4, 8) + 8;
    tables.addresses_before = names->count_at > addresses_size ? names->count_at - addresses_size : 0;
    tables.addresses_after = at + kIndexSize;
    return tables;
  }
  return std::nullopt;
}

}  // namespace ktstr
