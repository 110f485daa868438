// SPDX-License-Identifier: Apache-2.0
//
// Work types where one worker wakes many, and chains of workers.
#include <cerrno>

#include "workload/types/families.h"
#include "workload/types/matrix.h"
#include "workload/types/region.h"
#include "workload/types/rounds.h"

namespace ktstr {

namespace {

constexpr std::int64_t kMostReceivers = 1023;

void wake_receivers(WorkerRun& run, const Rounds& rounds, std::uint32_t receivers) {
  wait_for_round(run, rounds, begin_round(run, rounds, receivers));
}

template <typename Type, auto Receivers>
Status prepare_rounds(const Type& type, GroupResources& shared) {
  shared.add_words(Rounds::kWords * shared.workers() / (type.*Receivers + 1));
  return ok();
}
template <typename Type, auto Receivers>
std::size_t size_of_rounds(const Type& type) {
  return std::size_t{type.*Receivers} + 1;
}
template <typename Type, auto Receivers>
const char* role_in_rounds(const Type& type, std::size_t index) {
  return index % (std::size_t{type.*Receivers} + 1) == 0 ? "messenger" : "receiver";
}
template <typename Type, auto Receivers>
WorkTypeRow with_messenger(WorkTypeRow row) {
  return with_roles<Type, role_in_rounds<Type, Receivers>>(
      sharing<Type, prepare_rounds<Type, Receivers>>(in_groups<Type, size_of_rounds<Type, Receivers>>(std::move(row))));
}

void run_futex_fan_out(const FutexFanOut& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), type.fan_out + 1);
  const Rounds rounds = Rounds::of(run, group);
  if (member > 0) return receive_rounds(run, rounds, [&] { run.end_unit(); });
  while (!run.stopping()) {
    run.spin(type.spin_iters);
    wake_receivers(run, rounds, type.fan_out);
    run.end_iteration();
  }
}

void run_fan_out_compute(const FanOutCompute& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), type.fan_out + 1);
  const Rounds rounds = Rounds::of(run, group);
  if (member == 0) {
    while (!run.stopping()) {
      run.end_unit();
      wake_receivers(run, rounds, type.fan_out);
      run.end_iteration();
    }
    return;
  }
  const std::size_t rows = matrix_rows(type.cache_footprint_kib);
  const Region region(matrices_bytes(rows));
  if (!region.valid()) return run.give_up("map its memory", errno);
  receive_rounds(run, rounds, [&] {
    if (type.sleep.count() > 0) run.sleep_for(type.sleep);
    for (std::uint32_t i = 0; i < type.operations; ++i) multiply_matrices(region.as<std::uint64_t>(), rows, run);
  });
}

void run_thundering_herd(const ThunderingHerd& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), type.waiters + 1);
  const Rounds rounds = Rounds::of(run, group);
  if (member > 0) return receive_rounds(run, rounds, [&] { run.end_unit(); });
  for (std::uint32_t batch = 0; !run.stopping(); ++batch) {
    run.sleep_for(type.inter_batch);
    if (type.batches != 0 && batch >= type.batches) continue;
    run.end_unit();
    wake_receivers(run, rounds, type.waiters);
    run.end_iteration();
  }
}

constexpr EnumName<WakeBy> kWakeBy[] = {{WakeBy::kPipe, "pipe"}, {WakeBy::kFutex, "futex"}};

std::size_t size_of_chain(const WakeChain& type) { return type.depth; }

Status prepare_chain(const WakeChain& type, GroupResources& shared) {
  shared.add_words(shared.workers());
  if (type.wake == WakeBy::kFutex) return ok();
  for (std::size_t i = 0; i < shared.workers(); ++i) KTSTR_TRY(shared.add_pipe());
  return ok();
}

// Each stage's word counts how often the one before has woken it. The first stage begins by itself.
void run_wake_chain(const WakeChain& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), type.depth);
  const std::size_t next = group * type.depth + (member + 1) % type.depth;
  SharedWord &own = run.word(run.index()), &to = run.word(next);
  const auto wait_for_turn = [&](std::uint32_t before) {
    if (type.wake == WakeBy::kPipe)
      run.receive(own, before, run.file(2 * run.index()));
    else
      run.wait_while(own, before);
  };
  for (std::uint32_t round = 0; !run.stopping(); ++round) {
    if (member > 0 || round > 0) wait_for_turn(member > 0 ? round : round - 1);
    run.spin_until(run.checkpoint() + static_cast<std::uint64_t>(type.work_per_hop.count()));
    if (type.wake == WakeBy::kPipe)
      run.send(to, run.file(2 * next + 1));
    else
      run.wake(to, to.value() + 1);
    run.end_iteration();
  }
}

}  // namespace

EnumNames<WakeBy> names_of(WakeBy) { return names_from<kWakeBy>(); }

std::vector<WorkTypeRow> fan_out_types() {
  constexpr const char* kLate = "how late each receiver runs after it was woken";
  return {
      with_messenger<FutexFanOut, &FutexFanOut::fan_out>(
          work_row<FutexFanOut, run_futex_fan_out>("FutexFanOut", "one wakes several at once: wake-up placement", kLate,
                                                   "messenger: 4 looks at the clock a round; receiver: 3 or 4",
                                                   {work_parameter<&FutexFanOut::fan_out>("fan_out", 1, kMostReceivers),
                                                    work_parameter<&FutexFanOut::spin_iters>("spin_iters")})),
      with_messenger<FanOutCompute, &FanOutCompute::fan_out>(work_row<FanOutCompute, run_fan_out_compute>(
          "FanOutCompute", "one wakes several, which sleep and compute: as schbench", kLate,
          "messenger: 4 looks at the clock a round; receiver: 6 or 7, and one every 16 units (8192 products each)",
          {work_parameter<&FanOutCompute::fan_out>("fan_out", 1, kMostReceivers),
           work_parameter<&FanOutCompute::cache_footprint_kib>("cache_footprint_kib", 1, 1 << 20),
           work_parameter<&FanOutCompute::operations>("operations"),
           work_parameter<&FanOutCompute::sleep>("sleep", 0)})),
      with_messenger<ThunderingHerd, &ThunderingHerd::waiters>(work_row<ThunderingHerd, run_thundering_herd>(
          "ThunderingHerd", "many woken at one moment, all the same", kLate,
          "messenger: 7 looks at the clock a batch; receiver: 3 or 4",
          {work_parameter<&ThunderingHerd::waiters>("waiters", 1, kMostReceivers),
           work_parameter<&ThunderingHerd::batches>("batches", 0),
           work_parameter<&ThunderingHerd::inter_batch>("inter_batch")})),
      sharing<WakeChain, prepare_chain>(in_groups<WakeChain, size_of_chain>(work_row<WakeChain, run_wake_chain>(
          "WakeChain", "rings in which each wakes the next: one of many runs", "how late each stage runs",
          "5 looks at the clock a hop, and its work's as of Bursty; by pipe as PipeIo",
          {work_parameter<&WakeChain::depth>("depth", 2, kMostReceivers), work_parameter<&WakeChain::wake>("wake"),
           work_parameter<&WakeChain::work_per_hop>("work_per_hop")}))),
  };
}

}  // namespace ktstr
