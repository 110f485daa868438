// SPDX-License-Identifier: Apache-2.0
//
// The packets of a Perfetto trace, and what is not scheduling in it: tracks with slices, moments and counters.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "trace/export/perfetto.h"
#include "trace/export/perfetto_fields.h"
#include "trace/export/proto_writer.h"

namespace ktstr {

// What is kept before it is written.
inline constexpr std::size_t kPerfettoFlushBytes = 64 << 10;

// The tracks that have others below them, or that there are once.
enum class Track : std::uint64_t { kNone, kScenario, kSteps, kOps, kFindings, kCgroups, kQueues, kCpus, kOthers };

class PerfettoPackets {
 public:
  PerfettoPackets(PerfettoWriter::Sink sink, TraceSide side) : sink_(std::move(sink)), side_(std::move(side)) {}

  // The fields of the packet that was begun last.
  ProtoWriter& out() { return out_; }
  std::size_t begin_packet();
  void end_packet(std::size_t packet);
  // One that needs a sequence, as those of tracks do.
  std::size_t begin_track_packet();
  void flush();
  const Status& written() const { return written_; }

  // A track below one of ours, which is described with its first track. kOthers where there are too many.
  template <typename Name>
  std::uint64_t track_below(Track parent, std::uint64_t a, std::uint64_t b, bool is_counter, Name&& name) {
    const auto [found, is_new] = tracks_.try_emplace({parent, a, b}, kOthers);
    if (!is_new) return found->second;
    if (next_track_ >= kMostTracks) {
      tracks_.erase(found);
      describe_ours(Track::kOthers, Track::kNone, "other tracks");
      return kOthers;
    }
    describe_ours(parent, Track::kNone,
                  parent == Track::kCgroups  ? "cgroups"
                  : parent == Track::kQueues ? "queues"
                                             : "CPU events");
    found->second = next_track_++;
    describe(found->second, parent, name(), is_counter);
    return found->second;
  }

  // Calls `fields` for the event's further fields.
  template <typename Fields>
  void put_event(std::uint64_t time_ns, std::uint64_t track, int type, std::string_view name, Fields&& fields) {
    const std::size_t packet = begin_track_packet();
    out_.number(pb::packet::kTimestamp, time_ns);
    const std::size_t opened = out_.open(pb::packet::kTrackEvent);
    out_.number(pb::track_event::kType, type);
    out_.number(pb::track_event::kTrack, uuid_of(track));
    if (!name.empty()) out_.text(pb::track_event::kName, name);
    fields();
    out_.close(opened);
    end_packet(packet);
  }
  void put_event(std::uint64_t time_ns, std::uint64_t track, int type, std::string_view name) {
    put_event(time_ns, track, type, name, [] {});
  }

  // A field of an event, by name.
  template <typename Value>
  void annotate(std::string_view name, const Value& value) {
    const std::size_t annotation = out_.open(pb::track_event::kAnnotations);
    out_.text(pb::annotation::kName, name);
    if constexpr (std::is_convertible_v<Value, std::string_view>)
      out_.text(pb::annotation::kText, value);
    else
      out_.number(std::is_signed_v<Value> ? pb::annotation::kInt : pb::annotation::kUint, value);
    out_.close(annotation);
  }

  // On a track below the scenario's.
  void spans(Track track, std::string_view name, const std::vector<TraceSpan>& all);

  // As the file has them.
  std::uint64_t time_of(std::uint64_t time_ns) const {
    const auto shifted = static_cast<std::int64_t>(time_ns) + side_.shift_ns;
    return shifted < 0 ? 0 : static_cast<std::uint64_t>(shifted);
  }
  std::uint32_t cpu_of(std::uint32_t cpu) const { return side_.first_cpu + cpu; }
  // Pid 0 is the idle task of each CPU.
  std::int32_t pid_of(std::int32_t pid) const {
    const bool is_a_pid = pid > 0 && pid < TraceSide::kPids;
    return is_a_pid ? pid + static_cast<std::int32_t>(side_.number) * TraceSide::kPids : pid;
  }
  const TraceSide& side() const { return side_; }

  static constexpr auto kOthers = static_cast<std::uint64_t>(Track::kOthers);

 private:
  std::uint64_t uuid_of(std::uint64_t track) const { return track + (std::uint64_t{side_.number} << 32); }
  static constexpr std::uint64_t kMostTracks = 4096;  // a guest may make as many queues as it likes
  void describe(std::uint64_t uuid, Track parent, std::string_view name, bool is_counter);
  // Once.
  void describe_ours(Track track, Track parent, std::string_view name);

  PerfettoWriter::Sink sink_;
  const TraceSide side_;
  ProtoWriter out_;
  Status written_ = ok();
  std::map<std::tuple<Track, std::uint64_t, std::uint64_t>, std::uint64_t> tracks_;
  std::uint64_t next_track_ = kOthers + 1;
  std::set<Track> described_;
};

}  // namespace ktstr
