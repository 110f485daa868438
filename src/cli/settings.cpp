// SPDX-License-Identifier: Apache-2.0
#include "cli/settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <climits>

#include "base/text/duration.h"
#include "base/text/whole_number.h"
#include "cli/run_options.h"
#include "engine/qemu/turns.h"
#include "trace/probes/holds.h"
#include "trace/probes/user_probes.h"

namespace ktstr::cli {

namespace {

using std::chrono::nanoseconds;

constexpr int kMaxIcountShift = 10;  // QEMU: -icount shift=0..10
// Below, vCPUs do little but take turns; above, a 32-bit timer of 10 ns ticks could not count it.
constexpr nanoseconds kShortestQuantum = std::chrono::microseconds(1);
constexpr nanoseconds kLongestQuantum = std::chrono::seconds(10);
constexpr int kMaxRepeat = 1'000'000;
constexpr int kMaxJobs = 4096;

template <typename T, typename From>
Status assign(T& into, Result<From> from) {
  KTSTR_TRY_ASSIGN(into, std::move(from));
  return ok();
}

template <typename T, typename Value>
Status put(T& into, Value value) {
  into = std::move(value);
  return ok();
}

template <typename T>
Result<T> parse_number(const Word& word, T least, T most) {
  return parse_whole_number(word.text, least, most).context(std::string(word.flag));
}

// "0" switches the hand-over timer off.
Result<nanoseconds> parse_quantum(const Word& word) {
  const auto& [flag, text] = word;
  if (text == "0") return nanoseconds(0);
  KTSTR_TRY_ASSIGN(const auto quantum, parse_duration(text).context(std::string(flag)));
  if (quantum >= kShortestQuantum && quantum <= kLongestQuantum) return quantum;
  return fail(ErrorCode::kInvalidArgument, "{} '{}': a vCPU's turn lasts from {} to {}", flag, text,
              format_duration(kShortestQuantum), format_duration(kLongestQuantum))
      .with_hint("leave it out for 25us a vCPU, or give 0 for turns without a limit");
}

std::string show_quantum(nanoseconds quantum) { return quantum.count() == 0 ? "0" : format_duration(quantum); }

Result<std::string> parse_mode(const Word& word) {
  const auto& [flag, text] = word;
  if (text == "det" || text == "kvm" || text == "tcg" || text == "auto") return std::string(text);
  return fail(ErrorCode::kInvalidArgument, "{} '{}': no such mode", flag, text)
      .with_hint("accepted: det (repeatable bit for bit), kvm, tcg, auto (kvm where it works, else det)");
}

Result<int> parse_jobs(const Word& word) {
  if (word.text == "auto") return kAutoJobs;
  auto jobs = parse_number(word, 1, kMaxJobs);
  if (!jobs) return std::move(jobs.error().with_hint("or 'auto': as many as there are CPUs and room for guest memory"));
  return jobs;
}

const char* help_of_report() {
  static const std::string help = [] {
    std::vector<std::string_view> names;
    for (const ReportFormat& format : report_formats()) names.emplace_back(format.name);
    return fmt::format(
        "write the results for other programs too: {}; '-' for stdout, '{{test}}' in the file's name for one "
        "file a test. Default: KTSTR_REPORT",
        fmt::join(names, ", "));
  }();
  return help.c_str();
}

const Setting kOwn[] = {
    {.flags = "--scheduler",
     .type = "\"PATH ARGS\"",
     .help = "scheduler under test; '' for the kernel's own. A bare name is that of a definition (see 'ktstr "
             "schedulers'), else it is looked up beside this program, then in PATH",
     .set = [](const Word& word, RunRequest& request) { return put(request.scheduler, std::string(word.text)); },
     .show =
         [](const RunRequest& request) { return request.definition ? request.definition->named : request.scheduler; },
     .repeated = Repeated::kWhereGivenOrOther,  // an empty one too: the file or the test may name another
     .is_axis = true,
     .before = "--topology"},
    {.flags = "--kernel",
     .type = "PATH|KEY|VERSION",
     .help = "kernel to boot (see 'ktstr kernel list')",
     .set = [](const Word& word, RunRequest& request) { return assign(request.kernel, parse_kernel(word.text)); },
     .show = [](const RunRequest& request) { return request.kernel; },
     .repeated = Repeated::kWhereGivenOrOther,
     .of_guests = true,
     .is_axis = true,
     .before = "--seed"},
    {.flags = "--mode",
     .type = "det|kvm|tcg|auto",
     .help =
         "det (the default) repeats bit for bit on any machine; kvm is real time; auto is kvm where it works, else det",
     .set = [](const Word& word, RunRequest& request) { return assign(request.mode, parse_mode(word)); },
     .show = [](const RunRequest& request) { return request.mode; },
     .repeated = Repeated::kAlways,
     .of_guests = true,
     .before = "--seed"},
    {.flags = "--seeds",
     .type = "A..B",
     .help = "run once with each seed from A to B, and group the failures",
     .set_session =
         [](const Word& word, RunOptions& options) {
           return assign(options.seeds, SeedRange::parse(word.text).context("--seeds"));
         },
     .before = "--duration"},
    {.flags = "--vary",
     .type = "LIST",
     .help = "what the seed varies: handover, random, offsets, phases, pauses, placement, cpu; all (the default), none",
     .set =
         [](const Word& word, RunRequest& request) {
           return assign(request.settings.vary, VarySet::parse(word.text).context("--vary"));
         },
     .show = [](const RunRequest& request) { return request.settings.vary.to_string(); },
     .repeated = Repeated::kWhereGivenOrOther,
     .before = "--duration"},
    {.flags = "--repeat",
     .type = "N",
     .help = "run N times; in det mode the runs must be identical",
     .set_session = [](const Word& word,
                       RunOptions& options) { return assign(options.repeat, parse_number(word, 1, kMaxRepeat)); },
     .before = "--duration"},
    {.flags = "--shift",
     .type = "N",
     .help = "det: 2^N ns of guest time per instruction, 0 to 10",
     .set =
         [](const Word& word, RunRequest& request) {
           return assign(request.settings.icount_shift, parse_number(word, 0, kMaxIcountShift));
         },
     .show = [](const RunRequest& request) { return fmt::format("{}", request.settings.icount_shift.value_or(0)); },
     .repeated = Repeated::kWhereGiven,
     .of_guests = true,
     .before = "--cpu-mips"},
    {.flags = "--turn",
     .type = "N",
     .help = "det: how many instructions a vCPU executes before the next has its turn",
     .set =
         [](const Word& word, RunRequest& request) {
           return assign(request.settings.turn, parse_number<std::uint32_t>(word, kLeastTurn, kLongestTurn));
         },
     .show = [](const RunRequest& request) { return fmt::format("{}", request.settings.turn.value_or(0)); },
     .repeated = Repeated::kWhereGiven,
     .of_guests = true},
    {.flags = "--quantum",
     .type = "D",
     .help = "det: turns by a timer in the guest instead, which are unequal: how long they last at most",
     .set = [](const Word& word, RunRequest& request) { return assign(request.settings.quantum, parse_quantum(word)); },
     .show = [](const RunRequest& request) { return show_quantum(request.settings.quantum.value_or(nanoseconds(0))); },
     .repeated = Repeated::kWhereGiven,
     .of_guests = true},
    {.flags = "--cold",
     .type = "",
     .help = "boot a kernel for each run instead of continuing a warm image; the runs are the same",
     .set = [](const Word&, RunRequest& request) { return put(request.cold, true); },
     .of_guests = true},
    {.flags = "--no-recorder",
     .type = "",
     .help = "det mode: do not store what the guest's kernel decides (`ktstr trace` shows it); the run is the same",
     .set = [](const Word&, RunRequest& request) { return put(request.recorder, false); },
     .of_guests = true},
    {.flags = "--trace",
     .type = "",
     .help = "kvm, tcg: have the guest's kernel trace itself for `ktstr trace`, which disturbs it; det mode always has "
             "a trace",
     .set = [](const Word&, RunRequest& request) { return put(request.trace, true); },
     .of_guests = true},
    {.flags = "--probe",
     .type = "LIST",
     .help =
         "det mode: record calls of these functions too: 'try_to_wake_up(p->pid)' of the kernel, 'bpf:*' of the BPF "
         "scheduler, '... -> ret' with what they return; ';' between them. The run is the same",
     .set = [](const Word& word, RunRequest& request) -> Status {
       KTSTR_TRY(parse_user_probes(word.text).context("--probe"));
       return put(request.probes, std::string(word.text));
     },
     .of_guests = true},
    {.flags = "--watch-memory",
     .type = "",
     .help =
         "det mode: record what memory the BPF scheduler's code touches too, for `ktstr races`. The run is the same",
     .set = [](const Word&, RunRequest& request) { return put(request.watch_memory, true); },
     .of_guests = true},
    {.flags = "--watch-kernel",
     .type = "LIST",
     .help = "det mode: the same for functions of the kernel, and of the BPF scheduler if there is one: "
             "'update_curr,pick_eevdf'; 'kernel/sched' for all functions of the kernel's scheduler",
     .set = [](const Word& word, RunRequest& request) -> Status {
       KTSTR_TRY_ASSIGN(std::string list, parse_kernel_code(word.text).context("--watch-kernel"));
       return put(request.watch_kernel, std::move(list));
     },
     .of_guests = true},
    {.flags = "--hold",
     .type = "LIST",
     .help = "det mode: hold a CPU in the code of the BPF scheduler or of the kernel until another has come between: "
             "'f+0x2d to f+0x54 until write', as `ktstr races` finds them; ';' between them",
     .set = [](const Word& word, RunRequest& request) -> Status {
       KTSTR_TRY_ASSIGN(const std::vector<PlannedHold> schedule, parse_schedule(word.text));
       return put(request.schedule, to_text(schedule));
     },
     .show = [](const RunRequest& request) { return request.schedule; },
     .repeated = Repeated::kWhereGivenOrOther,
     .of_guests = true},
    {.flags = "--auto-repro",
     .type = "",
     .help = "replay a failure at once, and report the last calls of the scheduler's callbacks with their arguments",
     .set = [](const Word&, RunRequest& request) { return put(request.auto_repro, true); },
     .of_guests = true},
    {.flags = "--host",
     .type = "",
     .help = "run on this machine, on its own scheduler, instead of in a guest: real CPUs, nothing repeats bit for bit",
     .set = [](const Word&, RunRequest& request) { return put(request.on_host, true); }},
    {.flags = "-j,--jobs",
     .type = "N|auto",
     .help = "runs at once; auto: as many as there are CPUs and room for guest memory. Default: auto with --seeds, "
             "for test programs and for a matrix, else 1",
     .set_session = [](const Word& word, RunOptions& options) { return assign(options.jobs, parse_jobs(word)); }},
    {.flags = "--fail-fast",
     .type = "",
     .help = "start no more runs after the first failure",
     .set_session = [](const Word&, RunOptions& options) { return put(options.fail_fast, true); }},
    {.flags = "--json",
     .type = "",
     .help = "machine-readable results on stdout",
     .set_session = [](const Word&, RunOptions& options) { return put(options.json, true); }},
    {.flags = "--report",
     .type = "FORMAT:FILE",
     .help = help_of_report(),
     .set_session =
         [](const Word& word, RunOptions& options) {
           auto target = ReportTarget::parse(word.text);
           if (!target) return Status(std::move(target).error().context("--report"));
           options.reports.push_back(*std::move(target));
           return ok();
         },
     .is_list = true},
    {.flags = "-q,--quiet",
     .type = "",
     .help = "print the verdict alone: a line a run, with --seeds a line for all",
     .set_session = [](const Word&, RunOptions& options) { return put(options.quiet, true); }},
    {.flags = "-v,--verbose",
     .type = "",
     .help = "say what is being done; twice: and why",
     .set_session = [](const Word& word,
                       RunOptions& options) { return assign(options.verbosity, parse_number(word, 0, INT_MAX)); }},
};

Setting with_key(const RunSetting& row) {
  return {.flags = row.flags,
          .type = row.type,
          .help = row.meaning,
          .set =
              [&row](const Word& word, RunRequest& request) {
                return row.set(word.text, request.settings).context(std::string(word.flag));
              },
          .show = [&row](const RunRequest& request) { return row.show(request.settings); },
          .repeated = row.repeated,
          .of_guests = row.of_guests,
          .is_axis = row.is_axis};
}

std::vector<Setting> in_order() {
  std::vector<Setting> all;
  const auto add_own = [&](std::string_view before) {
    std::copy_if(std::begin(kOwn), std::end(kOwn), std::back_inserter(all),
                 [&](const Setting& each) { return each.before == before; });
  };
  for (const RunSetting& row : run_settings()) {
    if (*row.flags == '\0') continue;
    add_own(row.flags);
    all.push_back(with_key(row));
  }
  add_own("");
  return all;
}

}  // namespace

std::string_view Setting::flag() const {
  const std::string_view all = flags;
  return all.substr(all.find("--"));
}

std::span<const Setting> settings() {
  static const std::vector<Setting> all = in_order();
  return all;
}

const Setting& setting_of(std::string_view flag) {
  return *std::find_if(settings().begin(), settings().end(), [&](const Setting& each) { return each.flag() == flag; });
}

Result<std::string> parse_kernel(std::string_view text) {
  if (!text.empty()) return std::string(text);
  return fail(ErrorCode::kInvalidArgument, "--kernel '': names no kernel")
      .with_hint("leave it out for the default, or see 'ktstr kernel list'");
}

}  // namespace ktstr::cli
