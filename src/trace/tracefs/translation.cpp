// SPDX-License-Identifier: Apache-2.0
#include "trace/tracefs/translation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "trace/kernel_constants.h"
#include "trace/scheduling.h"
#include "trace/trace_file.h"
#include "trace/tracefs/probe_events.h"

namespace ktstr {

namespace {

// Of tasks, for the threads of what moves: a guest that moves without end gets no further than that.
constexpr std::size_t kMostTasksLookedAt = 50'000'000;
constexpr std::size_t kMostShapes = 256;
// Of a cgroup (PATH_MAX), and of all together.
constexpr std::size_t kLongestPath = 4096, kMostPathBytes = std::size_t{64} << 20;
constexpr std::uint64_t kLeastPointer = 4096;  // below it nothing is mapped

// task_struct.__state, include/linux/sched.h
constexpr std::uint32_t kTaskSleeps = 1;

// Bits of the values of fields that these events do not have.
template <typename T>
std::uint32_t bits_of(std::initializer_list<std::string_view> names) {
  std::uint32_t bits = 0;
  std::size_t at = 0;
  for (const TraceField& field : trace_fields(T::kKind)) {
    for (std::size_t word = 0; word < field.words; ++word, ++at)
      if (std::find(names.begin(), names.end(), field.name) != names.end()) bits |= 1U << at;
  }
  return bits;
}

// What a trace of a guest by itself may have. Some were asked for by nobody, or are of the beginning.
bool is_of_guests(TraceKind kind) {
  using enum TraceKind;
  return kind != kTaskSeen && kind != kCpuSeen && kind != kCgroupSeen && !is_on_demand(kind);
}

bool has_any(const CpuBits& mask) {
  return std::any_of(mask.begin(), mask.end(), [](std::uint64_t word) { return word != 0; });
}

std::string_view last_part(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

// "{ 0x0001, "S" }, { 0x0002, "D" }" in the text by which the kernel prints it.
std::vector<std::pair<std::uint64_t, char>> letters_in(std::string_view print) {
  std::vector<std::pair<std::uint64_t, char>> letters;
  for (std::size_t at = print.find("{ 0x"); at != std::string_view::npos; at = print.find("{ 0x", at + 1)) {
    std::uint64_t bit = 0;
    const char* const end = print.data() + print.size();
    const auto parsed = std::from_chars(print.data() + at + 4, end, bit, 16);
    const std::string_view after(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    if (parsed.ec == std::errc() && after.size() > 4 && after.starts_with(", \"") && after[4] == '"')
      letters.emplace_back(bit, after[3]);
  }
  return letters;
}

}  // namespace

const std::vector<TraceTranslation::Row>& TraceTranslation::rows() {
  using enum TraceKind;
  using T = TraceTranslation;
  static const std::vector<Row> all = {
      {"sched/sched_switch",
       kSwitch,
       {"prev_pid", "prev_state", "next_pid", "next_prio", "prev_comm", "next_comm"},
       &T::on_switch},
      {"sched/sched_wakeup", kEnqueue, {"pid", "prio", "target_cpu", "comm"}, &T::on_wakeup},
      {"sched/sched_wakeup_new", kEnqueue, {"pid", "prio", "target_cpu", "comm"}, &T::on_wakeup},
      {"sched/sched_migrate_task", kMigrate, {"pid", "orig_cpu", "dest_cpu"}, &T::on_migrate},
      {"task/task_newtask", kFork, {"pid", "clone_flags", "comm"}, &T::on_fork},
      {"task/task_rename", kRename, {"pid", "newcomm"}, &T::on_rename},
      {"sched/sched_process_exit", kExit, {"pid"}, &T::on_exit},
      {"cgroup/cgroup_mkdir", kCgroupSeen, {"root", "id", "path"}, &T::on_mkdir},
      {"cgroup/cgroup_attach_task", kCgroupMove, {"dst_root", "dst_id", "pid", "dst_path"}, &T::on_move},
  };
  return all;
}

Status TraceTranslation::add_format(std::string_view event, std::string_view text) {
  KTSTR_TRY_ASSIGN(EventFormat format, parse_event_format(text));
  if (const auto kind = kind_of_probe_event(event)) return add_probe_event(event, *kind, std::move(format));
  const auto row = std::find_if(rows().begin(), rows().end(), [&](const Row& each) { return each.event == event; });
  if (row == rows().end()) return fail(ErrorCode::kNotFound, "{} is not an event that is read", event);
  if (row->kind == TraceKind::kSwitch) states_ = letters_in(format.print);
  return add_shape(event, {.format = std::move(format), .handler = row->handler, .kind = row->kind}, row->fields);
}

// Its arguments are called v0, v1, ...
Status TraceTranslation::add_probe_event(std::string_view event, TraceKind kind, EventFormat format) {
  std::size_t values = 0;
  for (const TraceField& field : trace_fields(kind)) values += field.words;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < values; ++i) names.push_back(fmt::format("v{}", i));
  return add_shape(event, {.format = std::move(format), .kind = kind}, {names.begin(), names.end()});
}

Status TraceTranslation::add_shape(std::string_view event, Shape shape, const std::vector<std::string_view>& fields) {
  if (shapes_.size() >= kMostShapes) return fail(ErrorCode::kCorruptData, "there are too many events");
  const std::uint32_t id = shape.format.id;
  Shape& kept = shapes_[id] = std::move(shape);
  const FormatField* const number = kept.format.field("common_type");
  kept.current = kept.format.field("common_pid");
  for (const std::string_view name : fields) kept.fields.push_back(kept.format.field(name));
  for (const FormatField& field : kept.format.fields)
    if (kept.handler == nullptr && field.name.starts_with('b')) kept.pointers.push_back(&field);
  const bool lacks = std::find(kept.fields.begin(), kept.fields.end(), nullptr) != kept.fields.end();
  if (lacks || kept.current == nullptr || number == nullptr) {
    shapes_.erase(id);
    add_absent(event, "this kernel's event does not have what is read of it");
    return ok();
  }
  number_ = *number;
  if (kept.handler == nullptr && kept.kind == TraceKind::kCgroupMove) moves_by_probe_ = true;
  shown_.insert(kept.kind);
  return ok();
}

void TraceTranslation::add_absent(std::string_view event, std::string_view why) {
  if (absent_.size() < kMostShapes) absent_[std::string(event)] = why;
}

// Of an event and its alternatives one is enough.
std::vector<TraceGap> TraceTranslation::gaps() const {
  std::vector<TraceGap> gaps;
  for (const EnumName<TraceKind>& each : names_of(TraceKind::kSwitch)) {
    if (shown_.contains(each.value) || !is_of_guests(each.value)) continue;
    std::string why = "the kernel has no event for it";
    for (const auto& [event, reason] : absent_)
      if (kind_of_event(event) == each.value) why = fmt::format("{}: {}", event, reason);
    gaps.push_back({std::string(each.text), "", std::move(why)});
  }
  for (const char* const field : {"flags", "state", "delayed", "clock", "policy", "static_prio", "group"})
    gaps.push_back({"enqueue", field, "sched_wakeup does not have it, and shows wakeups alone"});
  gaps.push_back({"switch", "clock", "sched_switch does not have it"});
  gaps.push_back({"exit", "code", "sched_process_exit does not have it"});
  return gaps;
}

std::optional<TraceKind> TraceTranslation::kind_of_event(std::string_view event) {
  const auto row = std::find_if(rows().begin(), rows().end(), [&](const Row& each) { return each.event == event; });
  return row == rows().end() ? kind_of_probe_event(event) : std::optional(row->kind);
}

TraceTranslation::Task* TraceTranslation::task(std::int32_t pid) {
  if (pid == 0 || (tasks_.size() >= kMostTasks && !tasks_.contains(pid))) return nullptr;
  return &tasks_[pid];
}

void TraceTranslation::know_cgroup(std::uint64_t number, std::string path, std::uint64_t parent, std::string name) {
  if (number == 0 || cgroups_.size() >= kMostCgroups || by_path_.size() >= kMostCgroups) return;
  if (path.size() > kLongestPath || path_bytes_ + path.size() > kMostPathBytes) return;
  path_bytes_ += path.size();
  by_path_[path] = number;
  cgroups_[number] = {parent, std::move(path), std::move(name)};
}

TraceTranslation::Cgroup TraceTranslation::cgroup_at(std::string_view path) const {
  const std::size_t slash = std::min(path.find_last_of('/'), path.size());
  const auto above = by_path_.find(slash == 0 ? std::string_view("/") : path.substr(0, slash));
  return {above == by_path_.end() || path.size() < 2 ? 0 : above->second, std::string(path),
          std::string(last_part(path))};
}

void TraceTranslation::see(const TraceEvent& seen, const Give& give) {
  if (seen.kind == TraceKind::kTaskSeen) {
    const auto known = event_as<trace::TaskSeen>(seen);
    if (Task* const one = task(known.pid)) *one = {known.tgid, known.cgroup, known.mask, known.comm.str()};
  }
  if (seen.kind == TraceKind::kCgroupSeen) {
    const auto known = event_as<trace::CgroupSeen>(seen);
    const auto above = cgroups_.find(known.parent);
    const std::string prefix = above == cgroups_.end() || above->second.path == "/" ? "/" : above->second.path + "/";
    know_cgroup(known.cgroup, known.parent == 0 ? "/" : prefix + known.name.str(), known.parent, known.name.str());
  }
  give(seen);
}

TraceEvent TraceTranslation::hole(std::uint64_t time_ns, std::uint16_t cpu) {
  TraceEvent event = make_event(time_ns, cpu, trace::Switch{});
  event.unreadable = (1U << event.count) - 1;
  return event;
}

void TraceTranslation::translate(std::uint16_t cpu, const RawTraceEvent& raw, const Give& give) {
  const auto number = number_in(raw.data, number_);
  const auto found = number ? shapes_.find(static_cast<std::uint32_t>(*number)) : shapes_.end();
  if (found == shapes_.end()) return;
  const Shape& shape = found->second;
  if (shape.handler == nullptr) return probed(cpu, raw, shape, give);
  Values values{.time_ns = raw.time_ns, .cpu = cpu};
  const auto current = number_in(raw.data, *shape.current);
  if (!current) return;
  values.current = static_cast<std::int32_t>(*current);
  for (std::size_t i = 0; i < shape.fields.size(); ++i) {
    const FormatField& field = *shape.fields[i];
    if (field.is_text || field.is_elsewhere) {
      values.text[i] = text_in(raw.data, field).value_or(std::string_view());
      continue;
    }
    const auto value = number_in(raw.data, field);
    if (!value) return;
    values.number[i] = *value;
  }
  (this->*shape.handler)(values, give);
}

void TraceTranslation::probed(std::uint16_t cpu, const RawTraceEvent& raw, const Shape& shape, const Give& give) {
  TraceEvent event{.time_ns = raw.time_ns, .kind = shape.kind, .cpu = cpu};
  for (const FormatField* const field : shape.fields) {
    const auto value = number_in(raw.data, *field);
    if (!value) event.unreadable |= 1U << event.count;
    event.values[event.count++] = value.value_or(0);
  }
  const bool behind_null = std::any_of(shape.pointers.begin(), shape.pointers.end(), [&](const FormatField* pointer) {
    return number_in(raw.data, *pointer).value_or(0) < kLeastPointer;
  });
  if (behind_null && event.kind == TraceKind::kCgroupMove) return;  // of a task that ends, which goes nowhere
  if (behind_null) {
    event.values = {};
    event.unreadable = (1U << event.count) - 1;
  }
  give(event);
  if (event.unreadable == 0) learn(event);
}

// Also of a task that is not born yet.
void TraceTranslation::learn(const TraceEvent& event) {
  if (event.kind == TraceKind::kAffinity) {
    const auto set = event_as<trace::Affinity>(event);
    if ((set.flags & kOfMigrationDisabled) != 0) return;
    if (Task* const one = task(set.pid)) one->mask = set.mask;
  } else if (event.kind == TraceKind::kCgroupMove) {
    const auto move = event_as<trace::CgroupMove>(event);
    if (Task* const one = task(move.pid)) one->cgroup = move.cgroup;
  }
}

// Of a task whose birth was not seen.
void TraceTranslation::learn_comm(std::int32_t pid, std::string_view comm, const Values& values, const Give& give) {
  Task* const known = task(pid);
  if (known == nullptr || comm.empty() || known->comm == comm) return;
  known->comm = comm;
  give(make_event(values.time_ns, values.cpu, trace::Rename{.pid = pid, .comm = as_trace_text<2>(comm)}));
}

void TraceTranslation::on_switch(const Values& values, const Give& give) {
  static const std::uint32_t unreadable = bits_of<trace::Switch>({"clock"});
  const auto prev = static_cast<std::int32_t>(values.number[0]), next = static_cast<std::int32_t>(values.number[2]);
  trace::Switch made{
      .prev = prev, .prev_on_rq = 1, .next = next, .next_prio = static_cast<std::int32_t>(values.number[3])};
  const auto letter =
      std::find_if(states_.begin(), states_.end(), [&](const auto& each) { return each.first == values.number[1]; });
  // What no letter stands for says that it was preempted.
  if (letter != states_.end()) {
    made.prev_on_rq = 0;
    const char state = letter->second;
    made.prev_state = state == 'X' || state == 'Z' ? kTaskDead
                      : state == 'I'               ? kTaskIdle
                      : state == 'S'               ? kTaskSleeps
                                                   : static_cast<std::uint32_t>(values.number[1]);
  }
  learn_comm(prev, values.text[4], values, give);
  learn_comm(next, values.text[5], values, give);
  TraceEvent event = make_event(values.time_ns, values.cpu, made);
  event.unreadable = unreadable;
  give(event);
  if (made.prev_state == kTaskDead) tasks_.erase(prev);
}

void TraceTranslation::on_wakeup(const Values& values, const Give& give) {
  static const std::uint32_t unreadable =
      bits_of<trace::Enqueue>({"flags", "state", "delayed", "clock", "policy", "static_prio", "group"});
  static const std::uint32_t no_class = bits_of<trace::Enqueue>({"sched_class"});
  const auto pid = static_cast<std::int32_t>(values.number[0]), prio = static_cast<std::int32_t>(values.number[1]);
  learn_comm(pid, values.text[3], values, give);
  std::optional<SchedClass> sched_class = ordinary_;
  if (prio < kLeastFairPrio) sched_class = prio < 0 ? SchedClass::kDeadline : SchedClass::kRealTime;
  TraceEvent event =
      make_event(values.time_ns, values.cpu,
                 trace::Enqueue{.pid = pid,
                                .cpu = static_cast<std::uint32_t>(values.number[2]),
                                .sched_class = static_cast<std::uint32_t>(sched_class.value_or(SchedClass::kStop))});
  event.unreadable = unreadable | (sched_class ? 0 : no_class);
  give(event);
}

void TraceTranslation::on_migrate(const Values& values, const Give& give) {
  give(make_event(values.time_ns, values.cpu,
                  trace::Migrate{.pid = static_cast<std::int32_t>(values.number[0]),
                                 .from = static_cast<std::uint32_t>(values.number[1]),
                                 .to = static_cast<std::uint32_t>(values.number[2])}));
}

// It has what its parent has.
void TraceTranslation::on_fork(const Values& values, const Give& give) {
  static const std::uint32_t no_tgid = bits_of<trace::Fork>({"tgid"}), no_parent = bits_of<trace::Fork>({"parent"}),
                             no_cgroup = bits_of<trace::Fork>({"cgroup"}), no_mask = bits_of<trace::Fork>({"mask"});
  const auto pid = static_cast<std::int32_t>(values.number[0]);
  const bool is_thread = (values.number[1] & kCloneThread) != 0;
  const auto found = tasks_.find(values.current);
  Task made = found == tasks_.end() ? Task() : found->second;
  const std::int32_t parent = made.tgid;
  if (!is_thread) made.tgid = pid;
  made.comm = values.text[2];
  // Unless it was put elsewhere before this event.
  if (const auto before = tasks_.find(pid); before != tasks_.end() && before->second.tgid == 0) {
    if (before->second.cgroup != 0) made.cgroup = before->second.cgroup;
    if (has_any(before->second.mask)) made.mask = before->second.mask;
  }
  TraceEvent event = make_event(values.time_ns, values.cpu,
                                trace::Fork{.pid = pid,
                                            .tgid = made.tgid,
                                            .parent = parent,
                                            .cgroup = made.cgroup,
                                            .mask = made.mask,
                                            .comm = as_trace_text<2>(made.comm)});
  event.unreadable = (made.tgid == 0 ? no_tgid : 0) | (parent == 0 ? no_parent : 0) |
                     (made.cgroup == 0 ? no_cgroup : 0) | (has_any(made.mask) ? 0 : no_mask);
  give(event);
  if (Task* const one = task(pid)) *one = std::move(made);
}

void TraceTranslation::on_rename(const Values& values, const Give& give) {
  learn_comm(static_cast<std::int32_t>(values.number[0]), values.text[1], values, give);
}

void TraceTranslation::on_exit(const Values& values, const Give& give) {
  static const std::uint32_t unreadable = bits_of<trace::Exit>({"code"});
  TraceEvent event = make_event(values.time_ns, values.cpu, trace::Exit{});
  event.unreadable = unreadable;
  give(event);
}

// Those of the hierarchy that all systems have is number 0 (cgroups(7), /proc/PID/cgroup).
void TraceTranslation::on_mkdir(const Values& values, const Give& give) {
  if (values.number[0] != 0) return;
  const Cgroup made = cgroup_at(values.text[2]);
  give(make_event(
      values.time_ns, values.cpu,
      trace::CgroupSeen{.cgroup = values.number[1], .parent = made.parent, .name = as_trace_text<4>(made.name)}));
  know_cgroup(values.number[1], made.path, made.parent, made.name);
}

// The event has a process by its first thread, and is the same where that thread alone is moved.
void TraceTranslation::on_move(const Values& values, const Give& give) {
  if (values.number[0] != 0 || moves_by_probe_) return;
  const std::uint64_t number = values.number[1];
  const auto pid = static_cast<std::int32_t>(values.number[2]);
  const auto known = cgroups_.find(number);
  const Cgroup into = known == cgroups_.end() ? cgroup_at(values.text[3]) : known->second;
  auto move = [&](std::int32_t moved) {
    give(make_event(
        values.time_ns, values.cpu,
        trace::CgroupMove{.pid = moved, .cgroup = number, .parent = into.parent, .name = as_trace_text<4>(into.name)}));
    if (Task* const one = task(moved)) one->cgroup = number;
  };
  std::vector<std::int32_t> threads;
  if (looked_at_ < kMostTasksLookedAt) {
    looked_at_ += tasks_.size();
    for (const auto& [other, its] : tasks_)
      if (its.tgid == pid && other != pid) threads.push_back(other);
  }
  std::sort(threads.begin(), threads.end());
  move(pid);
  for (const std::int32_t thread : threads) move(thread);
}

}  // namespace ktstr
