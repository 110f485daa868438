// SPDX-License-Identifier: Apache-2.0
#include "report/page/timeline_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "probe_page.h"
#include "trace/scheduling.h"
#include "trace/story/explain.h"
#include "trace/task_table.h"

namespace ktstr {

namespace {

using nlohmann::json;

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

// Things that get a number with their first use.
template <typename Key>
class Numbers {
 public:
  std::size_t of(const Key& key) {
    const auto [at, is_new] = numbers_.try_emplace(key, keys_.size());
    if (is_new) keys_.push_back(key);
    return at->second;
  }
  const std::vector<Key>& keys() const { return keys_; }

 private:
  std::map<Key, std::size_t> numbers_;
  std::vector<Key> keys_;
};

class Stream {
 public:
  explicit Stream(std::initializer_list<const char*> columns) {
    for (const char* const name : columns) columns_.emplace_back(name, std::string());
  }
  void put(std::size_t column, std::uint64_t value) { put_varint(columns_[column].second, value); }
  // The first column. Time that goes back, in a trace that nobody recorded, stands still.
  void put_time(std::uint64_t at_ns) {
    at_ns = std::max(at_ns, last_ns_);
    put(0, at_ns - last_ns_);
    last_ns_ = at_ns;
  }
  void begin(std::uint64_t from_ns) { last_ns_ = from_ns; }
  json append_to(std::string& all) const {
    json places = json::object();
    for (const auto& [name, bytes] : columns_) {
      places[name] = {all.size(), bytes.size()};
      all += bytes;
    }
    return places;
  }

 private:
  std::vector<std::pair<const char*, std::string>> columns_;
  std::uint64_t last_ns_ = 0;
};

class TimelineMaker {
 public:
  explicit TimelineMaker(const TimelineLimits& limits) : limits_(limits) {}

  // False: there is no room for more.
  bool add(const TraceEvent& event) {
    if (!begun_) begin(event.time_ns);
    to_ns_ = std::max(to_ns_, event.time_ns);
    now_.add(event, [&](const Transition& one) { note(one, event.cpu); });
    names_.follow(event);
    note_event(event);
    return entries_ < limits_.entries && tasks_.size() < limits_.tasks;
  }

  TimelineData finish(const TraceReader& trace, bool is_whole) {
    TimelineData made{.head = {}, .columns = {}, .is_empty = entries_ == 0};
    json columns = json::object();
    for (const auto& [name, stream] :
         {std::pair("phase", &phase_), std::pair("wake", &wake_), std::pair("move", &move_),
          std::pair("queue", &queue_), std::pair("quota", &quota_), std::pair("online", &online_),
          std::pair("held", &held_)})
      columns[name] = stream->append_to(made.columns);
    json tasks = json::array(), cgroups = json::array(), queues = json::array();
    for (const Task& task : tasks_) tasks.push_back({{"pid", task.pid}, {"comm", task.comm}});
    for (const std::uint64_t cgroup : cgroups_.keys())
      cgroups.push_back(cgroup == 0 ? std::string() : names_.cgroup_path(cgroup));
    for (const auto& [queue, cpu] : queues_.keys()) queues.push_back(dsq_text(queue, cpu));
    json head = {{"from_ns", fmt::format("{}", from_ns_)},
                 {"to_ns", fmt::format("{}", to_ns_)},
                 {"cpus", now_.cpus().size()},
                 {"source", trace.header().source},
                 {"tasks", std::move(tasks)},
                 {"cgroups", std::move(cgroups)},
                 {"queues", std::move(queues)},
                 {"columns", std::move(columns)},
                 {"cut", cut(trace, is_whole)},
                 {"holes", trace.header().has_holes()}};
    made.head = head.dump(-1, ' ', false, json::error_handler_t::replace);
    return made;
  }

 private:
  struct Task {
    std::int32_t pid = 0;
    std::string comm;
    std::uint16_t cpu = 0;  // the last that was put down
  };

  void begin(std::uint64_t at_ns) {
    begun_ = true;
    from_ns_ = at_ns;
    for (Stream* const stream : {&phase_, &wake_, &move_, &queue_, &quota_, &online_, &held_}) stream->begin(at_ns);
  }

  std::size_t number_of(std::int32_t pid) {
    const auto [at, is_new] = by_pid_.try_emplace(pid, tasks_.size());
    if (is_new) tasks_.push_back({.pid = pid, .comm = {}});
    return at->second;
  }

  void note(const Transition& one, std::uint16_t on) {
    const std::size_t number = number_of(one.pid);
    Task& task = tasks_[number];
    phase_.put_time(one.at_ns);
    phase_.put(1, number);
    const bool is_elsewhere = task.cpu != one.cpu;
    const bool is_wakeup = one.after == TaskPhase::kWaiting && one.before.phase != TaskPhase::kRunning;
    // Bits 0 to 2: the phase; 3: its CPU is another one than before; 4: the one before was not known.
    phase_.put(2, static_cast<std::uint64_t>(one.after) | (is_elsewhere ? 8U : 0U) |
                      (one.before.phase == TaskPhase::kUnknown ? 16U : 0U));
    if (is_elsewhere) phase_.put(3, one.cpu);
    task.cpu = one.cpu;
    if (is_wakeup) wake_.put(0, on);
    if (one.after == TaskPhase::kDead) by_pid_.erase(one.pid);
    ++entries_;
  }

  void put_move(const TraceEvent& event, std::int32_t pid) {
    const TaskNow* const task = now_.task(pid);
    if (task == nullptr) return;
    move_.put_time(event.time_ns);
    move_.put(1, number_of(pid));
    move_.put(2, cgroups_.of(task->cgroup));
    ++entries_;
  }

  void put_name(std::int32_t pid) {
    const TracedTask* const task = names_.task(pid);
    if (pid != 0 && task != nullptr && !task->comm.empty()) tasks_[number_of(pid)].comm = task->comm;
  }

  void put_queue(const TraceEvent& event) {
    const std::uint64_t dsq = event.values[1];
    const auto pid = static_cast<std::int32_t>(event.values[0]);
    if (now_.task(pid) == nullptr) return;
    queue_.put_time(event.time_ns);
    queue_.put(1, number_of(pid));
    queue_.put(2, queues_.of({dsq, dsq == kLocalDsq ? event.cpu : std::uint16_t{0}}));
    ++entries_;
  }

  void put_quota(const TraceEvent& event, std::uint64_t cgroup, std::uint32_t cpu, bool begins) {
    quota_.put_time(event.time_ns);
    quota_.put(1, cgroups_.of(cgroup));
    quota_.put(2, cpu);
    quota_.put(3, begins ? 1 : 0);
    ++entries_;
  }

  void put_cpu(Stream& stream, const TraceEvent& event, std::uint32_t cpu, bool begins) {
    stream.put_time(event.time_ns);
    stream.put(1, cpu);
    stream.put(2, begins ? 1 : 0);
    ++entries_;
  }

  void note_event(const TraceEvent& event) {
    switch (event.kind) {
      case TraceKind::kTaskSeen:
      case TraceKind::kFork:
      case TraceKind::kCgroupMove: {
        const auto pid = static_cast<std::int32_t>(event.values[0]);
        if (pid == 0) return;
        put_name(pid);
        return put_move(event, pid);
      }
      case TraceKind::kRename:
        return put_name(event_as<trace::Rename>(event).pid);
      case TraceKind::kDsqInsert:
      case TraceKind::kDsqInsertVtime:
      case TraceKind::kDsqMove:
        return put_queue(event);
      case TraceKind::kThrottle: {
        const auto throttle = event_as<trace::Throttle>(event);
        return put_quota(event, throttle.cgroup, throttle.cpu, true);
      }
      case TraceKind::kUnthrottle: {
        const auto throttle = event_as<trace::Unthrottle>(event);
        return put_quota(event, throttle.cgroup, throttle.cpu, false);
      }
      case TraceKind::kCpuOnline:
        return put_cpu(online_, event, event_as<trace::CpuOnline>(event).cpu, true);
      case TraceKind::kCpuOffline:
        return put_cpu(online_, event, event_as<trace::CpuOffline>(event).cpu, false);
      case TraceKind::kHeld: {
        const auto hold = event_as<trace::Held>(event);
        return put_cpu(held_, event, hold.vcpu, control::HoldChange{hold.change} == control::HoldChange::kBegins);
      }
      default:
        return;
    }
  }

  std::string cut(const TraceReader& trace, bool is_whole) const {
    if (!is_whole) return fmt::format("the page has room for its first {} entries only", entries_);
    if (trace.cut_short()) return "the trace is cut short: its run was killed, or its disk was full";
    if (trace.not_stored() > 0)
      return fmt::format("the trace became too large: its last {} events were not stored", trace.not_stored());
    return {};
  }

  TimelineLimits limits_;
  Scheduling now_;
  TaskTable names_;
  bool begun_ = false;
  std::uint64_t from_ns_ = 0, to_ns_ = 0, entries_ = 0;
  std::vector<Task> tasks_;
  std::unordered_map<std::int32_t, std::size_t> by_pid_;  // of those that live
  Numbers<std::uint64_t> cgroups_;
  Numbers<std::pair<std::uint64_t, std::uint16_t>> queues_;
  Stream phase_{"dt", "task", "what", "cpu"};
  Stream wake_{"by"};
  Stream move_{"dt", "task", "cgroup"};
  Stream queue_{"dt", "task", "queue"};
  Stream quota_{"dt", "cgroup", "cpu", "begins"};
  Stream online_{"dt", "cpu", "begins"};
  Stream held_{"dt", "cpu", "begins"};
};

}  // namespace

Result<TimelineData> timeline_data(TraceReader& trace, const TimelineLimits& limits) {
  TimelineMaker maker(limits);
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, trace.next());
    if (!event) return maker.finish(trace, true);
    if (!maker.add(*event)) return maker.finish(trace, false);
  }
}

}  // namespace ktstr
