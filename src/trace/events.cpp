// SPDX-License-Identifier: Apache-2.0
#include "trace/events.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace ktstr {

namespace {

constexpr EnumName<TraceKind> kKinds[] = {
    {TraceKind::kTaskSeen, "task_seen"},
    {TraceKind::kCpuSeen, "cpu_seen"},
    {TraceKind::kCgroupSeen, "cgroup_seen"},
    {TraceKind::kSwitch, "switch"},
    {TraceKind::kEnqueue, "enqueue"},
    {TraceKind::kDequeue, "dequeue"},
    {TraceKind::kMigrate, "migrate"},
    {TraceKind::kFork, "fork"},
    {TraceKind::kRename, "rename"},
    {TraceKind::kExit, "exit"},
    {TraceKind::kTick, "tick"},
    {TraceKind::kIrqEnter, "irq_enter"},
    {TraceKind::kIrqExit, "irq_exit"},
    {TraceKind::kThrottle, "throttle"},
    {TraceKind::kUnthrottle, "unthrottle"},
    {TraceKind::kCgroupMove, "cgroup_move"},
    {TraceKind::kAffinity, "affinity"},
    {TraceKind::kPolicy, "policy"},
    {TraceKind::kNice, "nice"},
    {TraceKind::kFreeze, "freeze"},
    {TraceKind::kThaw, "thaw"},
    {TraceKind::kCpuOnline, "cpu_online"},
    {TraceKind::kCpuOffline, "cpu_offline"},
    {TraceKind::kDsqInsert, "dsq_insert"},
    {TraceKind::kDsqInsertVtime, "dsq_insert_vtime"},
    {TraceKind::kDsqMoveToLocal, "dsq_move_to_local"},
    {TraceKind::kKick, "kick"},
    {TraceKind::kSchedulerExit, "scheduler_exit"},
    {TraceKind::kReleased, "released"},
    {TraceKind::kProbePlaced, "probe_placed"},
    {TraceKind::kProbe, "probe"},
    {TraceKind::kQuota, "quota"},
    {TraceKind::kYield, "yield"},
    {TraceKind::kDsqMove, "dsq_move"},
    {TraceKind::kNamedValue, "named_value"},
    {TraceKind::kFunctionSeen, "function_seen"},
    {TraceKind::kBpfLineSeen, "bpf_line_seen"},
    {TraceKind::kDataSeen, "data_seen"},
    {TraceKind::kMemberSeen, "member_seen"},
    {TraceKind::kAccess, "access"},
    {TraceKind::kHeld, "held"},
    {TraceKind::kLockUse, "lock_use"},
};

constexpr EnumName<SchedClass> kSchedClasses[] = {
    {SchedClass::kStop, "stop"}, {SchedClass::kDeadline, "dl"}, {SchedClass::kRealTime, "rt"},
    {SchedClass::kFair, "fair"}, {SchedClass::kExt, "ext"},     {SchedClass::kIdle, "idle"},
};

struct ListFields {
  std::vector<TraceField>& into;
  template <std::integral T>
  void operator()(const char* name, const T&) {
    into.push_back({.name = name, .words = 1, .is_text = false, .is_signed = std::is_signed_v<T>});
  }
  template <std::size_t N>
  void operator()(const char* name, const std::array<std::uint64_t, N>&) {
    into.push_back({.name = name, .words = N});
  }
  template <std::size_t N>
  void operator()(const char* name, const TraceText<N>&) {
    into.push_back({.name = name, .words = N, .is_text = true});
  }
};

std::string text_of(const std::uint64_t* words, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count * 8; ++i) {
    const char c = static_cast<char>(words[i / 8] >> (i % 8 * 8) & 0xff);
    if (c == '\0') break;
    text += c;
  }
  return text;
}

}  // namespace

EnumNames<TraceKind> names_of(TraceKind) { return names_from<kKinds>(); }
EnumNames<SchedClass> names_of(SchedClass) { return names_from<kSchedClasses>(); }

template <std::size_t Words>
std::string TraceText<Words>::str() const {
  return text_of(words.data(), Words);
}
template struct TraceText<1>;
template struct TraceText<2>;
template struct TraceText<3>;
template struct TraceText<4>;
template struct TraceText<11>;
template struct TraceText<12>;
template struct TraceText<13>;
template struct TraceText<14>;

const std::vector<TraceField>& trace_fields(TraceKind kind) {
  static const std::map<TraceKind, std::vector<TraceField>> all = [] {
    std::map<TraceKind, std::vector<TraceField>> made;
    for_each_trace_kind([&]<typename T>() {
      ListFields list{made[T::kKind]};
      const T empty;
      fields(list, empty);
    });
    return made;
  }();
  static const std::vector<TraceField> none;
  const auto found = all.find(kind);
  return found == all.end() ? none : found->second;
}

void cut_masks(TraceEvent& event, std::uint32_t cpus) {
  if (event.kind != TraceKind::kTaskSeen && event.kind != TraceKind::kFork && event.kind != TraceKind::kAffinity)
    return;
  std::size_t at = 0;
  for (const TraceField& field : trace_fields(event.kind)) {
    for (std::size_t word = 0; field.name == "mask" && word < field.words && at + word < event.count; ++word) {
      const std::uint64_t first = 64 * word;
      if (cpus <= first)
        event.values[at + word] = 0;
      else if (cpus - first < 64)
        event.values[at + word] &= (std::uint64_t{1} << (cpus - first)) - 1;
    }
    at += field.words;
  }
}

std::string field_text(const TraceEvent& event, std::size_t at, const TraceField& field) {
  const std::uint64_t* const words = event.values.data() + at;
  if (field.is_text) return text_of(words, field.words);
  if (field.words > 1) return fmt::format("{:x}", fmt::join(words, words + field.words, ","));
  return field.is_signed ? fmt::format("{}", static_cast<std::int64_t>(*words)) : fmt::format("{}", *words);
}

std::string to_text(const TraceEvent& event) {
  std::string text = fmt::format("{}.{:09} [{:03}] {}", event.time_ns / 1'000'000'000, event.time_ns % 1'000'000'000,
                                 event.cpu, to_string(event.kind));
  std::size_t at = 0;
  for (const TraceField& field : trace_fields(event.kind)) {
    if (at + field.words > event.count) break;
    const bool unreadable = (event.unreadable >> at & 1) != 0;
    text += fmt::format(" {}={}", field.name, unreadable ? "?" : field_text(event, at, field));
    at += field.words;
  }
  return text;
}

}  // namespace ktstr
