// SPDX-License-Identifier: Apache-2.0
//
// Events of the kernel's own tracing as events of the recorder's kinds. What those have and the kernel's do not have is
// unreadable, but for what follows from the events before: a task's process, cgroup and CPUs, when it forks.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "trace/events.h"
#include "trace/tracefs/event_format.h"
#include "trace/tracefs/ring_part.h"

namespace ktstr {

struct TraceGap;

// The first characters of a text, as an event has them.
template <std::size_t Words>
TraceText<Words> as_trace_text(std::string_view text) {
  TraceText<Words> made;
  for (std::size_t i = 0; i < text.size() && i < Words * 8; ++i)
    made.words[i / 8] |= std::uint64_t{static_cast<unsigned char>(text[i])} << (i % 8 * 8);
  return made;
}

class TraceTranslation {
 public:
  using Give = std::function<void(const TraceEvent&)>;

  // `event`: "sched/sched_switch". One that is not known, or lacks what it is read for, is an Error.
  Status add_format(std::string_view event, std::string_view format);
  void add_absent(std::string_view event, std::string_view why);
  // Of kinds that none of the events shows, and of fields.
  std::vector<TraceGap> gaps() const;

  // What was there before, and who schedules ordinary tasks from now on; none: it is not known.
  void see(const TraceEvent& seen, const Give& give);
  void set_class(std::optional<SchedClass> ordinary) { ordinary_ = ordinary; }
  // Events of all CPUs, in the order of their time.
  void translate(std::uint16_t cpu, const RawTraceEvent& raw, const Give& give);
  // Events of this CPU are missing from here on.
  static TraceEvent hole(std::uint64_t time_ns, std::uint16_t cpu);

 private:
  static constexpr std::size_t kMostValues = 6;
  struct Values {
    std::uint64_t time_ns = 0;
    std::uint16_t cpu = 0;
    std::int32_t current = 0;  // who ran there
    std::array<std::uint64_t, kMostValues> number{};
    std::array<std::string_view, kMostValues> text{};
  };
  using Handler = void (TraceTranslation::*)(const Values&, const Give&);
  struct Row {
    std::string_view event;
    TraceKind kind;
    std::vector<std::string_view> fields;
    Handler handler;
  };
  struct Shape {
    EventFormat format;
    Handler handler = nullptr;
    const FormatField* current = nullptr;
    std::vector<const FormatField*> fields;
    TraceKind kind = TraceKind::kSwitch;       // without a handler: whose values the fields are
    std::vector<const FormatField*> pointers;  // ... and what they were read through
  };
  struct Task {
    std::int32_t tgid = 0;
    std::uint64_t cgroup = 0;
    std::array<std::uint64_t, 4> mask{};
    std::string comm;
  };
  struct Cgroup {
    std::uint64_t parent = 0;
    std::string path, name;
  };
  static const std::vector<Row>& rows();
  Status add_probe_event(std::string_view event, TraceKind kind, EventFormat format);
  Status add_shape(std::string_view event, Shape shape, const std::vector<std::string_view>& fields);
  static std::optional<TraceKind> kind_of_event(std::string_view event);
  void learn(const TraceEvent& event);
  void probed(std::uint16_t cpu, const RawTraceEvent& raw, const Shape& shape, const Give& give);

  void on_switch(const Values& values, const Give& give);
  void on_wakeup(const Values& values, const Give& give);
  void on_migrate(const Values& values, const Give& give);
  void on_fork(const Values& values, const Give& give);
  void on_rename(const Values& values, const Give& give);
  void on_exit(const Values& values, const Give& give);
  void on_mkdir(const Values& values, const Give& give);
  void on_move(const Values& values, const Give& give);
  void learn_comm(std::int32_t pid, std::string_view comm, const Values& values, const Give& give);
  Task* task(std::int32_t pid);
  void know_cgroup(std::uint64_t number, std::string path, std::uint64_t parent, std::string name);
  // By its path, "/a/b".
  Cgroup cgroup_at(std::string_view path) const;

  std::unordered_map<std::uint32_t, Shape> shapes_;  // by the number of the event
  std::map<std::string, std::string, std::less<>> absent_;
  std::set<TraceKind> shown_;
  bool moves_by_probe_ = false;                             // which has more than the kernel's own event
  FormatField number_{.name = {}, .offset = 0, .size = 2};  // common_type: which event it is
  std::vector<std::pair<std::uint64_t, char>> states_;      // letters of a task's states, from sched_switch's own text
  std::optional<SchedClass> ordinary_;
  std::unordered_map<std::int32_t, Task> tasks_;
  std::size_t looked_at_ = 0;  // of them, by on_move()
  std::unordered_map<std::uint64_t, Cgroup> cgroups_;
  std::map<std::string, std::uint64_t, std::less<>> by_path_;
  std::size_t path_bytes_ = 0;
};

}  // namespace ktstr
