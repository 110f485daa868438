// SPDX-License-Identifier: Apache-2.0
//
// A work type that does what TaoBench does: a cache in front of something slow. A group's words are those of its queue
// of keys that are to be fetched, then one for each worker, by which a client waits, then a lock for each shard.
#include <cerrno>

#include "workload/types/arrivals.h"
#include "workload/types/families.h"
#include "workload/types/kv_cache.h"
#include "workload/types/shared_queue.h"

namespace ktstr {

namespace {

constexpr std::int64_t kMostTaoThreads = 1024;
enum TaoLatency : std::size_t { kTaoHit, kTaoMiss };
enum TaoCount : std::size_t { kGetCommands, kGetMisses, kFastOps, kSlowOps };

std::size_t size_of_taobench(const Taobench& type) { return std::size_t{type.client_threads} + type.slow_threads; }
const char* role_in_taobench(const Taobench& type, std::size_t index) {
  return index % size_of_taobench(type) < type.client_threads ? "client" : "slow";
}

Status check_taobench(const Taobench& type) {
  if (type.slow_path_p99.count() == 0 ||
      (type.slow_path_p99 > type.slow_path_sleep && type.slow_path_sleep.count() > 0))
    return ok();
  return fail(ErrorCode::kInvalidArgument,
              "Taobench: slow_path_p99 is {}, must be 0 or above slow_path_sleep, which is {}",
              work_value::show(type.slow_path_p99), work_value::show(type.slow_path_sleep));
}

// All caches are full before the first worker exists.
Status prepare_taobench(const Taobench& type, GroupResources& shared) {
  const KvCache::Plan plan = KvCache::Plan::of(type.cache_capacity_mib, type.target_hit_pct);
  const std::size_t groups = shared.workers() / size_of_taobench(type);
  SharedQueue::add(shared, groups, type.client_threads);
  shared.add_words(shared.workers() + groups * plan.shards);
  shared.add_memory(groups * plan.bytes());
  const std::span<std::byte> memory = shared.memory(1);
  for (std::size_t group = 0; group < groups && !memory.empty(); ++group)
    KvCache::make(plan, memory.subspan(group * plan.bytes(), plan.bytes()));
  return ok();
}

// In its group.
class TaoWorker {
 public:
  TaoWorker(const Taobench& type, WorkerRun& run, std::size_t group)
      : type_(type),
        run_(run),
        groups_(run.workers() / size_of_taobench(type)),
        group_(group),
        cache_(run.memory(1).subspan(group * (run.memory(1).size() / groups_))),
        misses_(run, group, type.client_threads) {}

  void run_client() {
    const bool by_arrival = type_.arrival_rate > 0;
    const double rate = by_arrival ? static_cast<double>(type_.arrival_rate) / type_.client_threads : 1;
    ArrivalTimes arrivals(Arrivals::kPoisson, rate, run_.checkpoint());
    while (!run_.stopping()) {
      std::uint64_t since = run_.checkpoint();
      if (by_arrival) {
        const std::uint64_t due = arrivals.next(run_.random_share());
        if (due > since) run_.sleep_until(due);
        since = due;
      }
      if (!run_.stopping()) get(run_.random(cache_.plan().keys), since);
      run_.end_unit();
    }
  }

  void run_slow() {
    for (QueueItem wanted; misses_.pop(wanted); run_.end_iteration()) {
      if (const auto time = slow_time(); time.count() > 0) run_.sleep_for(time);
      if (run_.stopping()) return;
      put(wanted.key);
      run_.end_unit();
      run_.count(kSlowOps);
      run_.wake(served(wanted.worker), 1);
    }
  }

 private:
  // Of a worker by its number in the WorkSpec.
  SharedWord& served(std::size_t worker) { return run_.word(SharedQueue::kWords * groups_ + worker); }
  SharedWord& lock_of(std::uint64_t key) {
    const std::size_t first = SharedQueue::kWords * groups_ + run_.workers() + group_ * cache_.plan().shards;
    return run_.word(first + cache_.shard_of(key));
  }

  void get(std::uint64_t key, std::uint64_t since) {
    run_.count(kGetCommands);
    const bool is_there = find(key);
    if (run_.stopping()) return;
    if (is_there) {
      run_.count(kFastOps);
    } else {
      run_.count(kGetMisses);
      fetch(key);
      if (run_.stopping()) return;
    }
    run_.note_since(is_there ? kTaoHit : kTaoMiss, since);
    run_.end_iteration();
  }

  bool find(std::uint64_t key) {
    SharedWord& lock = lock_of(key);
    if (!run_.lock(lock)) return false;
    const bool is_there = cache_.has(key);
    if (is_there) {
      volatile const std::uint64_t sum = cache_.read(key);
      static_cast<void>(sum);
    }
    run_.unlock(lock);
    return is_there;
  }

  void put(std::uint64_t key) {
    SharedWord& lock = lock_of(key);
    if (!run_.lock(lock)) return;
    // Another client may have wanted the same.
    if (!cache_.has(key)) cache_.put(key);
    run_.unlock(lock);
  }

  // There is room for one of each client.
  void fetch(std::uint64_t key) {
    served(run_.index()).set(0, 0);
    misses_.try_push({.key = key, .worker = run_.index()});
    run_.wait_while(served(run_.index()), 0);
  }

  std::chrono::nanoseconds slow_time() {
    if (type_.slow_path_p99.count() == 0) return type_.slow_path_sleep;
    const auto drawn = pareto_tail(static_cast<std::uint64_t>(type_.slow_path_sleep.count()),
                                   static_cast<std::uint64_t>(type_.slow_path_p99.count()), run_.random_share());
    return std::chrono::nanoseconds(drawn);
  }

  const Taobench& type_;
  WorkerRun& run_;
  std::size_t groups_, group_;
  KvCache cache_;
  SharedQueue misses_;
};

void run_taobench(const Taobench& type, WorkerRun& run) {
  if (run.memory(0).empty() || run.memory(1).empty()) return run.give_up("map its cache", ENOMEM);
  const auto [group, member] = place_in_groups(run.index(), size_of_taobench(type));
  TaoWorker worker(type, run, group);
  member < type.client_threads ? worker.run_client() : worker.run_slow();
}

}  // namespace

std::vector<WorkTypeRow> cache_types() {
  WorkTypeRow row =
      measuring(work_row<Taobench, run_taobench>(
                    "Taobench", "as TaoBench: a cache with short hits, and misses for which a client waits",
                    "how long a hit and a miss take; commands, misses, and what clients and slow threads have done",
                    "client: 3 looks at the clock a hit, 9 more a miss; slow: 8 to 11 a miss",
                    {work_parameter<&Taobench::client_threads>("client_threads", 1, kMostTaoThreads),
                     work_parameter<&Taobench::slow_threads>("slow_threads", 1, kMostTaoThreads),
                     work_parameter<&Taobench::cache_capacity_mib>("cache_capacity_mib", 1, 1 << 12),
                     work_parameter<&Taobench::target_hit_pct>("target_hit_pct", 1, 99),
                     work_parameter<&Taobench::slow_path_sleep>("slow_path_sleep", 0),
                     work_parameter<&Taobench::arrival_rate>("arrival_rate", 0, 1'000'000),
                     work_parameter<&Taobench::slow_path_p99>("slow_path_p99", 0)}),
                {"hit", "miss"}, {"get_cmds", "get_misses", "fast_ops", "slow_ops"});
  row.check = [](const WorkType& type) { return check_taobench(std::get<Taobench>(type)); };
  return {with_roles<Taobench, role_in_taobench>(
      sharing<Taobench, prepare_taobench>(in_groups<Taobench, size_of_taobench>(std::move(row))))};
}

}  // namespace ktstr
