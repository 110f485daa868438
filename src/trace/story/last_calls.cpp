// SPDX-License-Identifier: Apache-2.0
#include "trace/story/last_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "trace/kernel_constants.h"
#include "trace/story/event_words.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostLines = 12;       // of one call with all within
constexpr std::size_t kMostOpen = 64;        // calls within each other: what is lost of them ends nothing
constexpr std::uint32_t kFirstError = 1024;  // enum scx_exit_kind: SCX_EXIT_ERROR

// A call and all within, or a thing that the kernel did.
struct Call {
  std::vector<CallLine> lines;
  std::set<std::int32_t> about;
  std::uint16_t cpu = 0;
  bool is_call = false;
  std::size_t left_out = 0;
};

struct Open {
  std::string name;
  std::size_t line = 0;  // SIZE_MAX: it was left out
  std::uint64_t at_ns = 0;
};

// What runs on a CPU, in which functions.
struct Context {
  Call call;
  std::vector<Open> open;
};

bool is_of_scheduler(TraceKind kind) {
  using enum TraceKind;
  return kind == kDsqInsert || kind == kDsqInsertVtime || kind == kDsqMove || kind == kDsqMoveToLocal || kind == kKick;
}

bool is_of_kernel(TraceKind kind) {
  using enum TraceKind;
  return kind == kSwitch || kind == kEnqueue || kind == kMigrate || kind == kAffinity || kind == kPolicy ||
         kind == kNice || kind == kCgroupMove || kind == kFork || kind == kExit;
}

class CallFinder {
 public:
  explicit CallFinder(const AskedCalls& asked) : asked_(asked) {
    for (const std::int32_t pid : asked.pids) found_.tasks.push_back({.pid = pid, .task = {}, .calls = 0, .lines = {}});
    kept_.resize(asked.pids.size());
  }

  // Whether it was the end.
  bool add(const TraceEvent& event, const TaskTable& before) {
    found_.end_ns = event.time_ns;
    if (event.kind == TraceKind::kSchedulerExit && event.time_ns >= asked_.from_ns &&
        event_as<trace::SchedulerExit>(event).reason >= kFirstError) {
      found_.exit_cpu = event.cpu;
      found_.exit_pid = before.running(event.cpu);
      return true;
    }
    for (std::size_t i = 0; i < asked_.pids.size(); ++i)
      if ((found_.tasks[i].task.empty() || event.kind == TraceKind::kRename) && before.task(asked_.pids[i]) != nullptr)
        found_.tasks[i].task = task_text(asked_.pids[i], before);
    if (event.kind == TraceKind::kProbe) {
      probed(event, before);
    } else if (is_of_scheduler(event.kind)) {
      Context& context = context_of(event.cpu, before);
      if (context.open.empty())
        single(event, before, true);
      else
        add_line(context, event, task_of(event, before), event_words(event, before));
    } else if (is_of_kernel(event.kind)) {
      single(event, before, false);
    }
    return false;
  }

  LastCalls finish() {
    for (auto& [who, context] : contexts_) {
      for (const Open& open : context.open)
        if (open.line < context.call.lines.size()) context.call.lines[open.line].is_open = true;
      if (!context.open.empty()) close(context);
    }
    for (std::size_t i = 0; i < kept_.size(); ++i) found_.tasks[i].lines = lines_of(kept_[i]);
    if (found_.exit_cpu) {
      found_.at_exit.calls = calls_of_cpu_[*found_.exit_cpu];
      found_.at_exit.lines = lines_of(of_cpus_[*found_.exit_cpu]);
    }
    return std::move(found_);
  }

 private:
  using Kept = std::deque<Call>;

  // A task's own: it may leave a CPU within a call and come back on another one.
  Context& context_of(std::uint16_t cpu, const TaskTable& table) {
    const std::int32_t pid = table.running(cpu);
    return contexts_[pid != 0 ? pid : -1 - cpu];
  }

  void add_line(Context& context, const TraceEvent& event, std::int32_t about, std::string words) {
    if (about != 0) context.call.about.insert(about);
    if (context.call.lines.size() >= kMostLines) {
      ++context.call.left_out;
      return;
    }
    context.call.lines.push_back({.at_ns = event.time_ns,
                                  .cpu = event.cpu,
                                  .depth = static_cast<std::uint8_t>(std::min<std::size_t>(context.open.size(), 255)),
                                  .words = std::move(words),
                                  .took_ns = {},
                                  .is_open = false});
  }

  void probed(const TraceEvent& event, const TaskTable& table) {
    const auto probe = event_as<trace::Probe>(event);
    Context& context = context_of(event.cpu, table);
    const std::string name = table.probes().name(probe.number);
    if (!probe.ends()) {
      if (context.open.size() >= kMostOpen) context = {};
      if (context.open.empty()) context.call = {.lines = {}, .about = {}, .cpu = event.cpu, .is_call = true};
      const std::size_t line = context.call.lines.size();
      add_line(context, event, task_of(event, table), probe_text(event, table));
      // One whose end nobody asked for is not known to go on.
      if (!table.probes().has_end(name)) {
        if (context.open.empty()) close(context);
        return;
      }
      context.open.push_back({name, line < context.call.lines.size() ? line : SIZE_MAX, event.time_ns});
      return;
    }
    const auto begun =
        std::find_if(context.open.rbegin(), context.open.rend(), [&](const Open& open) { return open.name == name; });
    if (begun == context.open.rend()) return;  // it began before the trace
    if (begun->line < context.call.lines.size()) {
      CallLine& line = context.call.lines[begun->line];
      const std::string ended = probe_text(event, table);
      if (!ended.ends_with("-> void")) line.words += ended.substr(std::min(ended.find(" -> "), ended.size()));
      line.took_ns = event.time_ns - begun->at_ns;
    }
    context.open.erase(std::prev(begun.base()), context.open.end());
    if (context.open.empty()) close(context);
  }

  void close(Context& context) {
    context.open.clear();
    if (context.call.left_out > 0 && !context.call.lines.empty()) {
      CallLine more = context.call.lines.back();
      more.depth = 1;
      more.words = fmt::format("... and {} more within it", context.call.left_out);
      more.took_ns.reset();
      more.is_open = false;
      context.call.lines.push_back(std::move(more));
    }
    keep(std::move(context.call));
    context.call = {};
  }

  void single(const TraceEvent& event, const TaskTable& table, bool of_scheduler) {
    Call call{.lines = {}, .about = {}, .cpu = event.cpu, .is_call = of_scheduler};
    if (event.kind == TraceKind::kSwitch) {
      const auto change = event_as<trace::Switch>(event);
      for (const std::int32_t pid : {change.prev, change.next})
        if (pid != 0) call.about.insert(pid);
    } else if (const std::int32_t pid = task_of(event, table); pid != 0) {
      call.about.insert(pid);
    }
    const bool is_asked =
        std::any_of(asked_.pids.begin(), asked_.pids.end(), [&](std::int32_t pid) { return call.about.contains(pid); });
    if (!is_asked && !of_scheduler) return;
    call.lines.push_back({.at_ns = event.time_ns, .cpu = event.cpu, .words = event_words(event, table)});
    keep(std::move(call));
  }

  void keep(Call call) {
    for (std::size_t i = 0; i < asked_.pids.size(); ++i)
      if (call.about.contains(asked_.pids[i])) {
        if (call.is_call) ++found_.tasks[i].calls;
        put(kept_[i], call);
      }
    if (!call.is_call) return;
    ++calls_of_cpu_[call.cpu];
    put(of_cpus_[call.cpu], std::move(call));
  }

  // By when they began, since what began earlier may end later. Things that the kernel did have room, too.
  void put(Kept& kept, Call call) const {
    const auto later = [&](const Call& one) { return one.lines.front().at_ns > call.lines.front().at_ns; };
    if (call.lines.empty()) return;
    kept.insert(std::find_if(kept.begin(), kept.end(), later), std::move(call));
    if (kept.size() > 2 * asked_.most) kept.pop_front();
  }

  std::vector<CallLine> lines_of(const Kept& kept) const {
    std::size_t calls = 0, first = kept.size();
    while (first > 0 && calls < asked_.most) calls += kept[--first].is_call ? 1 : 0;
    std::vector<CallLine> lines;
    for (; first < kept.size(); ++first) lines.insert(lines.end(), kept[first].lines.begin(), kept[first].lines.end());
    return lines;
  }

  const AskedCalls& asked_;
  LastCalls found_;
  std::vector<Kept> kept_;  // of the tasks
  std::map<std::uint16_t, Kept> of_cpus_;
  std::map<std::uint16_t, std::uint64_t> calls_of_cpu_;
  std::map<std::int32_t, Context> contexts_;
};

}  // namespace

Result<LastCalls> last_calls(TraceReader& trace, const AskedCalls& asked) {
  CallFinder finder(asked);
  TaskTable table;
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, trace.next());
    if (!event || event->time_ns > asked.until_ns || finder.add(*event, table)) break;
    table.follow(*event);
  }
  return finder.finish();
}

}  // namespace ktstr
