// SPDX-License-Identifier: Apache-2.0
#include "dump_import/dump_workers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <set>

#include "base/nice_weight.h"

namespace ktstr {

namespace {

// As `ktstr work import` of traces has it.
constexpr std::size_t kMostCpusOfGuest = 252;
constexpr std::size_t kMostWorkers = 4096;
constexpr unsigned kNice0Weight = 100;

// Kernel threads by their names, where no backtrace shows them: kernel/, mm/, drivers/.
bool has_name_of_kthread(std::string_view comm) {
  constexpr std::string_view kBegins[] = {
      "kworker/",  "ksoftirqd/",   "migration/", "cpuhp/",     "rcu_",     "rcuc/",     "rcub/",    "rcuop/",
      "rcuog/",    "idle_inject/", "irq/",       "irq_work/",  "pr/",      "psimon",    "napi/",    "kauditd",
      "ksmd",      "kswapd",       "kcompactd",  "jbd2/",      "swapper/", "watchdogd", "kthreadd", "khugepaged",
      "kdevtmpfs", "oom_reaper",   "scsi_eh_",   "sched_ext_", "ktimers/"};
  return std::any_of(std::begin(kBegins), std::end(kBegins),
                     [&](std::string_view each) { return comm.starts_with(each); });
}

std::size_t cpus_named_in(const SchedExtDump& dump) {
  Cpu highest = 0;
  for (const DumpCpu& cpu : dump.cpus) {
    highest = std::max(highest, cpu.cpu);
    for (const DumpTask& task : cpu.tasks)
      if (!task.cpus.empty()) highest = std::max(highest, *task.cpus.rbegin());
  }
  return static_cast<std::size_t>(highest) + 1;
}

std::string seconds(long ms) { return fmt::format("{:.3f} s", static_cast<double>(ms) / 1e3); }

std::string tasks(std::size_t count) { return fmt::format("{} task{}", count, count == 1 ? "" : "s"); }

// "12, 13 and 2 more".
template <typename Items>
std::string few(const Items& items) {
  constexpr std::size_t kShown = 4;
  std::string text;
  std::size_t shown = 0;
  for (const auto& item : items) {
    if (shown == kShown) return fmt::format("{} and {} more", text, items.size() - kShown);
    text += fmt::format("{}{}", shown++ == 0 ? "" : ", ", item);
  }
  return text;
}

class Chooser {
 public:
  Chooser(const DumpLog& log, const std::string& file) : log_(log), file_(file), about_(stalled_task(log.message)) {
    if (about_.pid == 0) about_ = misplaced_task(log.message);
  }

  Result<DumpWorkers> choose() {
    made_.cpus = cpus_named_in(log_.dump);
    KTSTR_TRY(limit_cpus());
    is_partial_ = std::any_of(log_.dump.cpus.begin(), log_.dump.cpus.end(),
                              [](const DumpCpu& cpu) { return cpu.curr_class == "fair"; });
    for (const DumpCpu& cpu : log_.dump.cpus) {
      for (const DumpTask& task : cpu.tasks) KTSTR_TRY(take(task, cpu));
      KTSTR_TRY(take_current(cpu));
    }
    if (made_.groups.empty())
      return fail(ErrorCode::kInvalidArgument,
                  "{}:{}: no task of the dump can be a worker: all are the kernel's or the "
                  "scheduler's own",
                  file_, log_.dump.first_line + 1);
    add_notes();
    return std::move(made_);
  }

 private:
  void note(std::string text) { made_.notes.push_back(std::move(text)); }

  Status limit_cpus() {
    if (made_.cpus <= kMostCpusOfGuest) return ok();
    note(fmt::format(
        "the machine had {} CPUs, a guest has up to {}: those above are left out, and tasks that may run on no other",
        made_.cpus, kMostCpusOfGuest));
    made_.cpus = kMostCpusOfGuest;
    return ok();
  }

  Status take(const DumpTask& task, const DumpCpu& cpu) {
    if (!seen_.insert(task.pid).second) {
      ++twice_;
      return ok();
    }
    if (task.is_kthread || has_name_of_kthread(task.comm)) {
      kthreads_.push_back(named(task));
      return is_about(task) ? left_out(task, "a kernel thread, which a worker cannot be") : ok();
    }
    if (task.comm.starts_with("scx_") || (!log_.ops.empty() && task.comm == log_.ops)) {
      if (made_.program.empty()) made_.program = task.comm;
      own_.push_back(named(task));
      return is_about(task) ? left_out(task, "the scheduler's own process, which is there in each run") : ok();
    }
    DumpGroup group{.type = type_of(task), .comm = task.comm, .affinity = {}, .policy = {}, .nice = {}, .tasks = {}};
    const CpuSet usable = task.cpus.intersection(CpuSet::range(0, static_cast<Cpu>(made_.cpus) - 1));
    if (!task.cpus.empty() && usable.empty()) {
      beyond_.push_back(named(task));
      return is_about(task) ? left_out(task, "allowed only on CPUs that a guest cannot have") : ok();
    }
    set_affinity(task, usable, group);
    if (task.weight == 0) ++without_weight_;
    bool exact = true;
    if (task.weight != 0 && task.weight != kNice0Weight) group.nice = nice_of_weight(task.weight, exact);
    if (!exact) vague_.push_back(named(task));
    if (is_partial_) group.policy = "ext";
    group.tasks.push_back(words_of(task, cpu));
    return add(std::move(group), task.line);
  }

  // What ran on the CPU and was of another class: it held that CPU against the scheduler.
  Status take_current(const DumpCpu& cpu) {
    const bool is_foreign = cpu.curr_class == "rt" || cpu.curr_class == "fair" || cpu.curr_class == "dl";
    if (!is_foreign || cpu.curr_pid == 0 || static_cast<std::size_t>(cpu.cpu) >= made_.cpus) return ok();
    if (has_name_of_kthread(cpu.curr_comm) || !seen_.insert(cpu.curr_pid).second) return ok();
    const std::string name = fmt::format("{}[{}]", cpu.curr_comm, cpu.curr_pid);
    if (cpu.curr_class == "dl") {
      deadline_.push_back(name);
      return ok();
    }
    const bool is_real_time = cpu.curr_class == "rt";
    (is_real_time ? real_time_ : fair_).push_back(name);
    DumpGroup group{.type = "SpinWait",
                    .comm = cpu.curr_comm,
                    .affinity = is_real_time ? fmt::format("{}", cpu.cpu) : "",
                    .policy = is_real_time ? "fifo:1" : "",
                    .nice = {},
                    .tasks = {fmt::format("{} ran on CPU {}, of class {}", name, cpu.cpu, cpu.curr_class)}};
    return add(std::move(group), cpu.first_line);
  }

  Status add(DumpGroup group, std::size_t line) {
    if (made_.workers == kMostWorkers)
      return fail(ErrorCode::kInvalidArgument, "{}:{}: it has more than {} tasks", file_, line + 1, kMostWorkers);
    ++made_.workers;
    const auto same = std::find_if(made_.groups.begin(), made_.groups.end(),
                                   [&](const DumpGroup& each) { return each.has_same_settings(group); });
    if (same == made_.groups.end())
      made_.groups.push_back(std::move(group));
    else
      same->tasks.push_back(std::move(group.tasks.front()));
    return ok();
  }

  static std::string named(const DumpTask& task) { return fmt::format("{}[{}]", task.comm, task.pid); }
  bool is_about(const DumpTask& task) const { return about_.pid != 0 && about_.pid == task.pid; }
  Error left_out(const DumpTask& task, std::string_view why) const {
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {}, whom the exit is about, is {}", file_, task.line + 1,
                named(task), why);
  }

  // A task that has slept before it became runnable is woken by something; others were preempted.
  std::string type_of(const DumpTask& task) {
    if (!task.has_slept && task.state == 'R') return "SpinWait";
    ++slept_;
    return "Bursty";
  }

  void set_affinity(const DumpTask& task, const CpuSet& usable, DumpGroup& group) {
    if (task.cpus.empty() || task.may_not_move)
      made_.allowed = CpuSet::range(0, static_cast<Cpu>(made_.cpus) - 1);
    else
      made_.allowed = made_.allowed.union_with(usable);
    if (task.cpus.empty()) {
      without_cpus_.push_back(fmt::format("{} (line {})", named(task), task.line + 1));
    } else if (task.may_not_move) {
      pinned_.push_back(named(task));
    } else if (usable.size() < made_.cpus) {
      group.affinity = usable.to_string();
    }
  }

  std::string words_of(const DumpTask& task, const DumpCpu& cpu) const {
    std::string text =
        fmt::format("{} {} CPU {}", named(task), task.is_current ? "ran on" : "on the runqueue of", cpu.cpu);
    if (task.since_ms > 0)
      text += fmt::format(", {} {}", task.is_current ? "runnable for" : "waited", seconds(task.since_ms));
    if (!task.dsq.empty()) text += ", in " + dsq_words(task.dsq, cpu.cpu);
    if (task.weight != 0) text += fmt::format(", weight {}", task.weight);
    if (!task.flags.empty()) text += "; " + task.flags;
    return text;
  }

  void add_notes() {
    const auto list = [&](const std::vector<std::string>& tasks, std::string_view what) {
      if (!tasks.empty()) note(fmt::format("{}: {}", what, few(tasks)));
    };
    list(kthreads_, "kernel threads are left out; the guest has its own");
    list(own_, "the scheduler's own process is left out; it is there in each run");
    list(beyond_, "left out, because no CPU is left that they may run on");
    list(deadline_, "left out are tasks of the deadline class, whose times are not known");
    list(real_time_, "real-time tasks held CPUs; they are fifo:1 hogs on these, their priority is not known");
    list(
        fair_,
        "tasks of the fair class ran, so the scheduler has only tasks that ask for it: the others are policy ext here");
    list(pinned_, "could not move for the moment, and where else they may run is not known: they are not pinned here");
    list(without_cpus_, "no cpus= of them is there: they may run everywhere here");
    list(vague_, "several nice values, or SCHED_IDLE, have the weight of these; the highest nice value is taken");
    if (without_weight_ > 0)
      note(fmt::format("no weight= of {} is there (an older kernel, or a cut): nice 0 here", tasks(without_weight_)));
    if (twice_ > 0) note(fmt::format("{} moved between CPUs meanwhile and came twice", tasks(twice_)));
    if (slept_ > 0)
      note(fmt::format(
          "{} had slept before becoming runnable: Bursty here; how long such a task ran and slept is not known",
          tasks(slept_)));
  }

  const DumpLog& log_;
  const std::string& file_;
  DumpTask about_;
  DumpWorkers made_;
  bool is_partial_ = false;
  std::set<int> seen_;
  std::size_t twice_ = 0, slept_ = 0, without_weight_ = 0;
  std::vector<std::string> kthreads_, own_, beyond_, deadline_, real_time_, fair_, pinned_, without_cpus_, vague_;
};

}  // namespace

Result<DumpWorkers> workers_of(const DumpLog& log, const std::string& file) { return Chooser(log, file).choose(); }

int nice_of_weight(unsigned weight, bool& exact) {
  // The kernel divides its own weights down to whole hundredths of nice 0's.
  const auto rounded = [](int nice) { return std::max(1L, std::lround(weight_of_nice(nice))); };
  int best = 0;
  for (int nice = -20; nice <= 19; ++nice)
    if (std::abs(weight_of_nice(nice) - weight) <= std::abs(weight_of_nice(best) - weight)) best = nice;
  while (best < 19 && rounded(best + 1) == rounded(best)) ++best;
  exact = weight > 1 && (best == -20 || rounded(best - 1) != rounded(best));
  return best;
}

std::string dsq_words(const std::string& dsq, int cpu) {
  // enum scx_dsq_id_flags
  constexpr std::uint64_t kBuiltin = 1ULL << 63, kLocalOn = 1ULL << 62;
  if (dsq == "(n/a)") return "no DSQ";
  std::uint64_t id = 0;
  const char* const end = dsq.data() + dsq.size();
  const bool read = dsq.starts_with("0x") && std::from_chars(dsq.data() + 2, end, id, 16).ec == std::errc();
  if (!read || (id & kBuiltin) == 0) return "DSQ " + dsq;
  if ((id & kLocalOn) != 0) return fmt::format("the local DSQ of CPU {}", static_cast<std::uint32_t>(id));
  switch (id & ~kBuiltin) {
    case 1:
      return "the global DSQ";
    case 2:
      return fmt::format("the local DSQ of CPU {}", cpu);
    case 3:
      return "the DSQ of bypass mode";
    default:
      return "DSQ " + dsq;
  }
}

}  // namespace ktstr
