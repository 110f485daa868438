// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_run.h"

#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "base/clock.h"
#include "base/splitmix.h"

namespace ktstr {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr std::uint64_t kNever = UINT64_MAX;

// Plain load and store: each counter has one writer, and a locked instruction would be the loop's main cost.
void add(WorkerSlot::Counter& counter, std::uint64_t amount) {
  counter.store(counter.load(kRelaxed) + amount, kRelaxed);
}

// Of a time from `since` to `until`; `before`: what the clock said of `since`, then.
std::uint64_t held_within(const HoldTimes& hold, std::uint64_t before, std::uint64_t since, std::uint64_t until) {
  const std::uint64_t by = hold.held_by(until);
  return std::min(by > before ? by - before : 0, until - since);
}

}  // namespace

RunProbes RunProbes::real() {
  return {.now_ns = [] { return static_cast<std::uint64_t>(monotonic_now().count()); },
          .cpu = [] { return Cpu{::sched_getcpu()}; },
          .yield = [] { ::sched_yield(); },
          .wait = futex_wait,
          .wait_readable =
              [](int file, int other) {
                pollfd files[] = {{file, POLLIN, 0}, {other, POLLIN, 0}};
                ::poll(files, std::size(files), -1);
              },
          .cpu_time_ns = [] { return static_cast<std::uint64_t>(clock_now(CLOCK_THREAD_CPUTIME_ID).count()); }};
}

WorkerRun::WorkerRun(GroupBlock& group, WorkerSlot& slot, const RunProbes& probes, const GroupResources* resources,
                     std::size_t index, std::uint64_t seed)
    : group_(group),
      slot_(slot),
      live_(*slot.live),
      probes_(probes),
      resources_(resources),
      index_(index),
      measures_(resources == nullptr ? WorkMeasures{} : resources->measures(index)),
      random_(seed),
      released_ns_(group.released_ns.load(kRelaxed)),
      last_ns_(released_ns_),
      iteration_since_ns_(released_ns_) {}

void WorkerRun::begin(std::chrono::nanoseconds phase) {
  const std::uint64_t until_ns = checkpoint() + static_cast<std::uint64_t>(phase.count());
  while (!stopping_ && last_ns_ < until_ns) {
    burn(kSpinsPerUnit / 8);
    checkpoint();
  }
  iteration_since_ns_ = last_ns_;
}

std::uint64_t WorkerRun::checkpoint() {
  const std::uint64_t allowed_sequence = group_.allowed_sequence.load();
  const std::uint64_t now = until_stop(probes_.now_ns());
  const Cpu cpu = probes_.cpu();
  if (now - last_ns_ > slot_.max_gap_ns.load(kRelaxed)) note_gap(now, last_ns_, cpu);
  if (cpu != last_cpu_) note_move(cpu);
  if (!group_.all_allowed.load()) note_outside(cpu, allowed_sequence);
  if (const std::uint32_t units = units_planned_ - units_left_; units > 0) {
    add(live_.work_units, units);
    units_planned_ = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
        kNsPerCheckpoint * units / std::max<std::uint64_t>(now - last_ns_, 1), 1, kUnitsPerCheckpoint));
  }
  units_left_ = units_planned_;
  live_.iterations.store(iterations_, kRelaxed);
  last_ns_ = now;
  live_.last_checkpoint_ns.store(now, kRelaxed);
  stopping_ = group_.stop.load(kRelaxed) != 0;
  return now;
}

void WorkerRun::end() { checkpoint(); }

// When it gets around to seeing the stop is not judged: it was told to end then. `stopped_ns` is written before `stop`.
std::uint64_t WorkerRun::until_stop(std::uint64_t now) const {
  const std::uint64_t stopped = group_.stop.load() != 0 ? group_.stopped_ns.load() : 0;
  return stopped == 0 ? now : std::max(last_ns_, std::min(now, stopped));
}

void WorkerRun::note_gap(std::uint64_t now, std::uint64_t since, Cpu cpu) {
  const HoldTimes::Wait away = group_.hold.read().wait(since, now);
  if (away.ns <= slot_.max_gap_ns.load(kRelaxed)) return;
  slot_.max_gap_ns.store(away.ns, kRelaxed);
  slot_.max_gap_cpu.store(cpu, kRelaxed);
  slot_.max_gap_at_ns.store(away.until_ns - released_ns_, kRelaxed);
}

void WorkerRun::note_move(Cpu cpu) {
  if (last_cpu_ >= 0) add(slot_.migrations, 1);
  slot_.cpus_used.add(cpu);
  last_cpu_ = cpu;
}

void WorkerRun::note_outside(Cpu cpu, std::uint64_t allowed_sequence) {
  if (group_.allowed.contains(cpu)) return;
  // The cpuset may have changed between asking for the CPU and comparing: then this says nothing.
  if (allowed_sequence % 2 == 0 && group_.allowed_sequence.load() == allowed_sequence) slot_.cpus_outside.add(cpu);
}

inline void WorkerRun::count_units(std::uint32_t units) {
  units_left_ -= units;
  if (units_left_ == 0)
    checkpoint();
  else
    stopping_ = group_.stop.load(kRelaxed) != 0;
}

void WorkerRun::end_unit() { count_units(1); }

void WorkerRun::burn(std::uint32_t spins) {
  // No PAUSE: under virtualisation it can exit to the host, and TCG ends its turn on it. The empty asm keeps the loop.
  for (std::uint32_t i = 0; i < spins; ++i) asm volatile("" : "+r"(i));
}

void WorkerRun::spin(std::uint32_t spins) {
  while (spins > kSpinsPerUnit && !stopping_) {
    const std::uint32_t units = std::min({units_left_, spins / kSpinsPerUnit, kUnitsAtOnce});
    burn(units * kSpinsPerUnit);
    count_units(units);
    spins -= units * kSpinsPerUnit;
  }
  if (spins == 0 || stopping_) return;
  burn(spins);
  count_units(1);
}

void WorkerRun::spin_iterations() {
  while (!stopping_) {
    const std::uint32_t units = std::min(units_left_, kUnitsAtOnce);
    burn(units * kSpinsPerUnit);
    iterations_ += units;
    count_units(units);
  }
}

template <typename Clock>
void WorkerRun::spin_to(std::uint64_t until, Clock clock) {
  std::uint64_t units = 1;
  for (std::uint64_t now = clock(); !stopping_ && now < until;) {
    for (std::uint64_t i = 0; i < units && !stopping_; ++i) spin_unit();
    const std::uint64_t before = std::exchange(now, clock());
    // Half of what is left, at the pace of the last ones. One that lost its CPU meanwhile looks slow, and then again
    // sooner.
    const std::uint64_t each = std::max<std::uint64_t>((now - before) / units, 1);
    units = std::clamp<std::uint64_t>((until - std::min(until, now)) / (2 * each), 1, kUnitsPerCheckpoint);
  }
}

void WorkerRun::spin_until(std::uint64_t until_ns) {
  if (last_ns_ < until_ns) spin_to(until_ns, [this] { return checkpoint(); });
}

void WorkerRun::spin_for(std::chrono::nanoseconds cpu_time) {
  spin_to(probes_.cpu_time_ns() + static_cast<std::uint64_t>(cpu_time.count()), probes_.cpu_time_ns);
}

// In small steps near the end: recorded runs may be short.
void WorkerRun::spin_to(std::uint64_t cpu_time_ns) {
  constexpr std::uint64_t kNear = 100'000;
  spin_to(cpu_time_ns - std::min(cpu_time_ns, kNear), probes_.cpu_time_ns);
  while (!stopping_ && probes_.cpu_time_ns() < cpu_time_ns) {
    burn(kSpinsPerUnit / 8);
    end_unit();
  }
}

void WorkerRun::miss() { add(slot_.missed, 1); }

std::uint64_t WorkerRun::note_since(std::size_t number, std::uint64_t since_ns) {
  const std::uint64_t now = checkpoint(), took = now > since_ns ? now - since_ns : 0;
  note(number, took);
  return took;
}

void WorkerRun::count(std::size_t number, std::uint64_t more) { add(measures_.counts[number], more); }

void WorkerRun::yield() {
  probes_.yield();
  checkpoint();
}

std::uint64_t WorkerRun::random(std::uint64_t count) {
  random_ = splitmix64(random_);
  return pick_up_to(random_, count - 1);
}

void WorkerRun::give_up(const char* what, int error) {
  slot_.could_not_errno.store(error);
  slot_.could_not.store(what);
  while (!stopping_) sleep_for(std::chrono::hours(1));
}

std::uint64_t WorkerRun::fall_asleep(std::uint64_t since, std::uint64_t until, const SharedWord* word,
                                     std::uint32_t value) {
  const std::uint64_t held_before = group_.hold.read().held_by(since);
  slot_.asleep_held_before_ns.store(held_before, kRelaxed);
  slot_.asleep_until_ns.store(until, kRelaxed);
  slot_.asleep_while.store(value, kRelaxed);
  slot_.asleep_on.store(word, kRelaxed);
  slot_.asleep_since_ns.store(since, std::memory_order_release);
  return held_before;
}

void WorkerRun::wake_up(std::uint64_t since, std::uint64_t held_before, std::uint64_t due, std::uint64_t now) {
  const bool cut_short = now < due;
  // Woken by stop it was due when stop was said; stopped_ns is written before `stop`.
  if (cut_short) due = std::clamp(group_.stopped_ns.load(), since, now);
  const HoldTimes hold = group_.hold.read();
  add(slot_.sleep_ns, due - since - held_within(hold, held_before, since, due));
  slot_.asleep_since_ns.store(0, kRelaxed);
  if (!cut_short) slot_.wake_latencies.add(hold.wait(due, until_stop(now)).ns);
  last_ns_ = due;
  checkpoint();
}

void WorkerRun::sleep_for(std::chrono::nanoseconds time) {
  const std::uint64_t since = checkpoint();
  if (!stopping_) sleep(since, since + static_cast<std::uint64_t>(time.count()));
}

void WorkerRun::sleep_until(std::uint64_t until_ns) {
  const std::uint64_t since = checkpoint();
  if (stopping_) return;
  if (until_ns > since) return sleep(since, until_ns);
  slot_.wake_latencies.add(group_.hold.read().wait(until_ns, since).ns);
}

void WorkerRun::sleep(std::uint64_t since, std::uint64_t until) {
  const std::uint64_t held_before = fall_asleep(since, until);
  std::uint64_t now = since;
  while (now < until && group_.stop.load() == 0) {
    probes_.wait(group_.stop, 0, until);
    now = probes_.now_ns();
  }
  wake_up(since, held_before, until, now);
}

template <typename Done, typename Block>
bool WorkerRun::wait_for(const SharedWord& word, std::optional<std::uint32_t> value, Done done, Block block) {
  const std::uint64_t since = checkpoint();
  seen_ns_ = 0;
  if (stopping_) return false;
  if (done()) {
    // What came after the clock was looked at was not seen by then.
    seen_ns_ = word.changed_ns.load() > since ? probes_.now_ns() : since;
    return true;
  }
  const std::uint64_t held_before = fall_asleep(since, kNever, value ? &word : nullptr, value.value_or(0));
  bool is_done = false;
  while (!(is_done = done()) && group_.stop.load() == 0) block();
  const std::uint64_t now = probes_.now_ns();
  if (is_done) seen_ns_ = now;
  wake_up(since, held_before, is_done ? std::clamp(word.changed_ns.load(), since, now) : kNever, now);
  return is_done;
}

void WorkerRun::wait_while(const SharedWord& word, std::uint32_t value) {
  wait_for(
      word, value, [&] { return word.value() != value; }, [&] { probes_.wait(word.futex, value, 0); });
}

void WorkerRun::wake(SharedWord& word, std::uint32_t value, int count) {
  const std::uint64_t now = checkpoint();
  if (stopping_) return;
  word.set(value, now);
  futex_wake(word.futex, count);
}

namespace {
// Values of a lock's word; somebody may sleep on it where it is kContended.
constexpr std::uint32_t kFree = 0, kTaken = 1, kContended = 2;
}  // namespace

bool WorkerRun::lock(SharedWord& lock) {
  if (lock.change(kFree, kTaken)) return !stopping_;
  return wait_for(
      lock, kContended, [&] { return lock.exchange(kContended) == kFree; },
      [&] { probes_.wait(lock.futex, kContended, 0); });
}

void WorkerRun::unlock(SharedWord& lock) {
  lock.changed_ns.store(checkpoint());
  if (lock.exchange(kFree) == kContended) futex_wake(lock.futex, 1);
}

// The word is the kernel's: who has the lock, and that somebody waits, which is the bit that the stop sets as well.
bool WorkerRun::lock_pi(SharedWord& lock) {
  std::uint32_t nobody = 0;
  if (lock.futex.compare_exchange_strong(nobody, static_cast<std::uint32_t>(::syscall(SYS_gettid)))) return !stopping_;
  bool taken = false;
  return wait_for(
      lock, {}, [&] { return taken; },
      [&] { taken = ::syscall(SYS_futex, &lock.futex, FUTEX_LOCK_PI, 0, nullptr) == 0; });
}

void WorkerRun::unlock_pi(SharedWord& lock) {
  lock.changed_ns.store(checkpoint());
  auto own = static_cast<std::uint32_t>(::syscall(SYS_gettid));
  if (!lock.futex.compare_exchange_strong(own, 0)) ::syscall(SYS_futex, &lock.futex, FUTEX_UNLOCK_PI);
}

void WorkerRun::give(SharedWord& items, std::uint32_t count) {
  items.give(count, checkpoint());
  futex_wake(items.futex, static_cast<int>(count));
}

bool WorkerRun::take(SharedWord& items) {
  return wait_for(
      items, 0, [&] { return items.take(); }, [&] { probes_.wait(items.futex, 0, 0); });
}

void WorkerRun::give_events(SharedWord& count, int file, std::uint32_t events) {
  const std::uint64_t now = checkpoint();
  if (stopping_) return;
  count.give(events, now);
  const std::uint64_t more = events;
  if (::write(file, &more, sizeof more) != sizeof more) give_up("write to its eventfd", errno);
}

bool WorkerRun::take_event(SharedWord& count, int file, int poll) {
  std::uint64_t one = 0;
  const bool taken = wait_for(
      count, 0, [&] { return ::read(file, &one, sizeof one) == sizeof one; },
      [&] {
        epoll_event event;
        ::epoll_wait(poll, &event, 1, -1);
      });
  if (taken) count.take();
  return taken;
}

WorkerRun::Blocked WorkerRun::begin_call() {
  const std::uint64_t since = checkpoint();
  return {since, fall_asleep(since, kNever)};
}

void WorkerRun::end_call(const Blocked& blocked) {
  const int error = errno;
  const std::uint64_t now = until_stop(probes_.now_ns());
  add(slot_.sleep_ns, now - blocked.since - held_within(group_.hold.read(), blocked.held_before, blocked.since, now));
  slot_.asleep_since_ns.store(0, kRelaxed);
  last_ns_ = now;
  checkpoint();
  errno = error;
}

WorkerRun::Child WorkerRun::wait_for_child(int pid) {
  return wait_in([pid] {
    Child child{-1, 0};
    while ((child.pid = ::waitpid(pid, &child.status, __WALL)) < 0 && errno == EINTR) {
    }
    return child;
  });
}

void WorkerRun::wait_for_children() {
  wait_in([] {
    while (::waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) {
    }
    return 0;
  });
}

void WorkerRun::burn_as_child(std::chrono::nanoseconds cpu_time) const {
  const std::uint64_t until = probes_.cpu_time_ns() + static_cast<std::uint64_t>(cpu_time.count());
  while (group_.stop.load() == 0 && probes_.cpu_time_ns() < until) burn(kSpinsPerUnit);
}

void WorkerRun::receive(const SharedWord& count, std::uint32_t before, int file) {
  char byte = 0;
  // The byte and not the count: that comes first.
  wait_for(
      count, before, [&] { return ::read(file, &byte, 1) == 1; },
      [&] { probes_.wait_readable(file, resources_->stop_event()); });
}

void WorkerRun::send(SharedWord& count, int file, std::span<const char> message) {
  const std::uint64_t now = checkpoint();
  if (stopping_) return;
  count.set(count.value() + 1, now);
  // There is room: no work type sends much before it receives.
  if (::write(file, message.data(), message.size()) < 0) ::_exit(1);
}

void WorkerRun::end_timed_iteration() {
  if (units_left_ != units_planned_) checkpoint();
  end_iteration();
  note(0, last_ns_ - std::exchange(iteration_since_ns_, last_ns_));
}

}  // namespace ktstr
