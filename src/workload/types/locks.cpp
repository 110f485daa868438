// SPDX-License-Identifier: Apache-2.0
//
// Work types whose workers contend for locks, or pass items through queues.
#include <sys/epoll.h>

#include <cerrno>

#include "base/fd.h"
#include "workload/types/families.h"

namespace ktstr {

namespace {

constexpr std::int64_t kMostOfAKind = 1024;

std::size_t size_of_contenders(const MutexContention& type) { return type.contenders; }

Status prepare_mutex(const MutexContention& type, GroupResources& shared) {
  shared.add_words(shared.workers() / type.contenders);
  return ok();
}

void run_mutex_contention(const MutexContention& type, WorkerRun& run) {
  SharedWord& lock = run.word(run.index() / type.contenders);
  while (!run.stopping()) {
    run.spin(type.work_iters);
    if (!run.lock(lock)) return;
    run.spin(type.hold_iters);
    run.unlock(lock);
    run.end_iteration();
  }
}

constexpr EnumName<PiMode> kPiModes[] = {{PiMode::kPlain, "plain"}, {PiMode::kPi, "pi"}};

enum class Tier { kHigh, kMedium, kLow };
std::size_t size_of_tiers(const PriorityInversion& type) { return type.high + type.medium + type.low; }
Tier tier_of(const PriorityInversion& type, std::size_t index) {
  const std::size_t member = index % size_of_tiers(type);
  return member < type.high ? Tier::kHigh : member < type.high + type.medium ? Tier::kMedium : Tier::kLow;
}
const char* role_of_tier(const PriorityInversion& type, std::size_t index) {
  const Tier tier = tier_of(type, index);
  return tier == Tier::kHigh ? "high" : tier == Tier::kMedium ? "medium" : "low";
}
std::optional<SchedPolicy> policy_of_tier(const PriorityInversion& type, std::size_t index) {
  const Tier tier = tier_of(type, index);
  return SchedPolicy::fifo(tier == Tier::kHigh ? 30 : tier == Tier::kMedium ? 20 : 10);
}

Status prepare_inversion(const PriorityInversion& type, GroupResources& shared) {
  shared.add_words(shared.workers() / size_of_tiers(type));
  return ok();
}

void run_priority_inversion(const PriorityInversion& type, WorkerRun& run) {
  SharedWord& lock = run.word(run.index() / size_of_tiers(type));
  const Tier tier = tier_of(type, run.index());
  const bool with_pi = type.pi_mode == PiMode::kPi;
  const std::uint32_t work = tier == Tier::kMedium ? 10 * type.work_iters : type.work_iters;
  while (!run.stopping()) {
    run.spin(work);
    if (tier != Tier::kMedium) {
      if (!(with_pi ? run.lock_pi(lock) : run.lock(lock))) {
        // Taken and told to stop: others may still wait in the kernel.
        if (with_pi) run.unlock_pi(lock);
        return;
      }
      run.spin(type.hold_iters);
      with_pi ? run.unlock_pi(lock) : run.unlock(lock);
    }
    if (tier != Tier::kLow) run.sleep_for(type.pause);
    run.end_iteration();
  }
}

template <typename Type>
std::size_t size_of_queue(const Type& type) {
  return std::size_t{type.producers} + type.consumers;
}
template <typename Type>
const char* role_at_queue(const Type& type, std::size_t index) {
  return index % size_of_queue(type) < type.producers ? "producer" : "consumer";
}

// A word counts the items of a group.
Status prepare_queue(const ProducerConsumerImbalance& type, GroupResources& shared) {
  shared.add_words(shared.workers() / size_of_queue(type));
  return ok();
}

void run_producer_consumer(const ProducerConsumerImbalance& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), size_of_queue(type));
  SharedWord& items = run.word(group);
  if (member >= type.producers) {
    while (run.take(items)) {
      run.spin(type.consume_iters);
      run.end_iteration();
    }
    return;
  }
  const std::uint64_t period = 1'000'000'000 / type.produce_rate_hz;
  for (std::uint64_t next = run.checkpoint() + period; !run.stopping(); next += period) {
    run.sleep_until(next);
    run.end_unit();
    if (items.value() >= type.queue_depth_target)
      run.miss();
    else
      run.give(items, 1);
    run.end_iteration();
  }
}

// A word and an eventfd count the events of a group.
Status prepare_epoll(const EpollStorm& type, GroupResources& shared) {
  const std::size_t groups = shared.workers() / size_of_queue(type);
  shared.add_words(groups);
  for (std::size_t i = 0; i < groups; ++i) KTSTR_TRY(shared.add_counting_event());
  return ok();
}

bool watch(const Fd& poll, int file, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  return ::epoll_ctl(poll.get(), EPOLL_CTL_ADD, file, &event) == 0;
}

void run_epoll_storm(const EpollStorm& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), size_of_queue(type));
  SharedWord& count = run.word(group);
  const int file = run.file(group);
  if (member < type.producers) {
    while (!run.stopping()) {
      run.sleep_for(type.pause);
      run.end_unit();
      if (count.value() < type.events_per_burst)
        run.give_events(count, file, type.events_per_burst);
      else
        run.miss();
      run.end_iteration();
    }
    return;
  }
  const Fd poll(::epoll_create1(EPOLL_CLOEXEC));
  if (!poll.valid() || !watch(poll, file, EPOLLIN | EPOLLEXCLUSIVE) || !watch(poll, run.stop_event(), EPOLLIN))
    return run.give_up("wait with epoll", errno);
  while (run.take_event(count, file, poll.get())) {
    run.end_unit();
    run.end_iteration();
  }
}

}  // namespace

EnumNames<PiMode> names_of(PiMode) { return names_from<kPiModes>(); }

std::vector<WorkTypeRow> lock_types() {
  constexpr const char* kItems = "how late consumers run after the last item came; items dropped";
  return {
      sharing<MutexContention, prepare_mutex>(
          in_groups<MutexContention, size_of_contenders>(work_row<MutexContention, run_mutex_contention>(
              "MutexContention", "many want one lock: preempted holders, convoys",
              "how late it runs after the lock became free",
              "a look at the clock where it frees the lock, 3 where it waits for it; units as of SpinWait",
              {work_parameter<&MutexContention::contenders>("contenders", 2, kMostOfAKind),
               work_parameter<&MutexContention::hold_iters>("hold_iters"),
               work_parameter<&MutexContention::work_iters>("work_iters")}))),
      with_roles<PriorityInversion, role_of_tier>(
          with_policies<PriorityInversion, policy_of_tier>(sharing<PriorityInversion, prepare_inversion>(
              in_groups<PriorityInversion, size_of_tiers>(work_row<PriorityInversion, run_priority_inversion>(
                  "PriorityInversion", "a high task waits for a low one, which one in the middle keeps off its CPU",
                  "how late it runs after the lock became free", "as MutexContention; 3 looks at the clock a pause",
                  {work_parameter<&PriorityInversion::high>("high", 1, kMostOfAKind),
                   work_parameter<&PriorityInversion::medium>("medium", 0, kMostOfAKind),
                   work_parameter<&PriorityInversion::low>("low", 1, kMostOfAKind),
                   work_parameter<&PriorityInversion::hold_iters>("hold_iters"),
                   work_parameter<&PriorityInversion::work_iters>("work_iters", 1, UINT32_MAX / 10),
                   work_parameter<&PriorityInversion::pi_mode>("pi_mode"),
                   work_parameter<&PriorityInversion::pause>("pause")}))))),
      with_roles<ProducerConsumerImbalance, role_at_queue<ProducerConsumerImbalance>>(
          sharing<ProducerConsumerImbalance, prepare_queue>(
              in_groups<ProducerConsumerImbalance, size_of_queue<ProducerConsumerImbalance>>(
                  work_row<ProducerConsumerImbalance, run_producer_consumer>(
                      "ProducerConsumerImbalance", "a queue that is filled faster than it is emptied, or slower",
                      kItems, "producer: 4 looks at the clock an item; consumer: 1 or, where it waits, 3",
                      {work_parameter<&ProducerConsumerImbalance::producers>("producers", 1, kMostOfAKind),
                       work_parameter<&ProducerConsumerImbalance::consumers>("consumers", 1, kMostOfAKind),
                       work_parameter<&ProducerConsumerImbalance::produce_rate_hz>("produce_rate_hz", 1, 1'000'000),
                       work_parameter<&ProducerConsumerImbalance::consume_iters>("consume_iters"),
                       work_parameter<&ProducerConsumerImbalance::queue_depth_target>("queue_depth_target", 1,
                                                                                      1 << 20)})))),
      with_roles<EpollStorm, role_at_queue<EpollStorm>>(sharing<EpollStorm, prepare_epoll>(
          in_groups<EpollStorm, size_of_queue<EpollStorm>>(work_row<EpollStorm, run_epoll_storm>(
              "EpollStorm", "bursts of events, each of which wakes one of several", kItems,
              "producer: 4 looks at the clock a burst; consumer: 1 an event or, where it waits, 3 and a read(2) in "
              "vain",
              {work_parameter<&EpollStorm::producers>("producers", 1, kMostOfAKind),
               work_parameter<&EpollStorm::consumers>("consumers", 1, kMostOfAKind),
               work_parameter<&EpollStorm::events_per_burst>("events_per_burst", 1, 1 << 20),
               work_parameter<&EpollStorm::pause>("pause")})))),
  };
}

}  // namespace ktstr
