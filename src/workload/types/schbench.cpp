// SPDX-License-Identifier: Apache-2.0
//
// A work type that does what schbench does. Its words: four for each worker, of which two are its messenger's if it is
// one, then a lock for each CPU.
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/text/trimmed.h"
#include "ktstr/cpuset.h"
#include "workload/types/families.h"
#include "workload/types/matrix.h"
#include "workload/types/region.h"

namespace ktstr {

namespace {

constexpr std::uint32_t kMostPending = 128;  // requests of a worker, where the messenger paces
enum SchbenchLatency : std::size_t { kSchbenchRequest, kSchbenchMessage };
enum SchbenchCount : std::size_t { kSchbenchRequests };

// A messenger and its workers.
std::size_t size_of_party(const Schbench& type) { return std::size_t{type.worker_threads} + 1; }
std::size_t size_of_schbench(const Schbench& type) { return type.message_threads * size_of_party(type); }
const char* role_in_schbench(const Schbench& type, std::size_t index) {
  return index % size_of_party(type) == 0 ? "messenger" : "worker";
}

std::size_t rows_of_part(const Schbench& type, std::uint32_t pct) {
  return matrix_rows(std::uint64_t{type.cache_footprint_kib} * pct / 100);
}
std::uint32_t private_operations(const Schbench& type) {
  return static_cast<std::uint32_t>(std::uint64_t{type.operations} * type.private_pct / 100);
}

Status check_schbench(const Schbench& type) {
  for (const std::uint32_t pct : {type.private_pct, 100 - type.private_pct})
    if (pct > 0 && rows_of_part(type, pct) == 0)
      return fail(ErrorCode::kInvalidArgument, "Schbench: {} % of {} KiB has no room for three matrices", pct,
                  type.cache_footprint_kib);
  return ok();
}

Result<std::size_t> possible_cpus() {
  KTSTR_TRY_ASSIGN(const std::string text, read_text("/sys/devices/system/cpu/possible"));
  KTSTR_TRY_ASSIGN(const CpuSet cpus, CpuSet::parse(trimmed(text)));
  std::size_t count = 1;
  for (const Cpu cpu : cpus) count = static_cast<std::size_t>(cpu) + 1;
  return count;
}

// A byte more of each, so that none is empty that could be had.
Status prepare_schbench(const Schbench& type, GroupResources& shared) {
  KTSTR_TRY_ASSIGN(const std::size_t cpus, possible_cpus());
  shared.add_words(4 * shared.workers() + cpus);
  shared.add_memory(matrices_bytes(rows_of_part(type, 100 - type.private_pct)) + 1);
  shared.add_memory(shared.workers() * type.pipe_bytes + 1);
  return ok();
}

class SchbenchParty {
 public:
  SchbenchParty(const Schbench& type, WorkerRun& run)
      : type_(type), run_(run), messenger_(run.index() - run.index() % size_of_party(type)) {}

  void run_messenger() {
    if (type_.requests_per_second > 0) return pace();
    // A worker that it woke may run on its CPU once it sleeps again: all accounts are before the wake-ups.
    while (!run_.stopping()) {
      run_.end_unit();
      // Before the look: who comes after it rings again.
      bell().change(1, 0);
      wake_all();
      run_.wait_while(bell(), 0);
      run_.end_iteration();
    }
  }

  void run_worker() {
    const std::size_t rows = rows_of_part(type_, type_.private_pct);
    const Region memory(matrices_bytes(rows) + sizeof(std::uint64_t));
    if (!memory.valid()) return run_.give_up("map its memory", errno);
    if (run_.memory(0).empty() || run_.memory(1).empty()) return run_.give_up("map what it shares", ENOMEM);
    while (wait_for_message()) serve(memory.as<std::uint64_t>(), rows);
  }

 private:
  // Of a worker of the WorkSpec: 0 while it waits, else how many requests there are for it; who came before it, plus
  // one, in its messenger's list; that list, and the bell by which the messenger knows that somebody is there.
  SharedWord& state(std::size_t index) { return run_.word(4 * index); }
  SharedWord& next(std::size_t index) { return run_.word(4 * index + 1); }
  SharedWord& bell() { return run_.word(4 * messenger_ + 2); }
  SharedWord& list() { return run_.word(4 * messenger_ + 3); }
  SharedWord& lock_of(int cpu) { return run_.word(4 * run_.workers() + static_cast<std::size_t>(cpu)); }
  std::byte* page_of(std::size_t index) { return run_.memory(1).data() + index * type_.pipe_bytes; }

  // The time is taken once, so that a messenger that loses its CPU meanwhile shows with those it has not woken yet.
  void wake_all() {
    constexpr std::uint32_t kWakesPerCheckpoint = 16;
    std::uint32_t first = list().exchange(0), woken = 0;
    std::uint64_t now = run_.now_ns();
    while (first > 0 && !run_.stopping()) {
      const std::size_t worker = first - 1;
      first = next(worker).value();
      if (type_.pipe_bytes > 0) {
        std::memset(page_of(worker), 1, type_.pipe_bytes);
        now = run_.now_ns();
      }
      state(worker).set(1, now);
      futex_wake(state(worker).futex, 1);
      if (++woken % kWakesPerCheckpoint == 0) run_.checkpoint();
    }
  }

  // A whole number of requests each second, at even intervals, to one worker after the other.
  void pace() {
    const std::uint64_t interval = 1'000'000'000ull * type_.message_threads / type_.requests_per_second;
    std::uint64_t due = run_.checkpoint();
    for (std::size_t turn = 0; !run_.stopping(); ++turn) {
      due += interval;
      if (due > run_.checkpoint()) run_.sleep_until(due);
      SharedWord& requests = state(messenger_ + 1 + turn % type_.worker_threads);
      run_.end_unit();
      if (run_.stopping()) return;
      if (requests.value() < kMostPending)
        run_.give(requests, 1);
      else
        run_.miss();
      run_.end_iteration();
    }
  }

  bool wait_for_message() {
    SharedWord& own = state(run_.index());
    if (type_.requests_per_second > 0) {
      const bool waits = own.value() == 0;
      if (!run_.take(own)) return false;
      if (waits) note_message(own);
      return true;
    }
    if (type_.pipe_bytes > 0) std::memset(page_of(run_.index()), 2, type_.pipe_bytes);
    own.set(0, run_.checkpoint());
    std::uint32_t before = 0;
    do {
      before = list().value();
      next(run_.index()).set(before, 0);
    } while (!list().change(before, static_cast<std::uint32_t>(run_.index()) + 1));
    if (bell().value() == 0) run_.wake(bell(), 1);
    run_.wait_while(own, 0);
    if (!run_.stopping()) note_message(own);
    return !run_.stopping();
  }

  // Until the worker saw it, and not until it has done its accounts: as schbench looks at the clock.
  void note_message(const SharedWord& own) {
    run_.note(kSchbenchMessage, run_.seen_ns() - std::min(run_.seen_ns(), own.changed_ns.load()));
  }

  void serve(std::span<std::uint64_t> memory, std::size_t rows) {
    const std::uint64_t since = run_.checkpoint();
    if (type_.pipe_bytes == 0) {
      if (type_.sleep.count() > 0) run_.sleep_for(type_.sleep);
      work(memory, rows);
    } else {
      run_.end_unit();
    }
    if (run_.stopping()) return;
    run_.note_since(kSchbenchRequest, since);
    run_.count(kSchbenchRequests);
    run_.end_iteration();
  }

  void work(std::span<std::uint64_t> memory, std::size_t rows) {
    SharedWord* lock = nullptr;
    if (!type_.skip_locking && (lock = lock_cpu()) == nullptr) return;
    const std::uint32_t own = private_operations(type_);
    for (std::uint32_t i = 0; i < own; ++i) multiply_matrices(memory, rows, run_);
    const std::span<std::byte> common = run_.memory(0);
    const std::span<std::uint64_t> shared{reinterpret_cast<std::uint64_t*>(common.data()),
                                          common.size() / sizeof(std::uint64_t)};
    for (std::uint32_t i = own; i < type_.operations; ++i)
      multiply_matrices(shared, rows_of_part(type_, 100 - type_.private_pct), run_);
    if (lock != nullptr) lock->change(1, 0);
  }

  // As for data of a CPU: whoever finds it taken spins, since its holder has lost that CPU to it. Null at the stop.
  SharedWord* lock_cpu() {
    while (!run_.stopping()) {
      const int cpu = ::sched_getcpu();
      SharedWord& lock = lock_of(cpu);
      while (!lock.change(0, 1))
        if (run_.checkpoint(); run_.stopping()) return nullptr;
      if (cpu == ::sched_getcpu()) return &lock;
      lock.change(1, 0);
    }
    return nullptr;
  }

  const Schbench& type_;
  WorkerRun& run_;
  std::size_t messenger_;
};

void run_schbench(const Schbench& type, WorkerRun& run) {
  SchbenchParty party(type, run);
  run.index() % size_of_party(type) == 0 ? party.run_messenger() : party.run_worker();
}

}  // namespace

std::vector<WorkTypeRow> schbench_types() {
  WorkTypeRow row = measuring(
      work_row<Schbench, run_schbench>(
          "Schbench", "as schbench: batches of wake-ups, then cache work with a lock for each CPU",
          "how long a request takes, and how late a worker runs after its messenger took the time to wake it; requests",
          "messenger: 4 looks at the clock a batch, and one every 16 wake-ups; worker: 7 to 10 a request, and one "
          "every 16 units (8192 products each)",
          {work_parameter<&Schbench::message_threads>("message_threads", 1, 256),
           work_parameter<&Schbench::worker_threads>("worker_threads", 1, 1024),
           work_parameter<&Schbench::cache_footprint_kib>("cache_footprint_kib", 1, 1 << 20),
           work_parameter<&Schbench::operations>("operations"), work_parameter<&Schbench::sleep>("sleep", 0),
           work_parameter<&Schbench::skip_locking>("skip_locking"),
           work_parameter<&Schbench::requests_per_second>("requests_per_second", 0, 1'000'000),
           work_parameter<&Schbench::private_pct>("private_pct", 0, 100),
           work_parameter<&Schbench::pipe_bytes>("pipe_bytes", 0, 1 << 20)}),
      {"request", "message"}, {"requests"});
  row.check = [](const WorkType& type) { return check_schbench(std::get<Schbench>(type)); };
  return {with_roles<Schbench, role_in_schbench>(
      sharing<Schbench, prepare_schbench>(in_groups<Schbench, size_of_schbench>(std::move(row))))};
}

}  // namespace ktstr
