// SPDX-License-Identifier: Apache-2.0
//
// A benchmark as users have them, for the tests of payloads: one thread wakes another again and again, and how late
// that one runs is printed as JSON, on the way and at the end. `wake_bench [WAKEUPS]`; without a number it goes on for
// ever.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <semaphore>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReportEvery = 20;

double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

void report(std::vector<double> late) {
  std::sort(late.begin(), late.end());
  const auto at = [&](std::size_t percent) { return late[(late.size() - 1) * percent / 100]; };
  std::printf("{\"wakeups\": %zu, \"latency_us\": {\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}}\n", late.size(),
              at(50), at(99), at(100));
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  const std::size_t wanted = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 0;
  std::counting_semaphore<> wake(0), done(0);
  Clock::time_point woken;
  bool over = false;
  std::vector<double> late;
  std::thread sleeper([&] {
    for (wake.acquire(); !over; wake.acquire()) {
      late.push_back(microseconds(Clock::now() - woken));
      done.release();
    }
  });
  for (std::size_t i = 1; wanted == 0 || i <= wanted; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    woken = Clock::now();
    wake.release();
    done.acquire();
    if (i % kReportEvery == 0 || i == wanted) report(late);
  }
  over = true;
  wake.release();
  sleeper.join();
}
