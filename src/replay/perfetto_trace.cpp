// SPDX-License-Identifier: Apache-2.0
#include "replay/perfetto_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "replay/proto_reader.h"

namespace ktstr {

namespace {

// protos/perfetto/trace/trace_packet.proto and ftrace/.
namespace pbf {
constexpr std::uint32_t kPacket = 1;                                               // Trace
constexpr std::uint32_t kFtraceEvents = 1, kCompressedPackets = 50;                // TracePacket
constexpr std::uint32_t kCpu = 1, kEvent = 2, kLostEvents = 3, kCompactSched = 4;  // FtraceEventBundle
constexpr std::uint32_t kTimestamp = 1, kSwitch = 4, kFlags = 5, kWakeup = 17, kWaking = 20, kWakeupNew = 114;
constexpr std::uint32_t kPrevComm = 1, kPrevPid = 2, kPrevState = 4, kNextComm = 5, kNextPid = 6, kNextPrio = 7;
constexpr std::uint32_t kComm = 1, kPid = 2, kPrio = 3;  // of a waking
// CompactSched: lists side by side, in which times are differences.
constexpr std::uint32_t kSwitchTime = 1, kSwitchState = 2, kSwitchPid = 3, kSwitchPrio = 4, kInterned = 5,
                        kSwitchComm = 6, kWakingTime = 7, kWakingPid = 8, kWakingPrio = 10, kWakingComm = 11,
                        kWakingFlags = 12;
constexpr std::size_t kLists = 13;
}  // namespace pbf

// TASK_REPORT (include/linux/sched.h); what is above says that a runnable task was preempted.
constexpr std::uint64_t kReportedStates = 0xff;
// TRACE_FLAG_HARDIRQ, _SOFTIRQ and _NMI (include/linux/trace_events.h).
constexpr std::uint64_t kInterruptFlags = 0x08 | 0x10 | 0x40;

std::int32_t as_int32(std::uint64_t value) { return static_cast<std::int32_t>(static_cast<std::int64_t>(value)); }

class PacketReader {
 public:
  Status packet(ByteSpan bytes) {
    ProtoReader fields(bytes);
    ProtoField field;
    while (fields.next(field)) {
      if (field.number == pbf::kFtraceEvents && field.is_bytes) KTSTR_TRY(bundle(field.bytes));
      if (field.number == pbf::kCompressedPackets) ++compressed_;
    }
    broken_ += fields.failed();
    return ok();
  }

  Result<Recording> finish(std::size_t cut_at) {
    if (compressed_ > 0)
      recording_.notes.push_back(
          fmt::format("{} compressed packets are passed over; convert the trace with "
                      "'traceconv decompress_packets' first",
                      compressed_));
    if (cut_at > 0) recording_.notes.push_back(fmt::format("it is damaged or cut short at byte {}", cut_at));
    if (broken_ > 0) recording_.notes.push_back(fmt::format("{} parts of it cannot be read", broken_));
    Status finished = recording_.finish();
    if (!finished && !recording_.notes.empty()) return std::move(finished).error().context(recording_.notes.front());
    KTSTR_TRY(finished);
    return std::move(recording_);
  }

 private:
  Status bundle(ByteSpan bytes) {
    std::uint64_t cpu = 0;
    ProtoField field;
    for (ProtoReader fields(bytes); fields.next(field);) {
      if (field.number == pbf::kCpu) cpu = field.value;
      if (field.number == pbf::kLostEvents) recording_.losses += field.value != 0;
    }
    if (cpu >= Recording::kMostCpus) return ++broken_, ok();
    ProtoReader fields(bytes);
    while (fields.next(field)) {
      if (field.number == pbf::kEvent && field.is_bytes) KTSTR_TRY(event(field.bytes, static_cast<std::uint16_t>(cpu)));
      if (field.number == pbf::kCompactSched && field.is_bytes)
        KTSTR_TRY(compact(field.bytes, static_cast<std::uint16_t>(cpu)));
    }
    broken_ += fields.failed();
    return ok();
  }

  Status event(ByteSpan bytes, std::uint16_t cpu) {
    RecordedEvent event{.by_task = true, .cpu = cpu};
    bool wanted = false;
    ProtoReader fields(bytes);
    ProtoField field;
    while (fields.next(field)) {
      if (field.number == pbf::kTimestamp) event.time_ns = field.value;
      if (field.number == pbf::kFlags && (field.value & kInterruptFlags) != 0) event.by_task = false;
      if (!field.is_bytes) continue;
      if (field.number == pbf::kSwitch) wanted = read_switch(field.bytes, event);
      if (field.number == pbf::kWaking) wanted = read_waking(field.bytes, event);
      if (field.number == pbf::kWakeup || field.number == pbf::kWakeupNew) {
        wanted = read_waking(field.bytes, event);
        event.by_task = event.by_task && field.number == pbf::kWakeupNew;
      }
    }
    broken_ += fields.failed();
    return wanted && !fields.failed() ? recording_.add(event) : ok();
  }

  bool read_switch(ByteSpan bytes, RecordedEvent& event) {
    event.kind = RecordedEvent::Kind::kSwitch;
    std::string_view prev_comm, next_comm;
    ProtoField field;
    ProtoReader fields(bytes);
    while (fields.next(field)) {
      if (field.number == pbf::kPrevComm) prev_comm = as_text(field.bytes);
      if (field.number == pbf::kPrevPid) event.from = as_int32(field.value);
      if (field.number == pbf::kPrevState) event.sleeps = (field.value & kReportedStates) != 0;
      if (field.number == pbf::kNextComm) next_comm = as_text(field.bytes);
      if (field.number == pbf::kNextPid) event.to = as_int32(field.value);
      if (field.number == pbf::kNextPrio) event.priority = as_int32(field.value);
    }
    // A number that is 0 may be left out.
    event.from = std::max(event.from, 0);
    event.to = std::max(event.to, 0);
    recording_.name(event.from, prev_comm);
    recording_.name(event.to, next_comm);
    broken_ += fields.failed();
    return !fields.failed();
  }

  bool read_waking(ByteSpan bytes, RecordedEvent& event) {
    event.kind = RecordedEvent::Kind::kWakeup;
    std::string_view comm;
    ProtoField field;
    ProtoReader fields(bytes);
    while (fields.next(field)) {
      if (field.number == pbf::kComm) comm = as_text(field.bytes);
      if (field.number == pbf::kPid) event.to = as_int32(field.value);
      if (field.number == pbf::kPrio) event.priority = as_int32(field.value);
    }
    recording_.name(event.to, comm);
    broken_ += fields.failed();
    return !fields.failed() && event.to > 0;
  }

  using Lists = std::array<std::vector<std::uint64_t>, pbf::kLists>;

  Status compact(ByteSpan bytes, std::uint16_t cpu) {
    Lists lists;
    std::vector<std::string_view> interned;
    ProtoReader fields(bytes);
    ProtoField field;
    bool sound = true;
    while (fields.next(field)) {
      if (field.number == pbf::kInterned)
        interned.push_back(as_text(field.bytes));
      else if (field.number < pbf::kLists && field.is_bytes)
        sound = read_packed(field.bytes, lists[field.number]) && sound;
      else if (field.number < pbf::kLists)
        lists[field.number].push_back(field.value);  // a list of one that is not packed
    }
    const auto same_size = [&](std::initializer_list<std::uint32_t> numbers) {
      const std::size_t size = lists[*numbers.begin()].size();
      return std::all_of(numbers.begin(), numbers.end(), [&](auto number) { return lists[number].size() == size; });
    };
    if (fields.failed() || !sound ||
        !same_size({pbf::kSwitchTime, pbf::kSwitchState, pbf::kSwitchPid, pbf::kSwitchPrio, pbf::kSwitchComm}) ||
        !same_size({pbf::kWakingTime, pbf::kWakingPid, pbf::kWakingPrio, pbf::kWakingComm}))
      return ++broken_, ok();
    KTSTR_TRY(compact_switches(lists, interned, cpu));
    return compact_wakings(lists, interned, cpu);
  }

  void name_interned(const std::vector<std::string_view>& interned, std::int32_t pid, std::uint64_t index) {
    if (index < interned.size())
      recording_.name(pid, interned[static_cast<std::size_t>(index)]);
    else
      ++broken_;
  }

  // Who leaves is who came last on that CPU: left to History, which knows in the order of time.
  Status compact_switches(const Lists& lists, const std::vector<std::string_view>& interned, std::uint16_t cpu) {
    std::uint64_t time_ns = 0;
    for (std::size_t i = 0; i < lists[pbf::kSwitchTime].size(); ++i) {
      time_ns += lists[pbf::kSwitchTime][i];
      const std::int32_t next = as_int32(lists[pbf::kSwitchPid][i]);
      name_interned(interned, next, lists[pbf::kSwitchComm][i]);
      KTSTR_TRY(recording_.add({.time_ns = time_ns,
                                .kind = RecordedEvent::Kind::kSwitch,
                                .sleeps = (lists[pbf::kSwitchState][i] & kReportedStates) != 0,
                                .cpu = cpu,
                                .from = kWhoeverRan,
                                .to = std::max(next, 0),
                                .priority = as_int32(lists[pbf::kSwitchPrio][i])}));
    }
    return ok();
  }

  Status compact_wakings(const Lists& lists, const std::vector<std::string_view>& interned, std::uint16_t cpu) {
    std::uint64_t time_ns = 0;
    if (!lists[pbf::kWakingFlags].empty()) recording_.knows_interrupts = true;
    for (std::size_t i = 0; i < lists[pbf::kWakingTime].size(); ++i) {
      time_ns += lists[pbf::kWakingTime][i];
      const std::int32_t pid = as_int32(lists[pbf::kWakingPid][i]);
      name_interned(interned, pid, lists[pbf::kWakingComm][i]);
      const bool by_interrupt =
          i < lists[pbf::kWakingFlags].size() && (lists[pbf::kWakingFlags][i] & kInterruptFlags) != 0;
      if (pid <= 0) continue;
      KTSTR_TRY(recording_.add({.time_ns = time_ns,
                                .kind = RecordedEvent::Kind::kWakeup,
                                .by_task = !by_interrupt,
                                .cpu = cpu,
                                .to = pid,
                                .priority = as_int32(lists[pbf::kWakingPrio][i])}));
    }
    return ok();
  }

  Recording recording_;
  std::size_t compressed_ = 0, broken_ = 0;
};

}  // namespace

Result<Recording> read_perfetto(ByteSpan bytes) {
  PacketReader reader;
  ProtoReader packets(bytes);
  ProtoField field;
  std::size_t sound = 0;
  while (packets.next(field)) {
    if (field.number == pbf::kPacket && field.is_bytes) KTSTR_TRY(reader.packet(field.bytes));
    sound = packets.position();
  }
  return reader.finish(packets.failed() ? std::max<std::size_t>(1, sound) : 0);
}

}  // namespace ktstr
