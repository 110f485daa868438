// SPDX-License-Identifier: Apache-2.0
#include "host/cpu_use.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

namespace ktstr {

namespace {

Nanoseconds tick() { return std::chrono::nanoseconds(std::chrono::seconds(1)) / std::max(1L, ::sysconf(_SC_CLK_TCK)); }

// "cpu12" -> 12; nothing for the line of all CPUs.
std::optional<Cpu> cpu_named(const std::string& word) {
  Cpu cpu = -1;
  const char* const end = word.data() + word.size();
  if (!word.starts_with("cpu") || std::from_chars(word.data() + 3, end, cpu).ptr != end || cpu < 0) return {};
  return cpu;
}

}  // namespace

Result<CpuTimes> read_cpu_times(const fs::path& proc_root) {
  KTSTR_TRY_ASSIGN(const std::string text, read_text(proc_root / "stat"));
  CpuTimes times{.at = monotonic_now()};
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    std::int64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
    if (!(words >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal)) continue;
    // What guests took is in `user` already.
    if (const auto cpu = cpu_named(name))
      times.cpus[*cpu] = {(user + nice + system + irq + softirq + steal) * tick(), (idle + iowait) * tick()};
  }
  if (times.cpus.empty())
    return fail(ErrorCode::kUnsupported, "{} says nothing of CPUs", (proc_root / "stat").string());
  return times;
}

CpuUse cpu_use_between(const CpuTimes& before, const CpuTimes& after, Nanoseconds ours, CpuSet allowed) {
  CpuUse use{.window = after.at - before.at, .ours = ours, .allowed = std::move(allowed)};
  for (const auto& [cpu, now] : after.cpus) {
    const auto then = before.cpus.find(cpu);
    if (then == before.cpus.end()) continue;
    // Busy time is sampled by the tick, and what wakes with the tick is counted as all of it; idle time is measured.
    // A CPU that was offline has neither.
    const Nanoseconds sampled = now.busy - then->second.busy;
    const Nanoseconds measured = use.window - (now.idle - then->second.idle);
    use.busy[cpu] = std::clamp(sampled, Nanoseconds(0), std::max(measured, Nanoseconds(0)));
  }
  return use;
}

double CpuUse::others_pct(const CpuSet& cpus, Nanoseconds ours_there) const {
  Nanoseconds others = -ours_there, all{};
  for (const Cpu cpu : cpus) {
    const auto found = busy.find(cpu);
    if (found == busy.end()) continue;
    others += found->second - tick();
    all += window;
  }
  if (all.count() <= 0 || others.count() <= 0) return 0;
  return std::min(100.0, 100.0 * static_cast<double>(others.count()) / static_cast<double>(all.count()));
}

}  // namespace ktstr
