// SPDX-License-Identifier: Apache-2.0
#include "trace/story/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "trace/kernel_constants.h"
#include "trace/story/event_words.h"
#include "trace/task_table.h"

namespace ktstr {

namespace {

constexpr EnumName<Guilty> kGuilty[] = {
    {Guilty::kNobody, "nobody"},
    {Guilty::kScheduler, "the scheduler"},
    {Guilty::kRealTime, "real-time tasks"},
    {Guilty::kHigherClass, "tasks of a class above"},
    {Guilty::kQuota, "a quota"},
    {Guilty::kFreezer, "the freezer"},
    {Guilty::kInterrupts, "interrupts"},
    {Guilty::kNoCpu, "no CPU"},
};

constexpr std::size_t kMostUsers = 3, kMostCpusNamed = 4;
// Of a guest that has any number of tasks these are kept apart, on all CPUs together; the rest is one.
constexpr std::size_t kMostTasksApart = 100'000;
constexpr std::int32_t kOthers = -1;

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// Adds up what lies between two moments, event by event.
class Window {
 public:
  Window(std::int32_t pid, std::uint64_t from_ns, std::uint64_t to_ns) {
    story_.pid = pid;
    story_.from_ns = from_ns;
    story_.to_ns = to_ns;
  }

  void note_gap(const TraceGap& gap) {
    if (gap.kind == kLostEvents) story_.whole = false;
    if (gap.kind == to_string(TraceKind::kAffinity) && gap.field.empty()) story_.affinity_known = false;
    if (gap.kind == to_string(TraceKind::kDsqInsert) && gap.field.empty()) queues_known_ = false;
  }

  void note_source(std::string_view source) { story_.in_real_time = source == "tracefs"; }

  // The state so far held until this event.
  void add(const TraceEvent& event) {
    account(std::min(event.time_ns, story_.to_ns));
    if (event.time_ns > story_.to_ns) return;
    if (event.kind == TraceKind::kFreeze || event.kind == TraceKind::kThaw) note_frozen(event);
    now_.add(event);
    names_.follow(event);
    if (event.kind == TraceKind::kSwitch) note_user(event_as<trace::Switch>(event));
    if (const TaskNow* const task = now_.task(story_.pid)) {
      known_ = true;
      last_ = *task;
      if (task->phase == TaskPhase::kWaiting && longest_ns_ == 0) wait_ = *task;
      story_.comm = names_.comm(story_.pid, 0);
      if (task->cgroup != cgroup_) story_.cgroup = names_.cgroup_path(cgroup_ = task->cgroup);
    }
  }

  // The trace has no more, and is not whole: what was after it nobody knows.
  void cut_off() {
    if (at_ns_ >= story_.to_ns) return;
    story_.whole = false;
    story_.to_ns = at_ns_;
  }
  bool is_whole() const { return story_.whole; }

  Result<WaitStory> finish() {
    if (story_.to_ns <= story_.from_ns) return fail(ErrorCode::kNotFound, "the trace ends before that");
    account(story_.to_ns);
    if (!known_) return fail(ErrorCode::kNotFound, "the trace does not have task {}", story_.pid);
    story_.sched_class = last_.sched_class;
    story_.waited_on = wait_.cpu;
    story_.dsq = wait_.dsq;
    story_.in_no_queue = queues_known_ && wait_.sched_class == SchedClass::kExt && !wait_.dsq;
    for (auto& [cpu, sums] : cpus_) {
      if (!last_.may_run_on(cpu)) {
        story_.anywhere = false;
        if (cpu != last_.cpu) continue;
      }
      story_.cpus.push_back(story_of(cpu, sums));
    }
    story_.guilty = guilty();
    return std::move(story_);
  }

 private:
  struct Sums {
    std::uint64_t idle_ns = 0, offline_ns = 0, irq_ns = 0;
    std::map<std::int32_t, std::uint64_t> ran;
  };

  void account(std::uint64_t until_ns) {
    const std::uint64_t since = std::max(at_ns_, story_.from_ns);
    at_ns_ = std::max(at_ns_, until_ns);
    if (until_ns <= since) return;
    const std::uint64_t passed = until_ns - since;
    const std::vector<CpuNow>& cpus = now_.cpus();
    for (std::uint32_t cpu = 0; cpu < cpus.size(); ++cpu) {
      if (!cpus[cpu].known) continue;
      Sums& sums = cpus_[cpu];
      if (cpus[cpu].irq_depth > 0) sums.irq_ns += passed;
      if (!cpus[cpu].online)
        sums.offline_ns += passed;
      else if (cpus[cpu].current == 0)
        sums.idle_ns += passed;
      else
        add_run(sums, cpus[cpu].current, passed);
    }
    const TaskNow* const task = now_.task(story_.pid);
    if (task == nullptr) return;
    if (task->phase == TaskPhase::kRunning) story_.ran_ns += passed;
    if (task->phase == TaskPhase::kSleeping) (frozen_ ? story_.frozen_ns : story_.slept_ns) += passed;
    if (task->phase != TaskPhase::kWaiting) return;
    note_wait(*task, passed);
    const bool kept = !task->queued || now_.is_throttled(task->cgroup, task->cpu);
    (kept ? story_.throttled_ns : story_.waited_ns) += passed;
  }

  // The story describes the longest of several waits, as it was last.
  void note_wait(const TaskNow& task, std::uint64_t passed) {
    if (task.since_ns != waits_since_ns_) this_ns_ = 0;
    waits_since_ns_ = task.since_ns;
    this_ns_ += passed;
    if (this_ns_ < longest_ns_) return;
    longest_ns_ = this_ns_;
    wait_ = task;
  }

  void add_run(Sums& sums, std::int32_t pid, std::uint64_t passed) {
    const bool is_new = !sums.ran.contains(pid);
    if (is_new && kept_ == kMostTasksApart) pid = kOthers;
    if (is_new && pid != kOthers) ++kept_;
    sums.ran[pid] += passed;
  }

  // While it is known: it may be dead in the end.
  void note_user(const trace::Switch& event) {
    if (users_.size() >= kMostTasksApart && !users_.contains(event.next)) return;
    User& user = users_[event.next];
    user.prio = event.next_prio;
    if (const TaskNow* const task = now_.task(event.next)) user.sched_class = task->sched_class;
    if (std::string comm = names_.comm(event.next, 0); comm != "?") user.comm = std::move(comm);
  }
  void note_frozen(const TraceEvent& event) {
    const auto& cpus = now_.cpus();
    if (event.cpu < cpus.size() && cpus[event.cpu].current == story_.pid) frozen_ = event.kind == TraceKind::kFreeze;
  }

  CpuStory story_of(std::uint32_t cpu, const Sums& sums) const {
    CpuStory story{.cpu = cpu, .idle_ns = sums.idle_ns, .offline_ns = sums.offline_ns, .irq_ns = sums.irq_ns};
    for (const auto& [pid, ran] : sums.ran) {
      const auto user = users_.find(pid);
      const bool known = user != users_.end();
      story.users.push_back({.pid = pid,
                             .comm = known ? user->second.comm : names_.comm(pid, cpu),
                             .ran_ns = ran,
                             .real_time = known && user->second.prio < kLeastFairPrio,
                             .higher_class = known && user->second.sched_class && wait_.sched_class &&
                                             *user->second.sched_class < *wait_.sched_class});
    }
    std::stable_sort(story.users.begin(), story.users.end(),
                     [](const CpuUser& a, const CpuUser& b) { return a.ran_ns > b.ran_ns; });
    return story;
  }

  Guilty guilty() const {
    if (!story_.whole) return Guilty::kNobody;
    const std::uint64_t whole = story_.to_ns - story_.from_ns;
    auto is_most = [&](std::uint64_t part) { return part > 0 && part >= whole / 2; };
    if (is_most(story_.throttled_ns)) return Guilty::kQuota;
    if (is_most(story_.frozen_ns)) return Guilty::kFreezer;
    if (!is_most(story_.waited_ns) || !story_.affinity_known) return Guilty::kNobody;
    std::uint64_t real_time = 0, higher = 0, other = 0, irq = 0, offline = 0, all = 0;
    for (const CpuStory& cpu : story_.cpus) {
      if (!last_.may_run_on(cpu.cpu)) continue;  // it is only still there
      all += whole;
      irq += cpu.irq_ns;
      offline += cpu.offline_ns;
      for (const CpuUser& user : cpu.users)
        (user.real_time ? real_time : user.higher_class ? higher : other) += user.ran_ns;
    }
    const bool of_lower_class = !story_.sched_class || *story_.sched_class > SchedClass::kRealTime;
    if (offline == all) return Guilty::kNoCpu;
    // Whoever took the others: one that it may run on was free.
    const bool one_was_idle = std::any_of(story_.cpus.begin(), story_.cpus.end(), [&](const CpuStory& cpu) {
      return last_.may_run_on(cpu.cpu) && is_most(cpu.idle_ns);
    });
    if (one_was_idle) return Guilty::kScheduler;
    if (of_lower_class && real_time >= all / 2) return Guilty::kRealTime;
    if (real_time + higher >= all / 2) return Guilty::kHigherClass;
    return irq >= all / 2 ? Guilty::kInterrupts : Guilty::kScheduler;
  }

  WaitStory story_;
  Scheduling now_;
  TaskTable names_;
  TaskNow last_, wait_;
  std::uint64_t waits_since_ns_ = 0, this_ns_ = 0, longest_ns_ = 0;
  bool known_ = false, frozen_ = false, queues_known_ = true;
  std::uint64_t at_ns_ = 0, cgroup_ = 0;
  std::size_t kept_ = 0;  // in `ran` of all CPUs
  std::map<std::uint32_t, Sums> cpus_;
  struct User {
    std::string comm = "?";
    std::int32_t prio = kLeastFairPrio;
    std::optional<SchedClass> sched_class;
  };
  std::map<std::int32_t, User> users_;
};

std::string cpu_text(const CpuStory& cpu, std::uint64_t whole) {
  std::vector<std::string> parts;
  for (const CpuUser& user : cpu.users) {
    if (parts.size() == kMostUsers || percent(user.ran_ns, whole) < 1) break;
    parts.push_back(fmt::format("{} (pid {}{}, {:.0f}%)", user.comm, user.pid, user.real_time ? ", real-time" : "",
                                percent(user.ran_ns, whole)));
  }
  std::string text = fmt::format("CPU {} ", cpu.cpu);
  if (!parts.empty()) text += fmt::format("ran {}", fmt::join(parts, ", "));
  auto add = [&](std::uint64_t part, double least, std::string_view words) {
    if (percent(part, whole) < least) return;
    text += fmt::format("{}{} {:.0f}%", parts.empty() ? "" : ", ", words, percent(part, whole));
    parts.emplace_back();
  };
  add(cpu.idle_ns, 1, "was idle");
  add(cpu.offline_ns, 1, "was offline");
  add(cpu.irq_ns, 5, "was in interrupts");
  return parts.empty() ? text + "ran nothing for long" : text;
}

}  // namespace

EnumNames<Guilty> names_of(Guilty) { return names_from<kGuilty>(); }

Result<WaitStory> explain(TraceReader& trace, std::int32_t pid, std::uint64_t from_ns, std::uint64_t to_ns) {
  Window window(pid, from_ns, to_ns);
  for (const TraceGap& gap : trace.header().missing) window.note_gap(gap);
  window.note_source(trace.header().source);
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, trace.next());
    if (!event) {
      if (trace.not_stored() > 0 || !window.is_whole()) window.cut_off();
      break;
    }
    window.add(*event);
    if (event->time_ns > to_ns) break;
  }
  return window.finish();
}

std::string cause_of(const WaitStory& story) {
  if (story.guilty == Guilty::kNobody) return "";
  if (story.guilty != Guilty::kScheduler) return std::string(to_string(story.guilty));
  const std::string scheduler = !story.sched_class                      ? "the scheduler"
                                : story.sched_class == SchedClass::kExt ? "the BPF scheduler"
                                                                        : "the kernel's scheduler";
  return scheduler + (story.in_real_time ? ", or the host: in real time it may hold a CPU back" : "");
}

std::string with_cause(const WaitStory& story) {
  const std::string cause = cause_of(story);
  return to_text(story) + (cause.empty() ? "" : "; cause: " + cause);
}

std::string cpu_list(const WaitStory& story) {
  if (!story.affinity_known) return "CPUs that the trace does not show";
  if (story.anywhere) return "any CPU";
  std::string text = story.cpus.size() == 1 ? "CPU " : "CPUs ";
  for (const CpuStory& cpu : story.cpus) text += fmt::format("{}{}", &cpu == &story.cpus.front() ? "" : ",", cpu.cpu);
  return text;
}

std::vector<CpuStory> most_telling(const WaitStory& story) {
  const std::uint64_t whole = story.to_ns - story.from_ns;
  std::vector<CpuStory> cpus = story.cpus;
  std::stable_sort(cpus.begin(), cpus.end(), [&](const CpuStory& a, const CpuStory& b) {
    const bool a_idles = a.idle_ns >= whole / 2, b_idles = b.idle_ns >= whole / 2;
    return a_idles != b_idles ? a_idles : (a.cpu == story.waited_on && b.cpu != story.waited_on);
  });
  return cpus;
}

std::string queue_text(const WaitStory& story) {
  if (percent(story.waited_ns, story.to_ns - story.from_ns) < 1) return "";
  if (story.in_no_queue) return "no queue is known that the scheduler has put it into since it ran last";
  return "it was " + (story.dsq ? "in " + dsq_text(*story.dsq, story.waited_on)
                                : fmt::format("on the queue of CPU {}", story.waited_on));
}

std::string dsq_text(std::uint64_t dsq, std::uint32_t on) {
  if (dsq == kGlobalDsq) return "the global queue";
  if (dsq == kBypassDsq) return "the kernel's queue for when it bypasses the scheduler";
  if (dsq == kLocalDsq) return fmt::format("the local queue of CPU {}", on);
  if (is_local_on(dsq)) return fmt::format("the local queue of CPU {}", dsq & 0xffffffff);
  return fmt::format("the scheduler's queue {:#x}", dsq);
}

std::string what_it_did(const WaitStory& story) {
  const std::uint64_t whole = story.to_ns - story.from_ns;
  std::vector<std::string> did;
  auto add = [&](std::uint64_t part, std::string_view words) {
    if (percent(part, whole) >= 1) did.push_back(fmt::format("{} {}", words, time_text(part)));
  };
  add(story.waited_ns, "waited");
  add(story.throttled_ns, "was kept off by a quota for");
  add(story.frozen_ns, "was frozen for");
  add(story.slept_ns, "slept");
  add(story.ran_ns, "ran");
  if (did.empty()) did.emplace_back("did nothing that is known");
  return fmt::format("in {} it {}", time_text(whole), fmt::join(did, ", "));
}

std::string to_text(const WaitStory& story) {
  const std::uint64_t whole = story.to_ns - story.from_ns;
  std::string text = what_it_did(story);
  if (const std::string queue = queue_text(story); !queue.empty()) text += "; " + queue;
  text += fmt::format("; it may run on {}; meanwhile ", cpu_list(story));
  const std::vector<CpuStory> shown = most_telling(story);
  for (std::size_t i = 0; i < shown.size() && i < kMostCpusNamed; ++i)
    text += (i == 0 ? "" : "; ") + cpu_text(shown[i], whole);
  if (shown.size() > kMostCpusNamed) text += fmt::format("; and {} more CPUs", shown.size() - kMostCpusNamed);
  return text;
}

}  // namespace ktstr
