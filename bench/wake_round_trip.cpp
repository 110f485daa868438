// SPDX-License-Identifier: Apache-2.0
//
// How real a guest's time is, measured inside it. The results are notes of the verdict: "KEY: text", with the value.
// The bench runs these at several quanta; they are no tests of a scheduler.
#include <ktstr/ktstr.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <memory>
#include <numeric>
#include <thread>

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMaxRounds = 2000;

std::uint64_t now_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

void note(AssertResult& result, const std::string& key, const std::string& text, double value, std::string unit) {
  Detail detail;
  detail.verdict = Verdict::kPass;
  detail.kind = DetailKind::kNote;
  detail.message = key + ": " + text;
  detail.measured = value;
  detail.unit = std::move(unit);
  result.details.push_back(std::move(detail));
}

// Of a sorted list.
double quantile(const std::vector<std::uint64_t>& sorted, double q) {
  if (sorted.empty()) return 0;
  return static_cast<double>(sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))]);
}

// The body runs in real time, and its threads would inherit that.
void become_ordinary_on(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  ::sched_setaffinity(0, sizeof set, &set);
  const sched_param ordinary{};
  ::sched_setscheduler(0, SCHED_OTHER, &ordinary);
}

// One cache line a thread.
struct alignas(64) Spinner {
  std::atomic<std::uint64_t> iterations{0};
  std::vector<std::uint64_t> turns, aways;  // in TSC ticks
};

// A thread on each CPU from `first` on, until it is destroyed.
class Spinners {
 public:
  using Loop = void (*)(Spinner&, const std::atomic<bool>& stop);

  Spinners(int first, int cpus, Loop loop) {
    for (int cpu = first; cpu < cpus; ++cpu) {
      spinners_.push_back(std::make_unique<Spinner>());
      threads_.emplace_back([this, cpu, loop, &spinner = *spinners_.back()] {
        become_ordinary_on(cpu);
        ready_.fetch_add(1);
        while (!go_) ::sched_yield();
        loop(spinner, stop_);
      });
    }
    while (ready_ < static_cast<int>(threads_.size())) std::this_thread::sleep_for(1ms);
    go_ = true;
    std::this_thread::sleep_for(5ms);
  }
  ~Spinners() { finish(); }
  void finish() {
    stop_ = true;
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  const std::vector<std::unique_ptr<Spinner>>& all() const { return spinners_; }
  std::vector<double> iterations() const {
    std::vector<double> counts;
    for (const auto& spinner : spinners_) counts.push_back(static_cast<double>(spinner->iterations.load()));
    return counts;
  }

 private:
  std::atomic<int> ready_{0};
  std::atomic<bool> go_{false}, stop_{false};
  std::vector<std::unique_ptr<Spinner>> spinners_;
  std::vector<std::thread> threads_;
};

void compute(Spinner& spinner, const std::atomic<bool>& stop) {
  std::uint64_t x = 1;
  while (!stop.load(std::memory_order_relaxed)) {
    for (int i = 0; i < 16; ++i) x = x * 6364136223846793005u + 1442695040888963407u;
    asm volatile("" : "+r"(x));
    spinner.iterations.store(spinner.iterations.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
}

// A jump of the clock is time in which another CPU ran: far more than one look at it takes, far less than a turn.
void watch_the_clock(Spinner& spinner, const std::atomic<bool>& stop) {
  constexpr std::uint64_t kJump = 1000;
  spinner.turns.reserve(100'000);
  spinner.aways.reserve(100'000);
  std::uint64_t last = __rdtsc();
  std::uint64_t begin = last;
  while (!stop.load(std::memory_order_relaxed) && spinner.turns.size() < 100'000) {
    const std::uint64_t now = __rdtsc();
    if (now - last > kJump) {
      spinner.turns.push_back(last - begin);
      spinner.aways.push_back(now - last);
      begin = now;
    }
    last = now;
  }
  while (!stop.load(std::memory_order_relaxed)) {
  }
}

class Baton {
 public:
  void pass() {
    word_.store(1);
    ::syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
  void take() {
    while (word_.exchange(0) == 0) ::syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
  }

 private:
  std::atomic<int> word_{0};
};

// CPU 0 wakes CPU 1, which wakes CPU 0.
std::vector<std::uint64_t> round_trips(std::chrono::nanoseconds duration) {
  std::vector<std::uint64_t> taken;
  taken.reserve(kMaxRounds);
  Baton there, back;
  std::atomic<bool> stop{false};
  std::thread answers([&] {
    become_ordinary_on(1);
    for (there.take(); !stop; there.take()) back.pass();
  });
  std::thread asks([&] {
    become_ordinary_on(0);
    const std::uint64_t end = now_ns() + static_cast<std::uint64_t>(duration.count());
    for (std::uint64_t begin = now_ns(); begin < end && taken.size() < kMaxRounds; begin = now_ns()) {
      there.pass();
      back.take();
      taken.push_back(now_ns() - begin);
    }
    stop = true;
    there.pass();
  });
  asks.join();
  answers.join();
  // The first are those of threads that were just started.
  if (taken.size() > 20) taken.erase(taken.begin(), taken.begin() + 10);
  std::sort(taken.begin(), taken.end());
  return taken;
}

int cpus_of(const Ctx& ctx) { return static_cast<int>(ctx.topology().cpus.size()); }

AssertResult round_trip_notes(const Ctx& ctx) {
  const auto taken = round_trips(ctx.duration());
  AssertResult result;
  note(result, "rounds", "how many", static_cast<double>(taken.size()), "");
  note(result, "p50", "half of the wake round trips are shorter", quantile(taken, 0.5), "ns");
  note(result, "p99", "99% are", quantile(taken, 0.99), "ns");
  return result;
}

}  // namespace

KTSTR_TEST(wake_idle, {.topology = "1n2l2c1t", .duration = 200ms}) { return round_trip_notes(ctx); }

// Every CPU but the two computes.
KTSTR_TEST(wake_busy, {.topology = "1n2l2c1t", .duration = 200ms}) {
  const Spinners others(2, cpus_of(ctx), compute);
  return round_trip_notes(ctx);
}

// Every CPU computes: what part of the work each one did, 100% being an equal one.
KTSTR_TEST(all_busy, {.topology = "1n2l2c1t", .duration = 200ms}) {
  Spinners all(0, cpus_of(ctx), compute);
  const auto before = all.iterations();
  std::this_thread::sleep_for(ctx.duration());
  auto done = all.iterations();
  std::transform(done.begin(), done.end(), before.begin(), done.begin(), std::minus<>());
  const double mean = std::accumulate(done.begin(), done.end(), 0.0) / static_cast<double>(done.size());
  AssertResult result;
  note(result, "least", "of an equal part", 100 * *std::min_element(done.begin(), done.end()) / mean, "%");
  note(result, "most", "of an equal part", 100 * *std::max_element(done.begin(), done.end()) / mean, "%");
  return result;
}

// Every CPU watches the clock: how long it runs at a time, and how long it is away then.
KTSTR_TEST(turns, {.topology = "1n2l2c1t", .duration = 50ms}) {
  Spinners all(0, cpus_of(ctx), watch_the_clock);
  const std::uint64_t begin_ns = now_ns(), begin = __rdtsc();
  std::this_thread::sleep_for(ctx.duration());
  const double tick_ns = static_cast<double>(now_ns() - begin_ns) / static_cast<double>(__rdtsc() - begin);
  all.finish();
  std::vector<std::uint64_t> turns, aways;
  for (const auto& spinner : all.all()) {
    turns.insert(turns.end(), spinner->turns.begin(), spinner->turns.end());
    aways.insert(aways.end(), spinner->aways.begin(), spinner->aways.end());
  }
  std::sort(turns.begin(), turns.end());
  std::sort(aways.begin(), aways.end());
  AssertResult result;
  note(result, "count", "turns of all CPUs", static_cast<double>(turns.size()), "");
  note(result, "turn_p50", "half of the turns are shorter", quantile(turns, 0.5) * tick_ns, "ns");
  note(result, "turn_p99", "99% are", quantile(turns, 0.99) * tick_ns, "ns");
  note(result, "away_p50", "half of the times away are shorter", quantile(aways, 0.5) * tick_ns, "ns");
  note(result, "away_p99", "99% are", quantile(aways, 0.99) * tick_ns, "ns");
  return result;
}
