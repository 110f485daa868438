// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/quiet_machine.h"

#include <time.h>

#include <charconv>

#include "base/clock.h"
#include "base/file.h"

namespace ktstr::guest {

namespace {

constexpr int kQuietLooks = 3;

}  // namespace

Result<std::uint64_t> busy_ticks(std::string_view proc_stat) {
  // "cpu  user nice system idle iowait irq softirq ..." (Documentation/filesystems/proc.rst)
  if (!proc_stat.starts_with("cpu ")) return fail(ErrorCode::kCorruptData, "/proc/stat does not begin with \"cpu \"");
  const std::string_view line = proc_stat.substr(0, proc_stat.find('\n'));
  std::uint64_t busy = 0;
  const char* at = line.data() + 4;
  const char* const end = line.data() + line.size();
  for (int field = 0; field < 7; ++field) {
    while (at < end && *at == ' ') ++at;
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(at, end, value);
    if (parsed.ec != std::errc()) return fail(ErrorCode::kCorruptData, "/proc/stat: no number in field {}", field);
    at = parsed.ptr;
    if (field != 3 && field != 4) busy += value;
  }
  return busy;
}

Result<std::uint64_t> context_switches(std::string_view proc_stat) {
  constexpr std::string_view kKey = "\nctxt ";
  const std::size_t at = proc_stat.find(kKey);
  std::uint64_t value = 0;
  if (at == std::string_view::npos ||
      std::from_chars(proc_stat.data() + at + kKey.size(), proc_stat.data() + proc_stat.size(), value).ec !=
          std::errc())
    return fail(ErrorCode::kCorruptData, "/proc/stat does not count context switches");
  return value;
}

void wait_until_quiet(const fs::path& proc, std::chrono::nanoseconds look, std::chrono::nanoseconds limit) {
  const timespec nap{0, look.count()};  // a machine of idle CPUs skips it: it costs no host time
  const Nanoseconds deadline = monotonic_now() + limit;
  auto busy = [&]() -> std::uint64_t {
    const auto text = read_text(proc / "stat");
    if (!text) return 0;
    return busy_ticks(*text).value_or(0);
  };
  std::uint64_t before = busy();
  for (int quiet = 0; quiet < kQuietLooks && monotonic_now() < deadline;) {
    ::nanosleep(&nap, nullptr);
    const std::uint64_t now = busy();
    quiet = now == before ? quiet + 1 : 0;
    before = now;
  }
}

}  // namespace ktstr::guest
