// SPDX-License-Identifier: Apache-2.0
#include "cli/run_options.h"

#include <charconv>
#include <string_view>

#include "base/text/duration.h"
#include "engine/qemu/turns.h"

namespace ktstr::cli {

namespace {

constexpr int kMaxIcountShift = 10;  // QEMU: -icount shift=0..10
// Below, vCPUs do little but take turns; above, a 32-bit timer of 10 ns ticks could not count it.
constexpr std::chrono::nanoseconds kShortestQuantum = std::chrono::microseconds(1);
constexpr std::chrono::nanoseconds kLongestQuantum = std::chrono::seconds(10);
constexpr int kMaxRepeat = 1'000'000;
constexpr int kMaxJobs = 4096;

template <typename T>
Result<T> parse_number(std::string_view option, std::string_view text, T least, T most) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return fail(ErrorCode::kInvalidArgument, "{} '{}': not a whole number from {} to {}", option, text, least, most);
  return value;
}

Result<std::chrono::nanoseconds> parse_positive_duration(std::string_view option, std::string_view text) {
  auto duration = parse_duration(text).context(fmt::format("{} '{}'", option, text));
  if (duration.has_value() && duration->count() == 0)
    return fail(ErrorCode::kInvalidArgument, "{} '{}': must be longer than nothing", option, text);
  return duration;
}

// "0" switches the hand-over timer off.
Result<double> parse_mips(const std::string& text) {
  double mips = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), mips);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && mips > 0 && mips <= 1000) return mips;
  return fail(ErrorCode::kInvalidArgument,
              "--cpu-mips '{}': million instructions a second; accepted: more than 0, up to 1000", text);
}

Result<std::chrono::nanoseconds> parse_quantum(std::string_view text) {
  if (text == "0") return std::chrono::nanoseconds(0);
  KTSTR_TRY_ASSIGN(const auto quantum, parse_positive_duration("--quantum", text));
  if (quantum >= kShortestQuantum && quantum <= kLongestQuantum) return quantum;
  return fail(ErrorCode::kInvalidArgument, "--quantum '{}': a vCPU's turn lasts from {} to {}", text,
              format_duration(kShortestQuantum), format_duration(kLongestQuantum))
      .with_hint("leave it out for 25us a vCPU, or give 0 for turns without a limit");
}

Result<std::string> parse_mode(const std::string& text) {
  if (text == "det" || text == "kvm" || text == "tcg" || text == "auto") return text;
  return fail(ErrorCode::kInvalidArgument, "--mode '{}': no such mode", text)
      .with_hint("accepted: det (repeatable bit for bit), kvm, tcg, auto (kvm where it works, else det)");
}

Result<Bytes> parse_memory(const std::string& text) {
  KTSTR_TRY_ASSIGN(const Bytes memory, parse_bytes(text).context("--memory"));
  if (memory > 0) return memory;
  return fail(ErrorCode::kInvalidArgument, "--memory '{}': a guest cannot run without memory", text)
      .with_hint("leave it out for as much as the topology needs, or give at least 64M a CPU");
}

Status interpret_machine(const RunOptionTexts& texts, RunOptions& options) {
  if (texts.topology) {
    KTSTR_TRY_ASSIGN(options.topology, Topology::parse(*texts.topology).context("--topology"));
  }
  if (texts.mode) {
    KTSTR_TRY_ASSIGN(options.mode, parse_mode(*texts.mode));
  }
  if (texts.memory) {
    KTSTR_TRY_ASSIGN(options.memory, parse_memory(*texts.memory));
  }
  if (texts.shift) {
    KTSTR_TRY_ASSIGN(options.icount_shift, parse_number("--shift", *texts.shift, 0, kMaxIcountShift));
  }
  if (texts.cpu_mips) {
    KTSTR_TRY_ASSIGN(options.cpu_mips, parse_mips(*texts.cpu_mips));
  }
  if (texts.shift && texts.cpu_mips)
    return fail(ErrorCode::kInvalidArgument, "--shift and --cpu-mips exclude each other")
        .with_hint("both say how many instructions a guest second has");
  if (texts.turn) {
    KTSTR_TRY_ASSIGN(options.turn, parse_number<std::uint32_t>("--turn", *texts.turn, kLeastTurn, kLongestTurn));
  }
  if (texts.turn && texts.quantum)
    return fail(ErrorCode::kInvalidArgument, "--turn and --quantum exclude each other")
        .with_hint("turns are ended by the plugin in QEMU (--turn) or by a timer in the guest (--quantum)");
  if (texts.quantum) {
    KTSTR_TRY_ASSIGN(options.quantum, parse_quantum(*texts.quantum));
  }
  return ok();
}

Status interpret_seeds(const RunOptionTexts& texts, RunOptions& options) {
  if (texts.seed) {
    constexpr std::uint64_t kAll = UINT64_MAX;
    KTSTR_TRY_ASSIGN(options.seed, parse_number<std::uint64_t>("--seed", *texts.seed, 0, kAll));
  }
  if (texts.seeds) {
    KTSTR_TRY_ASSIGN(options.seeds, SeedRange::parse(*texts.seeds).context("--seeds"));
  }
  if (texts.vary) {
    KTSTR_TRY_ASSIGN(options.vary, VarySet::parse(*texts.vary).context("--vary"));
  }
  if (!options.seeds) return ok();
  if (options.seed)
    return fail(ErrorCode::kInvalidArgument, "--seed and --seeds exclude each other")
        .with_hint("--seeds runs every seed of a range, --seed one");
  if (options.repeat > 1)
    return fail(ErrorCode::kInvalidArgument, "--repeat and --seeds exclude each other")
        .with_hint("find a seed with --seeds first, then repeat it with --seed N --repeat M");
  return ok();
}

}  // namespace

Result<std::string> parse_kernel(const std::string& text) {
  if (!text.empty()) return text;
  return fail(ErrorCode::kInvalidArgument, "--kernel '': names no kernel")
      .with_hint("leave it out for the default, or see 'ktstr kernel list'");
}

Result<RunOptions> interpret(const RunOptionTexts& texts) {
  RunOptions options;
  options.scheduler = texts.scheduler;
  if (texts.kernel) {
    KTSTR_TRY_ASSIGN(options.kernel, parse_kernel(*texts.kernel));
  }
  KTSTR_TRY(interpret_machine(texts, options));
  if (texts.duration) {
    KTSTR_TRY_ASSIGN(options.duration, parse_positive_duration("--duration", *texts.duration));
  }
  if (texts.repeat) {
    KTSTR_TRY_ASSIGN(options.repeat, parse_number("--repeat", *texts.repeat, 1, kMaxRepeat));
  }
  if (texts.jobs && *texts.jobs == "auto") {
    options.jobs = kAutoJobs;
  } else if (texts.jobs) {
    auto jobs = parse_number("--jobs", *texts.jobs, 1, kMaxJobs);
    if (!jobs)
      return std::move(jobs.error().with_hint("or 'auto': as many as there are CPUs and room for guest memory"));
    options.jobs = *jobs;
  }
  KTSTR_TRY(interpret_seeds(texts, options));
  return options;
}

}  // namespace ktstr::cli
