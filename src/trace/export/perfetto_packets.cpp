// SPDX-License-Identifier: Apache-2.0
#include "trace/export/perfetto_packets.h"

#include <fmt/format.h>

namespace ktstr {

namespace {

constexpr std::uint32_t kFirstSequence = 1;

}  // namespace

void PerfettoPackets::flush() {
  if (written_ && !out_.bytes().empty()) written_ = sink_(out_.bytes());
  out_.clear();
}

std::size_t PerfettoPackets::begin_packet() { return out_.open(pb::trace::kPacket); }

void PerfettoPackets::end_packet(std::size_t packet) {
  out_.close(packet);
  if (out_.bytes().size() >= kPerfettoFlushBytes) flush();
}

std::size_t PerfettoPackets::begin_track_packet() {
  const std::size_t packet = begin_packet();
  out_.number(pb::packet::kSequence, kFirstSequence + side_.number);
  return packet;
}

void PerfettoPackets::describe(std::uint64_t uuid, Track parent, std::string_view name, bool is_counter) {
  const std::size_t packet = begin_track_packet();
  const std::size_t track = out_.open(pb::packet::kTrackDescriptor);
  out_.number(pb::track::kUuid, uuid_of(uuid));
  out_.text(pb::track::kName, name);
  if (parent != Track::kNone) out_.number(pb::track::kParent, uuid_of(static_cast<std::uint64_t>(parent)));
  if (is_counter) {
    const std::size_t counter = out_.open(pb::track::kCounter);
    out_.number(pb::counter::kUnit, pb::counter::kCount);
    out_.close(counter);
  }
  out_.close(track);
  end_packet(packet);
}

void PerfettoPackets::describe_ours(Track track, Track parent, std::string_view name) {
  if (!described_.insert(track).second) return;
  const bool is_labelled = parent == Track::kNone && !side_.label.empty();
  describe(static_cast<std::uint64_t>(track), parent,
           is_labelled ? fmt::format("{} of {}", name, side_.label) : std::string(name), false);
}

void PerfettoPackets::spans(Track track, std::string_view name, const std::vector<TraceSpan>& all) {
  if (all.empty()) return;
  describe_ours(Track::kScenario, Track::kNone, "scenario");
  describe_ours(track, Track::kScenario, name);
  const auto uuid = static_cast<std::uint64_t>(track);
  for (const TraceSpan& span : all) {
    const bool is_moment = span.end_ns <= span.begin_ns;
    put_event(time_of(span.begin_ns), uuid, is_moment ? pb::track_event::kInstant : pb::track_event::kSliceBegin,
              span.name);
    if (!is_moment) put_event(time_of(span.end_ns), uuid, pb::track_event::kSliceEnd, "");
  }
}

}  // namespace ktstr
