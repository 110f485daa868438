// SPDX-License-Identifier: Apache-2.0
#include "workload/task/schedstat.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "base/fd.h"

namespace ktstr {

Schedstat Schedstat::since(const Schedstat& before) const {
  const auto difference = [](std::uint64_t end, std::uint64_t start) { return end > start ? end - start : 0; };
  return {difference(cpu_time_ns, before.cpu_time_ns), difference(run_delay_ns, before.run_delay_ns),
          difference(timeslices, before.timeslices)};
}

void SharedSchedstat::store(const Schedstat& stat) {
  cpu_time_ns_.store(stat.cpu_time_ns, std::memory_order_relaxed);
  run_delay_ns_.store(stat.run_delay_ns, std::memory_order_relaxed);
  timeslices_.store(stat.timeslices, std::memory_order_relaxed);
}

Schedstat SharedSchedstat::load() const { return {cpu_time_ns_, run_delay_ns_, timeslices_}; }

bool read_schedstat(const char* path, Schedstat& stat) {
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return false;
  char text[128];
  const ssize_t length = ::read(fd.get(), text, sizeof text);
  if (length <= 0) return false;
  std::uint64_t fields[3];
  const char* at = text;
  const char* const end = text + length;
  for (std::uint64_t& field : fields) {
    while (at != end && *at == ' ') ++at;
    const auto [stop, error] = std::from_chars(at, end, field);
    if (error != std::errc()) return false;
    at = stop;
  }
  stat = {fields[0], fields[1], fields[2]};
  return true;
}

}  // namespace ktstr
