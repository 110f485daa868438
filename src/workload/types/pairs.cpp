// SPDX-License-Identifier: Apache-2.0
//
// Work types whose workers come in pairs, 0 and 1, 2 and 3, that wake each other.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "workload/types/families.h"
#include "workload/types/memory_pass.h"

namespace ktstr {

namespace {

template <typename Type>
constexpr std::size_t pair_size(const Type&) {
  return 2;
}

// Each worker receives through a pipe of its own. A partner sends before it receives, so it may be one byte ahead: two
// words in turn, or the later byte would hide since when a worker waits for the earlier one.
template <typename Type>
Status prepare_pipes(const Type&, GroupResources& shared) {
  shared.add_words(2 * shared.workers());
  for (std::size_t i = 0; i < shared.workers(); ++i) KTSTR_TRY(shared.add_pipe());
  return ok();
}

template <typename Work>
void exchange_bytes(WorkerRun& run, Work&& work) {
  const std::size_t own = run.index(), partner = own ^ 1;
  const int from = run.file(2 * own), to = run.file(2 * partner + 1);
  for (std::uint32_t round = 0; !run.stopping(); ++round) {
    work();
    run.send(run.word(2 * partner + round % 2), to);
    run.receive(run.word(2 * own + round % 2), round / 2, from);
    run.end_iteration();
  }
}

void run_pipe_io(const PipeIo& type, WorkerRun& run) {
  exchange_bytes(run, [&] { run.spin(type.burst_iters); });
}

void run_cache_pipe(const CachePipe& type, WorkerRun& run) {
  const MemoryPass pass(type.size_kib, 64);
  if (!pass.valid()) return run.give_up("map its memory", errno);
  exchange_bytes(run, [&] {
    pass.go(run);
    run.spin(type.burst_iters);
  });
}

// A pair's word says whose turn it is.
template <typename Type>
Status prepare_turns(const Type&, GroupResources& shared) {
  shared.add_words(shared.workers() / 2);
  return ok();
}

void take_turns(WorkerRun& run, std::uint32_t spins) {
  SharedWord& turn = run.word(run.index() / 2);
  const std::uint32_t partner = run.index() % 2 == 0 ? 1 : 0;
  while (!run.stopping()) {
    run.wait_while(turn, partner);
    run.spin(spins);
    run.wake(turn, partner);
    run.end_iteration();
  }
}

void run_futex_ping_pong(const FutexPingPong& type, WorkerRun& run) { take_turns(run, type.spin_iters); }
void run_asymmetric_waker(const AsymmetricWaker& type, WorkerRun& run) { take_turns(run, type.burst_iters); }

constexpr EnumName<WakeClass> kWakeClasses[] = {
    {WakeClass::kNormal, "normal"}, {WakeClass::kBatch, "batch"},       {WakeClass::kIdle, "idle"},
    {WakeClass::kRealTime, "fifo"}, {WakeClass::kDeadline, "deadline"}, {WakeClass::kExt, "ext"},
};

SchedPolicy policy_of(WakeClass wake_class) {
  using std::chrono::milliseconds;
  switch (wake_class) {
    case WakeClass::kNormal:
      return SchedPolicy::normal();
    case WakeClass::kBatch:
      return SchedPolicy::batch();
    case WakeClass::kIdle:
      return SchedPolicy::idle();
    case WakeClass::kRealTime:
      return SchedPolicy::fifo(50);
    case WakeClass::kDeadline:
      return SchedPolicy::deadline_of(milliseconds(2), milliseconds(10), milliseconds(10));
    case WakeClass::kExt:
      return SchedPolicy::ext();
  }
  return {};
}
std::optional<SchedPolicy> policy_of_waker(const AsymmetricWaker& type, std::size_t index) {
  return policy_of(index % 2 == 0 ? type.waker_class : type.wakee_class);
}
const char* role_of_waker(const AsymmetricWaker&, std::size_t index) { return index % 2 == 0 ? "waker" : "wakee"; }

// Who can be sent to: its thread id, and nothing before it handles the signal. A process keeps it until the group is
// collected, since nobody reaps it before; a thread's may be another's when it has ended, of the same process at most.
Status prepare_signals(const SignalStorm&, GroupResources& shared) {
  shared.add_words(shared.workers());
  return ok();
}

void run_signal_storm(const SignalStorm& type, WorkerRun& run) {
  struct sigaction handled {};
  handled.sa_handler = [](int) {};
  handled.sa_flags = SA_RESTART;
  if (::sigaction(SIGUSR1, &handled, nullptr) != 0) return run.give_up("handle SIGUSR1", errno);
  SharedWord& partner = run.word(run.index() ^ 1);
  const bool is_thread = ::getpid() != static_cast<int>(::syscall(SYS_gettid));
  run.wake(run.word(run.index()), static_cast<std::uint32_t>(::syscall(SYS_gettid)));
  run.wait_while(partner, 0);
  while (!run.stopping()) {
    run.spin(type.work_iters);
    for (std::uint32_t i = 0; i < type.signals_per_iter && !run.stopping(); ++i) {
      const auto to = static_cast<int>(partner.value());
      ::syscall(SYS_tgkill, is_thread ? ::getpid() : to, to, SIGUSR1);
      if (i % 16 == 15) run.checkpoint();
    }
    run.end_iteration();
  }
}

}  // namespace

EnumNames<WakeClass> names_of(WakeClass) { return names_from<kWakeClasses>(); }

std::vector<WorkTypeRow> pair_types() {
  constexpr const char* kLate = "how late it runs after its partner woke it";
  return {
      sharing<PipeIo, prepare_pipes<PipeIo>>(in_groups<PipeIo, pair_size<PipeIo>>(work_row<PipeIo, run_pipe_io>(
          "PipeIo", "pairs that wake each other through pipes (synchronous wake-ups)", kLate,
          "4 looks at the clock a round; a read(2) in vain and a poll(2) where it waits",
          {work_parameter<&PipeIo::burst_iters>("burst_iters")}))),
      sharing<FutexPingPong, prepare_turns<FutexPingPong>>(
          in_groups<FutexPingPong, pair_size<FutexPingPong>>(work_row<FutexPingPong, run_futex_ping_pong>(
              "FutexPingPong", "pairs that hand over to each other through a futex: one of two runs", kLate,
              "4 looks at the clock a round; units as of SpinWait",
              {work_parameter<&FutexPingPong::spin_iters>("spin_iters")}))),
      sharing<CachePipe, prepare_pipes<CachePipe>>(in_groups<CachePipe, pair_size<CachePipe>>(
          work_row<CachePipe, run_cache_pipe>("CachePipe", "PipeIo with memory that wants to stay where it is", kLate,
                                              "as PipeIo, and its memory's units as of CachePressure",
                                              {work_parameter<&CachePipe::size_kib>("size_kib", 1, 1 << 20),
                                               work_parameter<&CachePipe::burst_iters>("burst_iters")}))),
      with_roles<AsymmetricWaker, role_of_waker>(
          with_policies<AsymmetricWaker, policy_of_waker>(sharing<AsymmetricWaker, prepare_turns<AsymmetricWaker>>(
              in_groups<AsymmetricWaker, pair_size<AsymmetricWaker>>(work_row<AsymmetricWaker, run_asymmetric_waker>(
                  "AsymmetricWaker", "wake-ups from one scheduling class into another", kLate, "as FutexPingPong",
                  {work_parameter<&AsymmetricWaker::waker_class>("waker_class"),
                   work_parameter<&AsymmetricWaker::wakee_class>("wakee_class"),
                   work_parameter<&AsymmetricWaker::burst_iters>("burst_iters")}))))),
      sharing<SignalStorm, prepare_signals>(
          in_groups<SignalStorm, pair_size<SignalStorm>>(work_row<SignalStorm, run_signal_storm>(
              "SignalStorm", "pairs that send each other signals: interrupted work", "",
              "a look at the clock every 16 signals; units as of SpinWait",
              {work_parameter<&SignalStorm::signals_per_iter>("signals_per_iter", 1, 1 << 20),
               work_parameter<&SignalStorm::work_iters>("work_iters")}))),
  };
}

}  // namespace ktstr
