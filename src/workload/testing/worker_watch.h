// SPDX-License-Identifier: Apache-2.0
//
// For tests with real workers: what /proc says of a task, and waits for what it does. There is no event for that, so
// they look again and again; how long it takes does not matter.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/file.h"

namespace ktstr {

constexpr auto kPatience = std::chrono::seconds(60);

inline std::string proc_file(int pid, const std::string& name) {
  return read_attribute(fmt::format("/proc/{}/{}", pid, name)).value_or("(unreadable)");
}

// 'R', 'S', 'T', 'Z'; '?' for a task that is gone.
inline char state_of(int pid) {
  const std::string stat = proc_file(pid, "stat");
  const std::size_t end_of_comm = stat.rfind(") ");
  return end_of_comm == std::string::npos ? '?' : stat.at(end_of_comm + 2);
}

inline void wait_until(const std::function<bool()>& condition, const std::string& what) {
  for (const Nanoseconds deadline = monotonic_now() + kPatience; !condition();) {
    ASSERT_LT(monotonic_now(), deadline) << "in vain: " << what;
    std::this_thread::yield();
  }
}

inline void wait_for_state(int pid, char state) {
  wait_until([&] { return state_of(pid) == state; }, fmt::format("task {} gets into state {}", pid, state));
}

// Until the task has used CPU time: it is at work.
inline void wait_for_work(int pid) {
  const auto cpu_time = [&] { return std::stoull(proc_file(pid, "schedstat")); };
  const auto before = cpu_time();
  wait_until([&] { return cpu_time() >= before + 5'000'000; }, fmt::format("task {} works", pid));
}

}  // namespace ktstr
