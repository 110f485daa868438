// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <getopt.h>

#include <array>
#include <charconv>
#include <string_view>
#include <vector>

#include "scx_ktstr.h"

namespace scx_ktstr {
namespace {

enum OptionId {
  kSliceUs = 1,
  kWatchdogMs,
  kStallAfter,
  kCrashAfter,
  kExitAfter,
  kStarve,
  kSlowDispatch,
  kLoseTask,
  kPingPong,
  kInvertNice,
  kIgnoreNice,
  kIgnoreAffinity,
  kHotQueue,
  kLeaveIdle,
  kLoseWakeup,
  kIgnoreWeights,
  kFailVerify,
  kTalk,
  kSysfs,
  kVerbose,
  kHelp,
  kVersion,
};

constexpr std::array kLongOptions{
    option{"slice-us", required_argument, nullptr, kSliceUs},
    option{"watchdog-ms", required_argument, nullptr, kWatchdogMs},
    option{"stall-after", required_argument, nullptr, kStallAfter},
    option{"crash-after", required_argument, nullptr, kCrashAfter},
    option{"exit-after", required_argument, nullptr, kExitAfter},
    option{"starve", required_argument, nullptr, kStarve},
    option{"slow-dispatch", required_argument, nullptr, kSlowDispatch},
    option{"lose-task", required_argument, nullptr, kLoseTask},
    option{"ping-pong", no_argument, nullptr, kPingPong},
    option{"invert-nice", no_argument, nullptr, kInvertNice},
    option{"ignore-nice", no_argument, nullptr, kIgnoreNice},
    option{"ignore-affinity", no_argument, nullptr, kIgnoreAffinity},
    option{"hot-queue", no_argument, nullptr, kHotQueue},
    option{"leave-idle", required_argument, nullptr, kLeaveIdle},
    option{"lose-wakeup", no_argument, nullptr, kLoseWakeup},
    option{"ignore-weights", no_argument, nullptr, kIgnoreWeights},
    option{"fail-verify", no_argument, nullptr, kFailVerify},
    option{"talk", no_argument, nullptr, kTalk},
    option{"sysfs", required_argument, nullptr, kSysfs},
    option{"verbose", no_argument, nullptr, kVerbose},
    option{"help", no_argument, nullptr, kHelp},
    option{"version", no_argument, nullptr, kVersion},
    option{nullptr, 0, nullptr, 0},
};

constexpr std::uint64_t kMaxMs = 3'600'000;
constexpr std::uint64_t kMaxUs = 10'000'000;

tl::expected<std::uint64_t, std::string> parse_number(std::string_view name, std::string_view text, std::uint64_t min,
                                                      std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= min && value <= max) return value;
  return tl::unexpected("--" + std::string(name) + ": '" + std::string(text) + "' is not a whole number from " +
                        std::to_string(min) + " to " + std::to_string(max));
}

tl::expected<std::string, std::string> parse_comm(std::string_view name, std::string_view text) {
  if (text.empty() || text.size() >= KTSTR_COMM_LEN)
    return tl::unexpected("--" + std::string(name) + ": '" + std::string(text) +
                          "' cannot begin a task's name, which has 1 to 15 characters");
  return std::string(text);
}

// The one place that knows which option sets which member, and its range.
tl::expected<void, std::string> apply(Options& options, int id, std::string_view name, std::string_view text) {
  const auto number = [&](std::uint64_t min, std::uint64_t max, auto set) {
    return parse_number(name, text, min, max).map(set);
  };
  switch (id) {
    case kSliceUs:
      return number(1, kMaxUs, [&](auto us) { options.slice_us = us; });
    case kWatchdogMs:
      return number(1, kMaxWatchdogMs, [&](auto ms) { options.watchdog_ms_given = static_cast<std::uint32_t>(ms); });
    case kStallAfter:
      return number(0, kMaxMs, [&](auto ms) { options.stall_after_ms = ms; });
    case kCrashAfter:
      return number(0, kMaxMs, [&](auto ms) { options.crash_after_ms = ms; });
    case kExitAfter:
      return number(0, kMaxMs, [&](auto ms) { options.exit_after_ms = ms; });
    case kStarve:
      return parse_comm(name, text).map([&](auto comm) { options.starve_comm = comm; });
    case kLoseTask:
      return parse_comm(name, text).map([&](auto comm) { options.lose_comm = comm; });
    case kPingPong:
      options.ping_pong = true;
      return {};
    case kInvertNice:
      options.invert_nice = true;
      return {};
    case kIgnoreNice:
      options.ignore_nice = true;
      return {};
    case kIgnoreAffinity:
      options.ignore_affinity = true;
      return {};
    case kHotQueue:
      options.hot_queue = true;
      return {};
    case kSlowDispatch:
      return number(0, kMaxUs, [&](auto us) { options.slow_dispatch_us = us; });
    case kLeaveIdle:
      return number(0, KTSTR_MAX_CPUS - 1, [&](auto cpu) { options.idle_cpu = static_cast<std::uint32_t>(cpu); });
    case kLoseWakeup:
      options.lose_wakeup = true;
      return {};
    case kIgnoreWeights:
      options.ignore_weights = true;
      return {};
    case kFailVerify:
      options.fail_verify = true;
      return {};
    case kTalk:
      options.talk = true;
      return {};
    case kSysfs:
      options.sysfs_root = text;
      return {};
    case kVerbose:
      options.verbose = true;
      return {};
    case kHelp:
      options.action = Action::kHelp;
      return {};
    default:
      options.action = Action::kVersion;
      return {};
  }
}

}  // namespace

tl::expected<Options, std::string> parse_options(std::span<char* const> args) {
  Options options;
  std::vector<char*> argv(args.begin(), args.end());  // getopt may reorder
  argv.push_back(nullptr);
  const int argc = static_cast<int>(args.size());
  optind = 0;  // makes glibc's getopt start anew
  opterr = 0;
  for (;;) {
    int index = 0;
    const int id = getopt_long(argc, argv.data(), ":", kLongOptions.data(), &index);
    if (id == -1) break;
    const std::string given = argv[static_cast<std::size_t>(optind - 1)];
    if (id == '?') return tl::unexpected("unknown option '" + given + "'");
    if (id == ':') return tl::unexpected("option '" + given + "' needs a value");
    const auto applied = apply(options, id, kLongOptions[static_cast<std::size_t>(index)].name, optarg ? optarg : "");
    if (!applied) return tl::unexpected(applied.error());
  }
  if (optind < argc)
    return tl::unexpected("unexpected argument '" + std::string(argv[static_cast<std::size_t>(optind)]) + "'");
  return options;
}

const char* usage() {
  return R"(Usage: scx_ktstr [OPTION]...
A sched_ext scheduler for testing test harnesses: virtual time weighted by nice and cpu.weight,
with one queue per last-level cache. Runs until SIGTERM or SIGINT, or until the kernel ends it.

  --slice-us US        time slice (default 5000)
  --watchdog-ms MS     the kernel ends the scheduler when a runnable task has not run for so long
                       (default 2000, with --starve and --lose-task 30000, the longest there is)

Switches that make it bad on purpose; MS count from when the scheduler is loaded:
  --stall-after MS     stop dispatching user tasks; the kernel's watchdog then ends the scheduler
  --crash-after MS     end with a BPF error, "ktstr fixture: crash requested after MS ms"
  --exit-after MS      detach and exit with status 0, unasked
  --starve COMM        tasks whose name begins with COMM get one tick in half a watchdog period
  --slow-dispatch US   burn US microseconds in each dispatch
  --lose-task COMM     put tasks whose name begins with COMM into no queue once they have run for
                       50 ms and are preempted
  --ping-pong          move a task to the next CPU at each tick, be its own one free or not
  --invert-nice        the lower a task's weight by its nice value, the more it gets
  --ignore-nice        all tasks have the weight of nice 0
  --ignore-affinity    send tasks that have run for 50 ms to a CPU that they may not use; the kernel
                       then ends the scheduler
  --hot-queue          one queue for all tasks that may run everywhere, from which one CPU at a time
                       takes, while the others are idle
  --leave-idle CPU     let a CPU run nothing but its own kernel threads, however many tasks wait
  --lose-wakeup        hand waking tasks over to idle CPUs through mailboxes with a race of a few
                       instructions: once in a long while a task stays in its mailbox
  --ignore-weights     no cpu.weight of cgroups: all tasks share by their nice values alone
  --fail-verify        load a program that the verifier refuses
  --talk               print lines without pause

  --sysfs DIR          where to look for the caches (default /sys)
  --verbose            libbpf's debug messages and the verifier's statistics
  --help, --version

Exit status: 0 detached, or ended by the kernel without an error; 1 ended with an error (stall,
crash); 2 could not be loaded or attached; 64 wrong usage.
)";
}

}  // namespace scx_ktstr
