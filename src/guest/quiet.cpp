// SPDX-License-Identifier: Apache-2.0
#include "guest/quiet.h"

#include <time.h>

#include <charconv>

#include "base/clock.h"
#include "base/file.h"

namespace ktstr::guest {

namespace {

constexpr timespec kLook{0, 100'000'000};  // a machine of idle CPUs skips it: it costs no host time
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

void wait_until_quiet(const fs::path& proc, std::chrono::nanoseconds limit) {
  const Nanoseconds deadline = monotonic_now() + limit;
  auto busy = [&]() -> std::uint64_t {
    const auto text = read_text(proc / "stat");
    if (!text) return 0;
    return busy_ticks(*text).value_or(0);
  };
  std::uint64_t before = busy();
  for (int quiet = 0; quiet < kQuietLooks && monotonic_now() < deadline;) {
    ::nanosleep(&kLook, nullptr);
    const std::uint64_t now = busy();
    quiet = now == before ? quiet + 1 : 0;
    before = now;
  }
}

}  // namespace ktstr::guest
