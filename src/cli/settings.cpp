// SPDX-License-Identifier: Apache-2.0
#include "cli/settings.h"

#include <algorithm>
#include <charconv>
#include <climits>

#include "base/text/duration.h"
#include "cli/run_options.h"
#include "engine/qemu/turns.h"
#include "workload/types/work_types.h"

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
  const auto& [flag, text] = word;
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return fail(ErrorCode::kInvalidArgument, "{} '{}': not a whole number from {} to {}", flag, text, least, most);
  return value;
}

Result<nanoseconds> parse_positive_duration(const Word& word) {
  const auto& [flag, text] = word;
  auto duration = parse_duration(text).context(fmt::format("{} '{}'", flag, text));
  if (duration.has_value() && duration->count() == 0)
    return fail(ErrorCode::kInvalidArgument, "{} '{}': must be longer than nothing", flag, text);
  return duration;
}

// "0" switches the hand-over timer off.
Result<double> parse_mips(const Word& word) {
  const auto& [flag, text] = word;
  double mips = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), mips);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && mips > 0 && mips <= 1000) return mips;
  return fail(ErrorCode::kInvalidArgument, "{} '{}': million instructions a second; accepted: more than 0, up to 1000",
              flag, text);
}

Result<nanoseconds> parse_quantum(const Word& word) {
  const auto& [flag, text] = word;
  if (text == "0") return nanoseconds(0);
  KTSTR_TRY_ASSIGN(const auto quantum, parse_positive_duration(word));
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

Result<Bytes> parse_memory(const Word& word) {
  const auto& [flag, text] = word;
  KTSTR_TRY_ASSIGN(const Bytes memory, parse_bytes(text).context(std::string(flag)));
  if (memory > 0) return memory;
  return fail(ErrorCode::kInvalidArgument, "{} '{}': a guest cannot run without memory", flag, text)
      .with_hint("leave it out for as much as the topology needs, or give at least 64M a CPU");
}

Result<int> parse_jobs(const Word& word) {
  if (word.text == "auto") return kAutoJobs;
  auto jobs = parse_number(word, 1, kMaxJobs);
  if (!jobs) return std::move(jobs.error().with_hint("or 'auto': as many as there are CPUs and room for guest memory"));
  return jobs;
}

const Setting kSettings[] = {
    {.flags = "--scheduler",
     .type = "\"PATH ARGS\"",
     .help = "scheduler under test; '' for the kernel's own. A bare name is looked up beside this program, then in "
             "PATH",
     .set = [](const Word& word, RunRequest& request) { return put(request.scheduler, std::string(word.text)); },
     .show = [](const RunRequest& request) { return request.scheduler; },
     .repeated = Repeated::kWhereGivenOrOther,  // an empty one too: the file or the test may name another
     .is_axis = true},
    {.flags = "--topology",
     .type = "NnNlNcNt",
     .help = "NUMA nodes, LLCs in all, cores per LLC, threads per core: 1n2l2c1t",
     .set =
         [](const Word& word, RunRequest& request) {
           return assign(request.settings.topology, Topology::parse(word.text).context("--topology"));
         },
     .show = [](const RunRequest& request) { return request.settings.topology.to_string(); },
     .repeated = Repeated::kAlways,
     .of_guests = true,
     .is_axis = true},
    {.flags = "--kernel",
     .type = "PATH|KEY|VERSION",
     .help = "kernel to boot (see 'ktstr kernel list')",
     .set = [](const Word& word, RunRequest& request) { return assign(request.kernel, parse_kernel(word.text)); },
     .show = [](const RunRequest& request) { return request.kernel; },
     .repeated = Repeated::kWhereGivenOrOther,
     .of_guests = true,
     .is_axis = true},
    {.flags = "--mode",
     .type = "det|kvm|tcg|auto",
     .help =
         "det (the default) repeats bit for bit on any machine; kvm is real time; auto is kvm where it works, else det",
     .set = [](const Word& word, RunRequest& request) { return assign(request.mode, parse_mode(word)); },
     .show = [](const RunRequest& request) { return request.mode; },
     .repeated = Repeated::kAlways,
     .of_guests = true},
    {.flags = "--seed",
     .type = "N",
     .help = "decides everything that a run varies on purpose",
     .set =
         [](const Word& word, RunRequest& request) {
           return assign(request.settings.seed, parse_number<std::uint64_t>(word, 0, UINT64_MAX));
         },
     .show = [](const RunRequest& request) { return std::to_string(request.settings.seed); },
     .repeated = Repeated::kAlways},
    {.flags = "--seeds",
     .type = "A..B",
     .help = "run once with each seed from A to B, and group the failures",
     .set_session =
         [](const Word& word, RunOptions& options) {
           return assign(options.seeds, SeedRange::parse(word.text).context("--seeds"));
         }},
    {.flags = "--vary",
     .type = "LIST",
     .help = "what the seed varies: handover, random, offsets, phases, pauses, placement, cpu; all (the default), none",
     .set =
         [](const Word& word, RunRequest& request) {
           return assign(request.settings.vary, VarySet::parse(word.text).context("--vary"));
         },
     .show = [](const RunRequest& request) { return request.settings.vary.to_string(); },
     .repeated = Repeated::kWhereGivenOrOther},
    {.flags = "--repeat",
     .type = "N",
     .help = "run N times; in det mode the runs must be identical",
     .set_session = [](const Word& word,
                       RunOptions& options) { return assign(options.repeat, parse_number(word, 1, kMaxRepeat)); }},
    {.flags = "--duration",
     .type = "D",
     .help = "length of the scenario in guest time: 500ms, 2s",
     .set = [](const Word& word,
               RunRequest& request) { return assign(request.settings.duration, parse_positive_duration(word)); },
     .show = [](const RunRequest& request) { return format_duration(request.settings.duration); },
     .repeated = Repeated::kWhereGiven},
    {.flags = "--work-type",
     .type = "NAME",
     .help = "what workers of swappable cgroups do instead of their own work: YieldHeavy",
     .set = [](const Word& word, RunRequest& request) -> Status {
       KTSTR_TRY_ASSIGN(const WorkType type, work_type_from(word.text).context("--work-type"));
       request.settings.work_type = describe(type);
       return ok();
     },
     .show = [](const RunRequest& request) { return request.settings.work_type; },
     .repeated = Repeated::kWhereGiven,
     .is_axis = true},
    {.flags = "--memory",
     .type = "SIZE",
     .help = "the guest's memory: 512M",
     .set = [](const Word& word, RunRequest& request) { return assign(request.settings.memory, parse_memory(word)); },
     .show = [](const RunRequest& request) { return std::to_string(request.settings.memory); },
     .repeated = Repeated::kWhereGiven,
     .of_guests = true},
    {.flags = "--shift",
     .type = "N",
     .help = "det: 2^N ns of guest time per instruction, 0 to 10",
     .set =
         [](const Word& word, RunRequest& request) {
           return assign(request.settings.icount_shift, parse_number(word, 0, kMaxIcountShift));
         },
     .show = [](const RunRequest& request) { return fmt::format("{}", request.settings.icount_shift.value_or(0)); },
     .repeated = Repeated::kWhereGiven,
     .of_guests = true},
    {.flags = "--cpu-mips",
     .type = "N",
     .help = "det: million instructions a guest second that a CPU has at least while all are busy, instead of --shift",
     .set = [](const Word& word, RunRequest& request) { return assign(request.settings.cpu_mips, parse_mips(word)); },
     .show = [](const RunRequest& request) { return fmt::format("{}", request.settings.cpu_mips); },
     .repeated = Repeated::kWhereGiven,
     .of_guests = true},
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
    {.flags = "-v,--verbose",
     .type = "",
     .help = "say what is being done; twice: and why",
     .set_session = [](const Word& word,
                       RunOptions& options) { return assign(options.verbosity, parse_number(word, 0, INT_MAX)); }},
};

}  // namespace

std::string_view Setting::flag() const {
  const std::string_view all = flags;
  return all.substr(all.find("--"));
}

std::span<const Setting> settings() { return kSettings; }

const Setting& setting_of(std::string_view flag) {
  return *std::find_if(std::begin(kSettings), std::end(kSettings),
                       [&](const Setting& each) { return each.flag() == flag; });
}

Result<std::string> parse_kernel(std::string_view text) {
  if (!text.empty()) return std::string(text);
  return fail(ErrorCode::kInvalidArgument, "--kernel '': names no kernel")
      .with_hint("leave it out for the default, or see 'ktstr kernel list'");
}

}  // namespace ktstr::cli
