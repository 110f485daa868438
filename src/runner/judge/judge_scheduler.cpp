// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_scheduler.h"

#include <algorithm>

#include "base/system/how_it_ended.h"
#include "runner/judge/detail_text.h"
#include "sched_ext/dump.h"
#include "sched_ext/exit_reason.h"

namespace ktstr {

namespace {

// One of them, with its parts of the logs.
struct SeenLife {
  const GuestStory& story;
  const SchedulerLife& life;
  std::vector<std::string> output, kernel_log;  // the latter before the teardown
  std::string whose;                            // "scheduler 2 of 3 (scx_b -v): "; "" where there is but one
};

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

Detail why_not_attached(const SeenLife& seen, const KernelLogVerdict& kernel, const PhaseLimits& limits) {
  const std::string exit = seen.life.exited ? seen.life.exited->exit : "";
  if (const std::string verifier = verifier_words(seen.output); !verifier.empty())
    return failure(DetailKind::kSchedulerRejected, "the BPF verifier refused the scheduler: " + verifier);
  if (kernel.kind != KernelLogVerdict::Kind::kNone)
    return failure(DetailKind::kSchedulerRejected,
                   with_words(fmt::format("the kernel ended the scheduler before it was enabled ({})", kernel.reason),
                              kernel.message));
  if (exit == "exited with status 0")
    return failure(
        DetailKind::kSchedulerNotAttached,
        with_words("the scheduler's program exited with status 0 and enabled no scheduler", last_words(seen.output)));
  if (!exit.empty())
    return failure(DetailKind::kSchedulerRejected,
                   with_words(fmt::format("the scheduler {} before it was enabled", how_it_ended(exit)),
                              error_words(seen.output)));
  if (seen.life.not_attached && !seen.life.not_attached->exit.empty())
    return failure(DetailKind::kSchedulerNotAttached,
                   fmt::format("the scheduler was not enabled (state '{}'), and {}", seen.life.not_attached->state,
                               seen.life.not_attached->exit));
  return failure(
      DetailKind::kSchedulerNotAttached,
      fmt::format("the scheduler was not enabled within {} s of guest time (state '{}')", limits.attach.count() / 1000,
                  seen.life.not_attached ? seen.life.not_attached->state : ""));
}

Detail not_attached(const SeenLife& seen, const KernelLogVerdict& kernel, const PhaseLimits& limits) {
  Detail detail = why_not_attached(seen, kernel, limits);
  detail.message.insert(0, seen.whose);
  return detail;
}

const SchedulerExit* deciding_exit(const KernelLogVerdict& kernel) {
  const auto error = std::find_if(kernel.exits.begin(), kernel.exits.end(),
                                  [](const SchedulerExit& exit) { return is_error(exit.by); });
  if (error != kernel.exits.end()) return &*error;
  return kernel.exits.empty() ? nullptr : &kernel.exits.back();
}

DetailKind kind_of(const SchedulerExit* exit, const SeenLife& seen) {
  if (exit != nullptr && exit->by == EndedBy::kWatchdog) return DetailKind::kSchedulerStalled;
  const bool by_signal = seen.life.exited && seen.life.exited->exit.starts_with("killed");
  const bool error = exit != nullptr && is_error(exit->by);
  return error || by_signal ? DetailKind::kSchedulerCrashed : DetailKind::kSchedulerExited;
}

// Its program did it, or what became of the program.
std::string ended_by_program(const SeenLife& seen) {
  if (!seen.life.exited) return "the scheduler's program unloaded it";
  if (seen.life.exited->exit.starts_with("killed")) return "the scheduler's process was " + seen.life.exited->exit;
  return "the scheduler's program ended";
}

std::string who_ended_it(const SchedulerExit* exit, const SeenLife& seen) {
  if (exit == nullptr) return ended_by_program(seen);
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
  return ended_by_program(seen);
}

// Why a task was not run, where the dump that the scheduler printed shows it.
std::string stall_words(const SchedulerExit& exit, const SeenLife& seen) {
  if (exit.by != EndedBy::kWatchdog) return "";
  const auto dump = parse_dump(seen.output);
  return dump ? explain_stall(*dump, stalled_task(exit.message)) : "";
}

std::string what_became_of_it(const SchedulerExit* exit, const SeenLife& seen) {
  std::string text;
  if (seen.life.exited)
    text = "; its process " + how_it_ended(seen.life.exited->exit);
  else if (exit != nullptr && exit->attached_again)
    text = "; it attached again";
  else
    text = "; it did not attach again, and its process lives";
  if (seen.life.exited && seen.life.checked && seen.life.checked->state == "enabled")
    text += ", and a scheduler is still enabled";
  return text;
}

Detail ended_early(const SeenLife& seen, const SchedulerExit* exit, const std::string& when) {
  std::string message = who_ended_it(exit, seen);
  if (!when.empty()) message += " " + when;
  if (exit != nullptr) {
    message = with_words(message + " (" + exit->reason + ")", exit->message);
    if (const std::string why = stall_words(*exit, seen); !why.empty()) message += "; " + why;
  } else if (!seen.life.exited && seen.life.checked && seen.life.attached) {
    message = fmt::format(
        "the scheduler that was attached at the start was not the one at the end: {} '{}' (number {}), "
        "then {} '{}' (number {})",
        seen.life.attached->state, seen.life.attached->ops, seen.life.attached->enable_seq, seen.life.checked->state,
        seen.life.checked->ops, seen.life.checked->enable_seq);
  }
  return failure(kind_of(exit, seen), seen.whose + message + what_became_of_it(exit, seen));
}

std::string when_it_ended(const SeenLife& seen) {
  if (!seen.life.exited || seen.story.body_start_ns == 0 || seen.life.exited_ns < seen.story.body_start_ns) return "";
  return fmt::format("{:.3f} s after the body's start",
                     static_cast<double>(seen.life.exited_ns - seen.story.body_start_ns) / 1e9);
}

bool is_as_at_the_start(const SeenLife& seen) {
  return seen.life.checked && seen.life.checked->state == "enabled" &&
         seen.life.checked->ops == seen.life.attached->ops && !seen.life.exited;
}

// The kernel counts schedulers (enable_seq); where it does not, this is not known.
bool is_the_same_all_along(const SeenLife& seen) {
  return seen.life.attached && seen.life.attached->enable_seq != 0 && is_as_at_the_start(seen) &&
         seen.life.checked->enable_seq == seen.life.attached->enable_seq;
}

// The kernel ends a scheduler without ops for CPU hotplug and asks its program to load it again (SCX_ECODE_RSN_HOTPLUG,
// SCX_ECODE_ACT_RESTART). One that did is what was asked for.
bool only_restarted_on_hotplug(const SeenLife& seen, const std::vector<SchedulerExit>& exits) {
  return is_as_at_the_start(seen) && !exits.empty() && std::all_of(exits.begin(), exits.end(), [](const auto& exit) {
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
bool was_back_in_time(const std::vector<SchedulerExit>& exits, const SeenLife& seen) {
  const auto last = std::find_if(seen.story.marks.rbegin(), seen.story.marks.rend(),
                                 [](const StepMark& mark) { return mark.kind == StepMark::Kind::kScenarioPause; });
  if (last == seen.story.marks.rend() || exits.back().again_s < 0) return true;
  return exits.back().again_s < static_cast<double>(last->at_ns) / 1e9;
}

Detail hotplug_note(const std::vector<SchedulerExit>& exits, const SeenLife& seen) {
  std::string text = fmt::format(
      "the kernel ended the scheduler {} because a CPU went online or offline, and it attached "
      "again; meanwhile the kernel's own scheduler ran all tasks",
      exits.size() == 1 ? "once" : fmt::format("{} times", exits.size()));
  if (seen.story.marks.size() >= 2) {
    const double start = static_cast<double>(seen.story.marks.front().at_ns) / 1e9;
    const double end = static_cast<double>(seen.story.marks.back().at_ns) / 1e9;
    if (const double away = away_between(start, end, exits); away >= 0)
      text += fmt::format(", {:.1f} s of the scenario's {:.1f} s", away, end - start);
  }
  if (!exits.front().message.empty()) text += " (" + exits.front().message + ")";
  if (was_back_in_time(exits, seen))
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

std::string process_text(const SchedulerRecord& record) {
  return record.exit == "it is gone" ? "its process is gone" : "its process is in " + record.exit;
}

// `exit`: what the kernel said of its end when it was asked to end. `ended_before`: and was gone already.
void judge_unload(const SeenLife& seen, const SchedulerExit* exit, bool ended_before, RunRecord& record) {
  const SchedulerLife& life = seen.life;
  const char* const when = life.asked ? "when an op had asked it to end" : "with the test over";
  if (exit != nullptr && is_error(exit->by) && !ended_before) {
    add_in_front(record, ended_early(seen, exit, "while it was being unloaded"));
  } else if (life.not_run && !ended_before) {
    add_in_front(record,
                 failure(DetailKind::kSchedulerStalled,
                         seen.whose + fmt::format("the scheduler does not run its own process: after SIGTERM it was "
                                                  "runnable and got no CPU for 2 s, {}; {}",
                                                  when,
                                                  life.not_detached
                                                      ? "made a real-time task it did not unload the scheduler either"
                                                  : life.killed ? "as a real-time task it had to be killed"
                                                                : "as a real-time task it ended at once")));
  }
  if (life.not_detached)
    add_in_front(record,
                 failure(DetailKind::kSchedulerNotDetached,
                         seen.whose + fmt::format("the scheduler could not be unloaded: after SIGTERM and SIGKILL "
                                                  "sched_ext is still '{}'; {}",
                                                  life.not_detached->state, process_text(*life.not_detached))));
  else if (life.killed)
    record.details.push_back(
        {.verdict = Verdict::kPass,
         .kind = DetailKind::kNote,
         .message = seen.whose + fmt::format("the scheduler's process did not end on SIGTERM ({}) and had to be killed",
                                             life.killed->exit)});
}

std::uint64_t since(std::uint64_t start, std::uint64_t at) { return start == 0 || at < start ? 0 : at - start; }

std::vector<std::string> lines_of(const std::vector<std::string>& log, const SchedulerLife::Part& part) {
  const std::size_t to = std::min(part.to.value_or(log.size()), log.size());
  const std::size_t from = std::min(part.from, to);
  return {log.begin() + static_cast<std::ptrdiff_t>(from), log.begin() + static_cast<std::ptrdiff_t>(to)};
}

void describe(const SchedulerLife& life, std::uint64_t start, SchedulerSeen& seen) {
  if (life.attached) {
    seen.ops = life.attached->ops;
    seen.state_at_start = life.attached->state;
    seen.from_ns = since(start, life.attached_ns);
  } else if (life.not_attached && life.not_attached->state != "enabled") {
    seen.state_at_start = life.not_attached->state;  // "enabled" is another one
  }
  if (life.checked) seen.state_at_end = life.checked->state;
  if (life.exited || life.ended) seen.exit = (life.exited ? life.exited : life.ended)->exit;
  seen.ended_by_op = life.asked;
  seen.to_ns = since(start, life.asked ? life.asked_ns : life.exited_ns);
}

SeenLife seen_life(const GuestStory& story, std::size_t number, const SchedulerSeen& known) {
  const SchedulerLife& life = number < story.schedulers.size() ? story.schedulers[number] : story.scheduler();
  const std::size_t count = story.schedulers.size();
  return {story, life, lines_of(story.scheduler_log, life.output), lines_of(story.kernel_log_in_test, life.kernel_log),
          count < 2 ? ""
                    : fmt::format("scheduler {} of {}{}: ", number + 1, count,
                                  known.command.empty() ? "" : " (" + known.command + ")")};
}

bool must_stay(const Checks& checks) { return checks.scheduler_attached_on() || checks.survives_storm_on(); }

// A storm that never came was survived by nobody.
void judge_storm(const SchedulerLives& lives, RunRecord& record) {
  std::size_t by_op = 0;
  for (std::size_t i = 0; i < lives.size(); ++i) by_op += lives[i].asked ? 1 : 0;
  if (by_op == 0)
    record.details.push_back({.verdict = Verdict::kInconclusive,
                              .kind = DetailKind::kSchedulerNotUsed,
                              .message = "survives_storm: no op restarted, replaced or detached a scheduler"});
  else
    record.checked.push_back({fmt::format("survives_storm: {} schedulers one after another, {} of them ended by an op",
                                          lives.size(), by_op)});
}

// `is_last`: the one that there was when the test was over.
void judge_life(const SeenLife& seen, bool is_last, const RunRequest& request, const PhaseLimits& limits,
                SchedulerSeen& kept, RunRecord& record) {
  const bool judged = must_stay(request.settings.checks);
  KernelLogVerdict kernel = parse_scheduler_exit(seen.kernel_log);
  // What an op asked for.
  if (seen.life.asked) std::erase_if(kernel.exits, [](const auto& exit) { return exit.by == EndedBy::kUserSpace; });
  take_messages_from_output(seen.output, kernel.exits);
  const SchedulerExit* const said = deciding_exit(kernel);
  // What the log says of one that is as it was came before it was attached, or after it was asked to end.
  const SchedulerExit* const exit = is_the_same_all_along(seen) ? nullptr : said;
  if (exit != nullptr || (said != nullptr && seen.life.asked)) {
    kept.exit_reason = said->reason;
    kept.exit_message = said->message;
  }
  if (!seen.life.attached) {
    if (judged) add_in_front(record, not_attached(seen, kernel, limits));
    return;
  }
  // A guest that was lost did not come to look.
  const bool known = seen.life.checked || seen.life.exited;
  const bool unchanged = is_as_at_the_start(seen) && seen.life.checked->enable_seq == seen.life.attached->enable_seq;
  bool ended = false;
  if (exit != nullptr && only_restarted_on_hotplug(seen, kernel.exits)) {
    record.details.push_back(hotplug_note(kernel.exits, seen));
  } else if (exit != nullptr || (known && !unchanged)) {
    ended = true;
    if (judged) {
      Detail detail = ended_early(seen, exit, when_it_ended(seen));
      detail.step = take_out_executors_finding(record.details);
      add_in_front(record, std::move(detail));
    }
  }
  if (seen.life.asked) return judge_unload(seen, exit == nullptr ? said : nullptr, ended, record);
  const KernelLogVerdict teardown = teardown_log(seen.story);
  judge_unload(seen, is_last ? deciding_exit(teardown) : nullptr, ended, record);
}

// The last that came as far as to be enabled and was not asked to end: there can be but one at a time.
std::size_t present_at_the_end(const SchedulerLives& lives) {
  for (std::size_t i = lives.size(); i-- > 0;)
    if (lives[i].attached && !lives[i].asked) return i;
  return lives.size();
}

}  // namespace

void describe_schedulers(const GuestStory& story, RunRecord& record) {
  constexpr std::size_t kMostLines = 40;
  record.schedulers.resize(std::max(record.schedulers.size(), story.schedulers.size()));
  std::uint64_t ended_ns = 0;
  for (std::size_t i = 0; i < story.schedulers.size(); ++i) {
    SchedulerSeen& seen = record.schedulers[i];
    describe(story.schedulers[i], story.body_start_ns, seen);
    if (seen.command.empty()) seen.command = story.schedulers[i].name;
    if (ended_ns != 0 && seen.from_ns > ended_ns) seen.without_ns = seen.from_ns - ended_ns;
    if (seen.to_ns != 0) ended_ns = seen.to_ns;
    if (story.schedulers.size() < 2) continue;
    seen.log = lines_of(story.scheduler_log, story.schedulers[i].output);
    if (seen.log.size() > kMostLines) seen.log.erase(seen.log.begin(), seen.log.end() - kMostLines);
  }
}

void judge_scheduler(const RunRequest& request, const GuestStory& story, const PhaseLimits& limits, RunRecord& record) {
  const bool storm = request.settings.checks.survives_storm_on();
  if (!request.has_scheduler()) {
    if (storm) judge_storm(story.schedulers, record);
    return;
  }
  describe_schedulers(story, record);
  for (std::size_t i = 0; i < story.schedulers.size(); ++i) {
    const auto staged = request.staged.find(story.schedulers[i].name);
    // The first, or that one again.
    const bool is_first = story.schedulers[i].name.empty() && staged == request.staged.end();
    record.schedulers[i].command = is_first                         ? request.scheduler
                                   : staged == request.staged.end() ? record.schedulers[i].command
                                                                    : staged->second.command;
  }
  // A body in C++ may never come to its op.
  if (request.attach_by_op && story.schedulers.size() == 0) {
    record.details.push_back({.verdict = Verdict::kInconclusive,
                              .kind = DetailKind::kSchedulerNotUsed,
                              .message = "no op attached the scheduler under test: " + request.scheduler});
    return;
  }
  if (must_stay(request.settings.checks))
    record.checked.push_back({request.staged.empty() ? "scheduler: enabled when the body starts, and still at its end"
                                                     : "scheduler: each enabled until an op ends it, or to the end"});
  // It may be that nothing is known of the one that was to be there.
  const std::size_t count = std::max<std::size_t>(story.schedulers.size(), request.starts_with_scheduler() ? 1 : 0);
  const std::size_t last = present_at_the_end(story.schedulers);
  for (std::size_t i = 0; i < count; ++i) {
    if (record.schedulers.size() <= i) record.schedulers.emplace_back();
    judge_life(seen_life(story, i, record.schedulers[i]), i == last, request, limits, record.schedulers[i], record);
  }
  if (storm) judge_storm(story.schedulers, record);
}

}  // namespace ktstr
