// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_scheduler.h"

#include <algorithm>

#include "base/system/how_it_ended.h"
#include "runner/judge/detail_text.h"
#include "sched_ext/dump.h"
#include "sched_ext/exit_reason.h"

namespace ktstr {

namespace {

// "12: (7b) *(u64 *)(r0 +0) = r6"
bool is_instruction(const std::string& line) {
  const std::size_t digits = line.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string::npos && line.compare(digits, 3, ": (") == 0;
}

// libbpf prints the verifier's log before this marker. What was refused stands after the last instruction looked at.
std::string verifier_words(const std::vector<std::string>& log) {
  auto is_end = [](const std::string& line) { return line.find("END PROG LOAD LOG") != std::string::npos; };
  const auto end = std::find_if(log.begin(), log.end(), is_end);
  if (end == log.end()) return "";
  auto from = std::find_if(std::make_reverse_iterator(end), log.rend(), is_instruction).base();
  auto says_something = [](const std::string& line) {
    return line.find_first_not_of(" \t\r-") != std::string::npos && !line.starts_with(";") &&
           line.find("BEGIN PROG LOAD LOG") == std::string::npos;
  };
  const auto words = std::find_if(from, end, says_something);
  return words == end ? "(it gave no reason)" : *words;
}

Detail not_attached(const GuestStory& story, const KernelLogVerdict& kernel, const PhaseLimits& limits) {
  const std::string exit = story.scheduler().exited ? story.scheduler().exited->exit : "";
  if (const std::string verifier = verifier_words(story.scheduler_log); !verifier.empty())
    return failure(DetailKind::kSchedulerRejected, "the BPF verifier refused the scheduler: " + verifier);
  if (kernel.kind != KernelLogVerdict::Kind::kNone)
    return failure(DetailKind::kSchedulerRejected,
                   with_words(fmt::format("the kernel ended the scheduler before it was enabled ({})", kernel.reason),
                              kernel.message));
  if (exit == "exited with status 0")
    return failure(DetailKind::kSchedulerNotAttached,
                   with_words("the scheduler's program exited with status 0 and enabled no scheduler",
                              last_words(story.scheduler_log)));
  if (!exit.empty())
    return failure(DetailKind::kSchedulerRejected,
                   with_words(fmt::format("the scheduler {} before it was enabled", how_it_ended(exit)),
                              error_words(story.scheduler_log)));
  if (story.scheduler().not_attached && !story.scheduler().not_attached->exit.empty())
    return failure(DetailKind::kSchedulerNotAttached,
                   fmt::format("the scheduler was not enabled (state '{}'), and {}",
                               story.scheduler().not_attached->state, story.scheduler().not_attached->exit));
  return failure(
      DetailKind::kSchedulerNotAttached,
      fmt::format("the scheduler was not enabled within {} s of guest time (state '{}')", limits.attach.count() / 1000,
                  story.scheduler().not_attached ? story.scheduler().not_attached->state : ""));
}

const SchedulerExit* deciding_exit(const KernelLogVerdict& kernel) {
  const auto error = std::find_if(kernel.exits.begin(), kernel.exits.end(),
                                  [](const SchedulerExit& exit) { return is_error(exit.by); });
  if (error != kernel.exits.end()) return &*error;
  return kernel.exits.empty() ? nullptr : &kernel.exits.back();
}

DetailKind kind_of(const SchedulerExit* exit, const GuestStory& story) {
  if (exit != nullptr && exit->by == EndedBy::kWatchdog) return DetailKind::kSchedulerStalled;
  const bool by_signal = story.scheduler().exited && story.scheduler().exited->exit.starts_with("killed");
  const bool error = exit != nullptr && is_error(exit->by);
  return error || by_signal ? DetailKind::kSchedulerCrashed : DetailKind::kSchedulerExited;
}

// Its program did it, or what became of the program.
std::string ended_by_program(const GuestStory& story) {
  if (!story.scheduler().exited) return "the scheduler's program unloaded it";
  if (story.scheduler().exited->exit.starts_with("killed"))
    return "the scheduler's process was " + story.scheduler().exited->exit;
  return "the scheduler's program ended";
}

std::string who_ended_it(const SchedulerExit* exit, const GuestStory& story) {
  if (exit == nullptr) return ended_by_program(story);
  switch (exit->by) {
    case EndedBy::kWatchdog:
      return "the kernel's watchdog ended the scheduler";
    case EndedBy::kBpfError:
      return "the scheduler's BPF code ended it with an error";
    case EndedBy::kKernelError:
    case EndedBy::kRefused:
      return "the kernel ended the scheduler for an error";
    case EndedBy::kBpf:
      return "the scheduler's BPF code ended it";
    case EndedBy::kHotplug:
      return "the kernel ended the scheduler because a CPU went online or offline";
    case EndedBy::kSysrq:
      return "sysrq-S ended the scheduler";
    case EndedBy::kParent:
      return "the kernel ended the scheduler with the one above it";
    case EndedBy::kUserSpace:
      break;
  }
  return ended_by_program(story);
}

// Why a task was not run, where the dump that the scheduler printed shows it.
std::string stall_words(const SchedulerExit& exit, const GuestStory& story) {
  if (exit.by != EndedBy::kWatchdog) return "";
  const auto dump = parse_dump(story.scheduler_log);
  return dump ? explain_stall(*dump, stalled_task(exit.message)) : "";
}

std::string what_became_of_it(const SchedulerExit* exit, const GuestStory& story) {
  std::string text;
  if (story.scheduler().exited)
    text = "; its process " + how_it_ended(story.scheduler().exited->exit);
  else if (exit != nullptr && exit->attached_again)
    text = "; it attached again";
  else
    text = "; it did not attach again, and its process lives";
  if (story.scheduler().exited && story.scheduler().checked && story.scheduler().checked->state == "enabled")
    text += ", and a scheduler is still enabled";
  return text;
}

Detail ended_early(const GuestStory& story, const SchedulerExit* exit, const std::string& when) {
  std::string message = who_ended_it(exit, story);
  if (!when.empty()) message += " " + when;
  if (exit != nullptr) {
    message = with_words(message + " (" + exit->reason + ")", exit->message);
    if (const std::string why = stall_words(*exit, story); !why.empty()) message += "; " + why;
  } else if (!story.scheduler().exited && story.scheduler().checked && story.scheduler().attached) {
    message = fmt::format(
        "the scheduler that was attached at the start was not the one at the end: {} '{}' (number {}), "
        "then {} '{}' (number {})",
        story.scheduler().attached->state, story.scheduler().attached->ops, story.scheduler().attached->enable_seq,
        story.scheduler().checked->state, story.scheduler().checked->ops, story.scheduler().checked->enable_seq);
  }
  return failure(kind_of(exit, story), message + what_became_of_it(exit, story));
}

std::string when_it_ended(const GuestStory& story) {
  if (!story.scheduler().exited || story.body_start_ns == 0 || story.scheduler().exited_ns < story.body_start_ns)
    return "";
  return fmt::format("{:.3f} s after the body's start",
                     static_cast<double>(story.scheduler().exited_ns - story.body_start_ns) / 1e9);
}

bool is_as_at_the_start(const GuestStory& story) {
  return story.scheduler().checked && story.scheduler().checked->state == "enabled" &&
         story.scheduler().checked->ops == story.scheduler().attached->ops && !story.scheduler().exited;
}

// The kernel counts schedulers (enable_seq); where it does not, this is not known.
bool is_the_same_all_along(const GuestStory& story) {
  return story.scheduler().attached && story.scheduler().attached->enable_seq != 0 && is_as_at_the_start(story) &&
         story.scheduler().checked->enable_seq == story.scheduler().attached->enable_seq;
}

// The kernel ends a scheduler without ops for CPU hotplug and asks its program to load it again (SCX_ECODE_RSN_HOTPLUG,
// SCX_ECODE_ACT_RESTART). One that did is what was asked for.
bool only_restarted_on_hotplug(const GuestStory& story, const std::vector<SchedulerExit>& exits) {
  return is_as_at_the_start(story) && !exits.empty() && std::all_of(exits.begin(), exits.end(), [](const auto& exit) {
           return exit.by == EndedBy::kHotplug && exit.attached_again;
         });
}

// For how long of the time between two moments it was not attached, in seconds; -1: not known. The kernel's log and
// CLOCK_MONOTONIC differ by less than what is shown.
double away_between(double start, double end, const std::vector<SchedulerExit>& exits) {
  double away = 0;
  for (const SchedulerExit& exit : exits) {
    if (exit.ended_s < 0 || exit.again_s < 0) return -1;
    away += std::max(0.0, std::min(exit.again_s, end) - std::max(exit.ended_s, start));
  }
  return away;
}

// Whether it was back before the end of the last hold: later there was nobody left for it to run.
bool was_back_in_time(const std::vector<SchedulerExit>& exits, const GuestStory& story) {
  const auto last = std::find_if(story.marks.rbegin(), story.marks.rend(),
                                 [](const StepMark& mark) { return mark.kind == StepMark::Kind::kScenarioPause; });
  if (last == story.marks.rend() || exits.back().again_s < 0) return true;
  return exits.back().again_s < static_cast<double>(last->at_ns) / 1e9;
}

Detail hotplug_note(const std::vector<SchedulerExit>& exits, const GuestStory& story) {
  std::string text = fmt::format(
      "the kernel ended the scheduler {} because a CPU went online or offline, and it attached "
      "again; meanwhile the kernel's own scheduler ran all tasks",
      exits.size() == 1 ? "once" : fmt::format("{} times", exits.size()));
  if (story.marks.size() >= 2) {
    const double start = static_cast<double>(story.marks.front().at_ns) / 1e9;
    const double end = static_cast<double>(story.marks.back().at_ns) / 1e9;
    if (const double away = away_between(start, end, exits); away >= 0)
      text += fmt::format(", {:.1f} s of the scenario's {:.1f} s", away, end - start);
  }
  if (!exits.front().message.empty()) text += " (" + exits.front().message + ")";
  if (was_back_in_time(exits, story))
    return {.verdict = Verdict::kPass, .kind = DetailKind::kNote, .message = std::move(text)};
  text += "; it was not back before the scenario's end: give the scenario more time after the change";
  return {.verdict = Verdict::kInconclusive, .kind = DetailKind::kSchedulerNotUsed, .message = std::move(text)};
}

// What the executor saw of the scheduler's process is the same end, seen without its reason; the step is worth keeping.
int take_out_executors_finding(std::vector<Detail>& details) {
  int step = 0;
  std::erase_if(details, [&](const Detail& detail) {
    const bool same = detail.kind == DetailKind::kSchedulerExited || detail.kind == DetailKind::kSchedulerCrashed ||
                      detail.kind == DetailKind::kSchedulerStalled || detail.kind == DetailKind::kSchedulerDied;
    if (same && step == 0) step = detail.step;
    return same;
  });
  return step;
}

void add_in_front(RunRecord& record, Detail detail) {
  record.details.insert(record.details.begin(), std::move(detail));
}

// What the kernel said after the test.
KernelLogVerdict teardown_log(const GuestStory& story) {
  const auto before = std::min(story.kernel_log_in_test.size(), story.kernel_log.size());
  return parse_scheduler_exit({story.kernel_log.begin() + static_cast<std::ptrdiff_t>(before), story.kernel_log.end()});
}

void judge_teardown(const GuestStory& story, bool ended_before, RunRecord& record) {
  const KernelLogVerdict kernel = teardown_log(story);
  const SchedulerExit* exit = deciding_exit(kernel);
  if (exit != nullptr && is_error(exit->by) && !ended_before) {
    add_in_front(record, ended_early(story, exit, "while it was being unloaded"));
  } else if (story.scheduler().not_run && !ended_before) {
    add_in_front(record,
                 failure(DetailKind::kSchedulerStalled,
                         fmt::format("the scheduler does not run its own process: after SIGTERM it was runnable and "
                                     "got no CPU for 2 s, with the test over; {}",
                                     story.scheduler().not_detached
                                         ? "made a real-time task it did not unload the scheduler either"
                                     : story.scheduler().killed ? "as a real-time task it had to be killed"
                                                                : "as a real-time task it ended at once")));
  }
  if (story.scheduler().not_detached) {
    const std::string process = story.scheduler().not_detached->exit == "it is gone"
                                    ? "its process is gone"
                                    : "its process is in " + story.scheduler().not_detached->exit;
    add_in_front(record,
                 failure(DetailKind::kSchedulerNotDetached,
                         fmt::format("the scheduler could not be unloaded: after SIGTERM and SIGKILL sched_ext is "
                                     "still '{}'; {}",
                                     story.scheduler().not_detached->state, process)));
  } else if (story.scheduler().killed) {
    record.details.push_back({.verdict = Verdict::kPass,
                              .kind = DetailKind::kNote,
                              .message = "the scheduler's process did not end on SIGTERM (" +
                                         story.scheduler().killed->exit + ") and had to be killed"});
  }
}

void describe(const SchedulerLife& life, SchedulerSeen& seen) {
  if (life.attached) {
    seen.ops = life.attached->ops;
    seen.state_at_start = life.attached->state;
  } else if (life.not_attached) {
    seen.state_at_start = life.not_attached->state;
  }
  if (life.checked) seen.state_at_end = life.checked->state;
  if (life.exited) seen.exit = life.exited->exit;
}

}  // namespace

void describe_schedulers(const GuestStory& story, RunRecord& record) {
  record.schedulers.resize(std::max(record.schedulers.size(), story.schedulers.size()));
  for (std::size_t i = 0; i < story.schedulers.size(); ++i) describe(story.schedulers[i], record.schedulers[i]);
}

void judge_scheduler(const RunRequest& request, const GuestStory& story, const PhaseLimits& limits, RunRecord& record) {
  if (request.scheduler.empty()) return;
  KernelLogVerdict kernel = parse_scheduler_exit(story.kernel_log_in_test);
  take_messages_from_output(story.scheduler_log, kernel.exits);
  const SchedulerExit* exit = deciding_exit(kernel);
  if (is_the_same_all_along(story)) exit = nullptr;  // what the log says came before it was attached
  describe_schedulers(story, record);
  if (exit != nullptr) {
    record.scheduler().exit_reason = exit->reason;
    record.scheduler().exit_message = exit->message;
  }
  if (request.settings.checks.scheduler_attached_on())
    record.checked.push_back({"scheduler: enabled when the body starts, and still at its end"});
  if (!story.scheduler().attached) {
    if (request.settings.checks.scheduler_attached_on()) add_in_front(record, not_attached(story, kernel, limits));
    return;
  }
  // A guest that was lost did not come to look.
  const bool known = story.scheduler().checked || story.scheduler().exited;
  const bool unchanged =
      is_as_at_the_start(story) && story.scheduler().checked->enable_seq == story.scheduler().attached->enable_seq;
  bool ended = false;
  if (exit != nullptr && only_restarted_on_hotplug(story, kernel.exits)) {
    record.details.push_back(hotplug_note(kernel.exits, story));
  } else if (exit != nullptr || (known && !unchanged)) {
    ended = true;
    if (request.settings.checks.scheduler_attached_on()) {
      Detail detail = ended_early(story, exit, when_it_ended(story));
      detail.step = take_out_executors_finding(record.details);
      add_in_front(record, std::move(detail));
    }
  }
  judge_teardown(story, ended, record);
}

}  // namespace ktstr
