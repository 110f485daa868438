// SPDX-License-Identifier: Apache-2.0
//
// A run's trace as a file, trace.bin: what it is of, then the events in the order in which they happened, in blocks
// that are compressed and checksummed each, then how many there were. Both sides hold one block and no more.
//
//   "KTSTRTRC", u32 version, u32 length, u64 hash, the header
//   u32 "EVTS", u32 packed, u32 bytes, u32 events, u64 hash, a zstd frame of trace_encoding.h's events
//   ...
//   u32 "LAST", u32 16, u32 16, u32 0, u64 hash, u64 events, u64 events that were not stored
//
// All little endian. A hash is XXH3 of what follows it up to the next one, seeded with XXH3 of what stands before it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "trace/events.h"
#include "trace/trace_encoding.h"

namespace ktstr {

constexpr const char* kTraceFileName = "trace.bin";
constexpr std::uint32_t kTraceVersion = 1;

// What could not be recorded.
struct TraceGap {
  std::string kind;
  std::string field;  // "" for the whole kind
  std::string why;
  bool operator==(const TraceGap&) const = default;
};

// TraceGap::kind: events that were lost, so that the trace has holes.
constexpr std::string_view kLostEvents = "lost";

struct TraceHeader {
  std::string kernel;      // release
  std::uint32_t cpus = 0;  // that the guest has or may get
  std::string source;      // who saw it: "plugin", or "tracefs": the guest itself
  std::vector<StoredKind> kinds = known_trace_kinds();
  std::vector<TraceGap> missing;
  bool has_holes() const {
    for (const TraceGap& gap : missing)
      if (gap.kind == kLostEvents) return true;
    return false;
  }
};

class TraceWriter {
 public:
  // With the header and its end the file has at most `most` bytes, or a little more where that is less than these two.
  static Result<TraceWriter> create(const fs::path& path, const TraceHeader& header, Bytes most = UINT64_MAX);
  TraceWriter(TraceWriter&&) noexcept;
  TraceWriter& operator=(TraceWriter&&) noexcept;
  ~TraceWriter();

  // After a failure nothing more is written, and finish() says why. Where the file would get too large, nothing more is
  // stored, but counted.
  void add(const TraceEvent& event);
  // Without it the file can be read as far as it goes.
  Status finish();

  std::uint64_t stored() const;
  std::uint64_t not_stored() const;

 private:
  struct State;
  explicit TraceWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class TraceReader {
 public:
  static Result<TraceReader> open(const fs::path& path);
  // Of a file's bytes, which it does not own.
  static Result<TraceReader> over(ByteSpan bytes);
  TraceReader(TraceReader&&) noexcept;
  TraceReader& operator=(TraceReader&&) noexcept;
  ~TraceReader();

  const TraceHeader& header() const;
  // Empty: that was all. kCorruptData where the file is damaged; what was read before is sound.
  Result<std::optional<TraceEvent>> next();

  // After all were read:
  bool cut_short() const;             // the file has no end: its writer was killed, or its disk was full
  std::uint64_t not_stored() const;   // events after those of the file
  std::uint64_t passed_over() const;  // events of kinds that this program does not know

 private:
  struct State;
  explicit TraceReader(std::unique_ptr<State> state);
  static Result<TraceReader> over(ByteSpan bytes, Mapping file);
  std::unique_ptr<State> state_;
};

}  // namespace ktstr
