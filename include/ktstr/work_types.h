// SPDX-License-Identifier: Apache-2.0
//
// What a worker does: each work type is a struct with its parameters, and WorkType is one of them. To add one: a struct
// here and in WorkType, and in the file of its family under src/workload/types/ its loop and its row, which says how
// many workers it needs, what they share, and what pressure it makes.
//
// A "spin" is one turn of an empty loop, about three instructions. Where workers share something, they come in groups:
// the first so many are the first group, and so on; who has which part in it is said at each type.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ktstr {

// --- Busy, and never asleep -------------------------------------------------------------------------------------

// Busy on its CPU, never sleeps, never yields: 1024 spins are a work unit.
struct SpinWait {
  bool operator==(const SpinWait&) const = default;
};
// sched_yield(2) after each small unit of work.
struct YieldHeavy {
  bool operator==(const YieldHeavy&) const = default;
};
// A burst of spinning, then one yield.
struct Mixed {
  std::uint32_t spins = 1024;  // spins before the yield
  bool operator==(const Mixed&) const = default;
};
enum class AluWidth : std::uint8_t { kScalar, kVector };  // 64 bits at a time, or 128 (SSE2)
// Four independent chains of multiplications: keeps the arithmetic units busy and touches no memory.
struct AluHot {
  AluWidth width = AluWidth::kScalar;
  bool operator==(const AluHot&) const = default;
};
// In pairs, both busy: what siblings of a core take from each other. Pin them with affinity "smt-pair".
struct SmtSiblingSpin {
  bool operator==(const SmtSiblingSpin&) const = default;
};
// Arithmetic for `hot_iters` turns, then `cold_iters` random touches of 512 KiB, `period_iters` times each:
// instructions per cycle that rise and fall.
struct IpcVariance {
  std::uint32_t hot_iters = 100'000;
  std::uint32_t cold_iters = 1024;
  std::uint32_t period_iters = 64;  // turns of one kind before the other
  bool operator==(const IpcVariance&) const = default;
};
// Reads, changes and writes one byte every `stride` bytes of its own memory.
struct CachePressure {
  std::uint32_t size_kib = 32;
  std::uint32_t stride = 64;  // bytes
  bool operator==(const CachePressure&) const = default;
};
// The same, and a yield after each pass.
struct CacheYield {
  std::uint32_t size_kib = 32;
  std::uint32_t stride = 64;  // bytes
  bool operator==(const CacheYield&) const = default;
};
// Writes to `touches_per_cycle` random pages of its own memory, then gives all of it back to the kernel: page faults.
struct PageFaultChurn {
  std::uint32_t region_kib = 4096;
  std::uint32_t touches_per_cycle = 256;
  std::uint32_t spin_iters = 64;  // spins between two cycles
  bool operator==(const PageFaultChurn&) const = default;
};

// --- Work and sleep ---------------------------------------------------------------------------------------------

// Runs for `burst`, then sleeps; records how late each wake-up was.
struct Bursty {
  std::chrono::nanoseconds burst = std::chrono::milliseconds(50);
  std::chrono::nanoseconds sleep = std::chrono::milliseconds(100);
  bool operator==(const Bursty&) const = default;
};
// The same, brief: a CPU goes idle and comes back more than a hundred times a second. Without `precise_timing` the
// kernel may be 50 us late by its timer slack, which counts as lateness here.
struct IdleChurn {
  std::chrono::nanoseconds burst = std::chrono::milliseconds(1);
  std::chrono::nanoseconds sleep = std::chrono::milliseconds(5);
  bool precise_timing = false;
  bool operator==(const IdleChurn&) const = default;
};
// As cyclictest does: sleeps until an absolute time, and the next one is `interval` later, whatever happened; records
// how late it ran. Expiries that went by altogether are counted as missed.
struct TimerLatency {
  std::chrono::nanoseconds interval = std::chrono::milliseconds(1);
  bool operator==(const TimerLatency&) const = default;
};
// A periodic task: `run` of CPU time each `period`, due by `deadline` after the period's begin (0: the period). The
// first period begins after `phase`, each begin moves by up to `jitter`, drawn from the seed. Records how late each
// began.
struct Periodic {
  std::chrono::nanoseconds run = std::chrono::milliseconds(2);
  std::chrono::nanoseconds period = std::chrono::milliseconds(10);
  std::chrono::nanoseconds deadline{0};
  std::chrono::nanoseconds phase{0};
  std::chrono::nanoseconds jitter{0};
  bool operator==(const Periodic&) const = default;
};

// A phase of a Sequence. kSpin, kAlu, kYield: spins, multiplies or yields until so much time has passed, once at least.
// kRun: spins until it had so much CPU time. kSleep: sleeps. kTimer: sleeps until so long after the last expiry of a
// timer phase, or the begin of the sequence; an expiry that is past counts as missed, and the next is from then on.
struct WorkPhase {
  enum class Kind : std::uint8_t { kSpin, kSleep, kYield, kAlu, kRun, kTimer };
  Kind kind = Kind::kSpin;
  std::chrono::nanoseconds length{};
  bool operator==(const WorkPhase&) const = default;
};
// Phases one after the other, over and over: "spin:10ms+sleep:5ms+yield:1ms+alu:2ms".
struct Sequence {
  std::vector<WorkPhase> phases = {{WorkPhase::Kind::kSpin, std::chrono::milliseconds(10)},
                                   {WorkPhase::Kind::kSleep, std::chrono::milliseconds(10)}};
  bool operator==(const Sequence&) const = default;
};

// --- Two that wake each other -----------------------------------------------------------------------------------

// Workers in pairs: each spins, sends its partner a byte through a pipe and waits for the partner's. Measures how late
// it wakes up after the partner has sent.
struct PipeIo {
  std::uint32_t burst_iters = 1024;  // spins before each exchange
  bool operator==(const PipeIo&) const = default;
};
// Workers in pairs that take turns: one spins, then hands the turn over through a futex and sleeps until it is back.
// Measures how late it wakes up after that.
struct FutexPingPong {
  std::uint32_t spin_iters = 1024;  // spins of a turn
  bool operator==(const FutexPingPong&) const = default;
};
// PipeIo with a pass over `size_kib` of its own memory before each exchange.
struct CachePipe {
  std::uint32_t size_kib = 32;
  std::uint32_t burst_iters = 1024;
  bool operator==(const CachePipe&) const = default;
};
enum class WakeClass : std::uint8_t { kNormal, kBatch, kIdle, kRealTime, kDeadline, kExt };
// FutexPingPong between two classes: who hands over first is of `waker_class`, the other of `wakee_class`. A deadline
// task may run for 2 ms of each 10 ms.
struct AsymmetricWaker {
  WakeClass waker_class = WakeClass::kNormal;
  WakeClass wakee_class = WakeClass::kNormal;
  std::uint32_t burst_iters = 1024;
  bool operator==(const AsymmetricWaker&) const = default;
};
// Workers in pairs that send each other SIGUSR1, which they handle, between bursts.
struct SignalStorm {
  std::uint32_t signals_per_iter = 16;
  std::uint32_t work_iters = 1024;  // spins between two volleys
  bool operator==(const SignalStorm&) const = default;
};

// --- One that wakes many, and chains ----------------------------------------------------------------------------

// Groups of one messenger, who spins and then wakes `fan_out` receivers at once; the next round begins when all of them
// have run. The receivers measure.
struct FutexFanOut {
  std::uint32_t fan_out = 4;
  std::uint32_t spin_iters = 1024;
  bool operator==(const FutexFanOut&) const = default;
};
// The same with receivers that sleep for `sleep` and then multiply matrices `operations` times, as large as three of
// them have room in `cache_footprint_kib`.
struct FanOutCompute {
  std::uint32_t fan_out = 4;
  std::uint32_t cache_footprint_kib = 256;
  std::uint32_t operations = 5;
  std::chrono::nanoseconds sleep = std::chrono::microseconds(100);
  bool operator==(const FanOutCompute&) const = default;
};
// Groups of one that wakes all `waiters` at once, `inter_batch` after the last of them has run, `batches` times and
// then no more (0: without end).
struct ThunderingHerd {
  std::uint32_t waiters = 7;
  std::uint32_t batches = 1000;
  std::chrono::nanoseconds inter_batch = std::chrono::milliseconds(5);
  bool operator==(const ThunderingHerd&) const = default;
};
enum class WakeBy : std::uint8_t { kPipe, kFutex };
// Rings of `depth` stages: each works for `work_per_hop` and wakes the next one, which measures.
struct WakeChain {
  std::uint32_t depth = 4;
  WakeBy wake = WakeBy::kPipe;
  std::chrono::nanoseconds work_per_hop = std::chrono::microseconds(100);
  bool operator==(const WakeChain&) const = default;
};

// --- Locks and queues -------------------------------------------------------------------------------------------

// Groups of `contenders` that want one lock (a futex): each works, takes it, works while it has it. Measures how late
// it runs after the lock became free.
struct MutexContention {
  std::uint32_t contenders = 4;
  std::uint32_t hold_iters = 256;   // spins with the lock
  std::uint32_t work_iters = 1024;  // without
  bool operator==(const MutexContention&) const = default;
};
enum class PiMode : std::uint8_t { kPlain, kPi };  // a futex, or one with priority inheritance (FUTEX_LOCK_PI)
// Groups of three real-time tiers (fifo 30, 20 and 10). Those of the highest and of the lowest want one lock; those of
// the middle keep CPUs from the lowest meanwhile. All but the lowest sleep `pause` between two rounds.
struct PriorityInversion {
  std::uint32_t high = 1, medium = 1, low = 1;  // workers of each tier
  std::uint32_t hold_iters = 4096;              // spins with the lock
  std::uint32_t work_iters = 1024;              // without; the middle tier ten times as many
  PiMode pi_mode = PiMode::kPlain;
  std::chrono::nanoseconds pause = std::chrono::milliseconds(1);
  bool operator==(const PriorityInversion&) const = default;
};
// Groups of producers, each of which puts in an item `produce_rate_hz` times a second, and consumers, which spin
// `consume_iters` for each; what finds `queue_depth_target` items there is dropped.
struct ProducerConsumerImbalance {
  std::uint32_t producers = 2, consumers = 1;
  std::uint32_t produce_rate_hz = 1000;
  std::uint32_t consume_iters = 4096;
  std::uint32_t queue_depth_target = 1024;
  bool operator==(const ProducerConsumerImbalance&) const = default;
};
// Groups of producers that write `events_per_burst` events to an eventfd every `pause`, unless that many wait there,
// and consumers that wait for them with epoll_wait(2), of which each event wakes one.
struct EpollStorm {
  std::uint32_t producers = 1, consumers = 2;
  std::uint32_t events_per_burst = 32;
  std::chrono::nanoseconds pause = std::chrono::milliseconds(1);
  bool operator==(const EpollStorm&) const = default;
};

// --- Real-time tasks beside others ------------------------------------------------------------------------------

// Groups of `rt_workers` of SCHED_FIFO that never sleep, and `cfs_workers` of the ordinary class.
struct RtStarvation {
  std::uint32_t rt_workers = 1, cfs_workers = 1;
  std::uint32_t rt_priority = 50;  // 1..97
  std::uint32_t burst_iters = 1024;
  bool operator==(const RtStarvation&) const = default;
};
// Groups of one of SCHED_FIFO 50 that spins `rt_burst_iters` every `rt_sleep`, and `cfs_workers` that never sleep.
struct PreemptStorm {
  std::uint32_t cfs_workers = 2;
  std::uint32_t rt_burst_iters = 1024;
  std::chrono::nanoseconds rt_sleep = std::chrono::milliseconds(1);
  bool operator==(const PreemptStorm&) const = default;
};

// --- Workers that change themselves -----------------------------------------------------------------------------

// Another nice value each time, from `from` up to `to` and again, with a yield after each.
struct NiceSweep {
  std::int32_t from = -20, to = 19;
  bool operator==(const NiceSweep&) const = default;
};
// Pins itself to one CPU of its cpuset after another, drawn from the seed, with a yield after each.
struct AffinityChurn {
  std::uint32_t spin_iters = 1024;
  bool operator==(const AffinityChurn&) const = default;
};
// SCHED_OTHER, BATCH, IDLE, and with `real_time` FIFO 1 and RR 1, one after the other.
struct PolicyChurn {
  std::uint32_t spin_iters = 1024;
  bool real_time = true;
  bool operator==(const PolicyChurn&) const = default;
};
// Pins itself to the CPUs of one NUMA node after another.
struct NumaMigrationChurn {
  std::chrono::nanoseconds period = std::chrono::milliseconds(100);
  bool operator==(const NumaMigrationChurn&) const = default;
};
// Binds its memory to one NUMA node after another and writes to all of it.
struct NumaWorkingSetSweep {
  std::uint32_t region_kib = 4096;
  std::chrono::nanoseconds sweep_period = std::chrono::milliseconds(100);
  std::vector<std::uint32_t> target_nodes = {};  // none: all that have memory
  bool operator==(const NumaWorkingSetSweep&) const = default;
};
// Forks a child that ends at once, and waits for it. Workers must be processes.
struct ForkExit {
  bool operator==(const ForkExit&) const = default;
};
// Rewrites the CPUs that other workers of its WorkSpec may use, drawn from the seed: takes one from another's set,
// spins, and gives it back. Its own set is what the others make of it. Needs at least 2 workers, and 2 CPUs.
struct CrossAffinityChurn {
  std::uint32_t spin_iters = 1024;  // spins between two changes
  bool operator==(const CrossAffinityChurn&) const = default;
};
// Moves itself through `groups` cgroups, one each `cycle`, and spins meanwhile. They are made below its own cgroup,
// threaded and with the cpu controller: what limits that one holds in all of them.
struct CgroupChurn {
  std::uint32_t groups = 2;
  std::chrono::nanoseconds cycle = std::chrono::milliseconds(100);
  bool operator==(const CgroupChurn&) const = default;
};
enum class ChildReap : std::uint8_t { kWait, kIgnore };  // wait for each child, or have the kernel drop it (SIG_IGN)
// Forks `children` one after the other, each of which ends at once, and moves it meanwhile into a cgroup that is made
// below its own as with CgroupChurn, unless it has ended before (missed). The next round begins when all of them have
// ended. Workers must be processes.
struct CgroupAttachStorm {
  std::uint32_t children = 8;
  ChildReap reap = ChildReap::kWait;
  bool operator==(const CgroupAttachStorm&) const = default;
};

// --- Of one's own -----------------------------------------------------------------------------------------------

class WorkLoop;  // ktstr/custom_work.h
// A loop of the test's own. Only in C++: scenario files cannot name it.
struct Custom {
  static constexpr std::size_t kLongestName = 32;
  std::string name = "custom";  // in reports and in what identifies the scenario: another loop is another name
  void (*loop)(WorkLoop& run) = nullptr;
  std::array<std::uint64_t, 4> parameters = {};
  bool operator==(const Custom&) const = default;
};

// --- Recorded loads ---------------------------------------------------------------------------------------------

// A phase of a task of a Replay. kRun: spins until the task had so much CPU time more; what its wake-ups and sleeps
// cost counts, so that a loop takes the CPU time of the recording. kSleep: sleeps. kWake: wakes task `task` of the
// group. kWait: waits until somebody of the group has woken it, or goes on where that has happened already.
struct ReplayPhase {
  enum class Kind : std::uint8_t { kRun, kSleep, kWake, kWait };
  Kind kind = Kind::kRun;
  std::uint32_t task = 0;             // kWake: from 0
  std::chrono::nanoseconds length{};  // kRun, kSleep: up to an hour
  bool operator==(const ReplayPhase&) const = default;
};
struct ReplayTask {
  std::string name = {};                  // of its worker, 1 to 15 bytes; "": as the WorkSpec says
  std::optional<std::int32_t> nice = {};  // -20..19; none: the WorkSpec's
  std::uint32_t fifo = 0;                 // priority of SCHED_FIFO, 1..97; 0: the WorkSpec's policy
  std::vector<ReplayPhase> phases = {};
  bool operator==(const ReplayTask&) const = default;
};
// Groups of as many workers as there are tasks, each of which does what one task did, over and over. The phases must
// repeat: a loop has as many waits of a task as wake-ups for it, and no two tasks wait for each other. A loop begins
// `period` after the one before (0: at once), or late; each one's time counts from when it was due. As text, of one
// task: "name:ui+nice:-5+run:1ms+wake:1+sleep:3ms", with '|' before the next.
struct Replay {
  static constexpr std::size_t kMostTasks = 1024;
  static constexpr std::size_t kMostPhases = 1 << 14;  // of all tasks
  std::vector<ReplayTask> tasks = {
      {.phases = {{ReplayPhase::Kind::kRun, 0, std::chrono::milliseconds(1)},
                  {ReplayPhase::Kind::kWake, 1, {}},
                  {ReplayPhase::Kind::kSleep, 0, std::chrono::milliseconds(3)}}},
      {.phases = {{ReplayPhase::Kind::kWait, 0, {}}, {ReplayPhase::Kind::kRun, 0, std::chrono::milliseconds(2)}}}};
  std::chrono::nanoseconds period{0};  // up to an hour
  bool operator==(const Replay&) const = default;
};

// --- Servers ----------------------------------------------------------------------------------------------------

// As schbench: groups of `message_threads` messengers with `worker_threads` workers each. A messenger wakes all of
// its workers that wait, and takes the time once for all of them: a messenger that loses its CPU meanwhile shows. A
// worker sleeps for `sleep`, takes the lock of the CPU that it is on and multiplies matrices, three of which have
// room in `cache_footprint_kib`.
struct Schbench {
  std::uint32_t message_threads = 1;
  std::uint32_t worker_threads = 4;  // of each; schbench's default is one for each CPU
  std::uint32_t cache_footprint_kib = 256;
  std::uint32_t operations = 5;                                     // multiplications of a request
  std::chrono::nanoseconds sleep = std::chrono::microseconds(100);  // 0: none
  bool skip_locking = false;
  // Of all messengers of a group, handed out one by one at even intervals; what finds 128 at its worker is dropped.
  // 0: as many as there is time for.
  std::uint32_t requests_per_second = 0;
  std::uint32_t private_pct = 100;  // of footprint and operations; the rest is of memory that all workers share
  std::uint32_t pipe_bytes = 0;     // not 0: each message is so much memory that is written; there is no other work
  bool operator==(const Schbench&) const = default;
};
// As TaoBench: a cache that evicts the oldest value first, in shards with a lock each, in memory that a group shares.
// Clients want keys at random and read every byte of a value that is there; one that is not they have fetched by one
// of `slow_threads`, which sleeps, puts it in and wakes the client. The cache is full when the work begins.
struct Taobench {
  std::uint32_t client_threads = 3;
  std::uint32_t slow_threads = 1;
  std::uint32_t cache_capacity_mib = 8;
  std::uint32_t target_hit_pct = 90;
  std::chrono::nanoseconds slow_path_sleep = std::chrono::microseconds(100);
  // Requests a second of a group, which come by themselves (a Poisson process); latencies count from then on. 0: a
  // client wants the next as soon as it has the last.
  std::uint32_t arrival_rate = 0;
  // Not 0: a sleep is at least `slow_path_sleep`, and one in a hundred is longer than this (a Pareto distribution,
  // ten times as long at most).
  std::chrono::nanoseconds slow_path_p99{0};
  bool operator==(const Taobench&) const = default;
};
// Fixed: at even intervals. Poisson: independent of each other. Pareto: mostly close together, with long pauses now
// and then (shape 1.5, at most 100 mean intervals). On-off: Poisson for 20 ms at twice the rate, then none for 20 ms.
enum class Arrivals : std::uint8_t { kFixed, kPoisson, kPareto, kOnOff };
// Groups of a generator, by which requests come whatever happened to the ones before, and `servers` that spend
// `service` of CPU time on each. Latencies count from when a request was due to come. What finds `queue_limit`
// requests waiting is dropped.
struct RequestServer {
  std::uint32_t servers = 3;
  std::uint32_t rate_hz = 1000;
  Arrivals arrivals = Arrivals::kPoisson;
  std::chrono::nanoseconds service = std::chrono::milliseconds(1);
  std::chrono::nanoseconds deadline = std::chrono::milliseconds(10);  // what is served after it counts as late
  std::uint32_t queue_limit = 1024;
  bool operator==(const RequestServer&) const = default;
};
// Groups of submitters that put tasks into a queue, waiting where it is full, and threads that spend `task` of CPU
// time on each.
struct ThreadPool {
  std::uint32_t submitters = 1, threads = 3;
  std::chrono::nanoseconds task = std::chrono::microseconds(500);
  std::uint32_t queue_limit = 64;
  bool operator==(const ThreadPool&) const = default;
};
// Groups of stages with a queue before each but the first: an item takes `work` of CPU time in each.
struct Pipeline {
  std::uint32_t stages = 4;
  std::chrono::nanoseconds work = std::chrono::microseconds(200);
  std::uint32_t queue_limit = 8;
  bool operator==(const Pipeline&) const = default;
};
// Groups of actors in a ring, in which `messages` go around: an actor takes one out of its mailbox, spends `work` of
// CPU time on it and puts it into the mailbox of the next.
struct ActorRing {
  std::uint32_t actors = 8;
  std::uint32_t messages = 4;
  std::chrono::nanoseconds work = std::chrono::microseconds(100);
  bool operator==(const ActorRing&) const = default;
};

// --- What a desktop does ----------------------------------------------------------------------------------------

// A game: groups of a main worker and `workers` helpers. At the begin of each frame the main one wakes the helpers;
// all spend their CPU time, and the frame is done when all of them are. Those that are not done within their `frame`,
// and those that have not even begun, count as missed.
struct FramePacing {
  std::uint32_t workers = 2;
  std::chrono::nanoseconds frame = std::chrono::microseconds(16'600);
  std::chrono::nanoseconds main_work = std::chrono::milliseconds(4);
  std::chrono::nanoseconds helper_work = std::chrono::milliseconds(4);
  bool operator==(const FramePacing&) const = default;
};
// Sound: pairs of a callback of SCHED_FIFO that takes a block from a buffer of `blocks` each `period`, and a feeder
// of the ordinary class that spends `render` of CPU time on each block that goes in there.
struct AudioCallback {
  std::chrono::nanoseconds period = std::chrono::milliseconds(5);
  std::chrono::nanoseconds callback = std::chrono::microseconds(200);  // CPU time
  std::chrono::nanoseconds render = std::chrono::milliseconds(1);
  std::uint32_t blocks = 2;
  std::uint32_t priority = 50;  // 1..97
  bool operator==(const AudioCallback&) const = default;
};
// make: keeps `jobs` compilers going, each a process with another one below it, which takes from half of `compile` to
// one and a half of CPU time; after `objects` of them one links. Workers must be processes.
struct BuildTree {
  std::uint32_t jobs = 2;
  std::uint32_t objects = 8;
  std::chrono::nanoseconds compile = std::chrono::milliseconds(10);
  std::chrono::nanoseconds link = std::chrono::milliseconds(5);
  bool operator==(const BuildTree&) const = default;
};

// --- A disk and a network -----------------------------------------------------------------------------------------

// The disk is one of the workers' own, in memory: the kernel's null_blk, which ends each request `latency` after it was
// submitted, by a timer's interrupt on the CPU that submitted it, so in guest time. There is no device beyond that and
// no hard interrupt of one. It needs a guest, and a kernel with the module (docs/guide/kernels.md). How late a worker
// runs after its request has ended it cannot know: the whole wait counts as a sleep.
//
// `writes` blocks, one after the other, to the worker's stripe of the disk, each through to the disk (O_SYNC), then
// fdatasync(2).
struct IoSyncWrite {
  std::uint32_t writes = 16;
  std::uint32_t block_kib = 4;
  std::chrono::nanoseconds latency = std::chrono::microseconds(100);
  bool operator==(const IoSyncWrite&) const = default;
};
// One block from a random place of the disk, past the page cache (O_DIRECT).
struct IoRandRead {
  std::uint32_t block_kib = 4;
  std::chrono::nanoseconds latency = std::chrono::microseconds(100);
  bool operator==(const IoRandRead&) const = default;
};
// By turns the next block of its stripe written and a random block of the disk read, both O_DIRECT; fdatasync(2) after
// `sync_every` of these pairs.
struct IoConvoy {
  std::uint32_t block_kib = 4;
  std::uint32_t sync_every = 16;
  std::chrono::nanoseconds latency = std::chrono::microseconds(100);
  bool operator==(const IoConvoy&) const = default;
};
// Every `interval` sends itself an Ethernet frame of `frame_bytes` through the loopback interface of a network
// namespace of the workers' own, and reads it. No device interrupts: the frame comes in by the NET_RX softirq of the
// CPU that sends it.
struct NetTraffic {
  std::chrono::nanoseconds interval = std::chrono::milliseconds(1);
  std::uint32_t frame_bytes = 256;
  bool operator==(const NetTraffic&) const = default;
};
// Workers in pairs: every `interval` one sends a frame as NetTraffic does, to the other, which is woken from the
// softirq and measures. A frame is left out, and counts as missed, where the one before was not read.
struct IrqWake {
  std::chrono::nanoseconds interval = std::chrono::milliseconds(1);
  std::uint32_t frame_bytes = 256;
  bool operator==(const IrqWake&) const = default;
};

using WorkType =
    std::variant<SpinWait, YieldHeavy, Mixed, Bursty, PipeIo, FutexPingPong, AluHot, SmtSiblingSpin, IpcVariance,
                 CachePressure, CacheYield, PageFaultChurn, IdleChurn, TimerLatency, Periodic, Sequence, CachePipe,
                 AsymmetricWaker, SignalStorm, FutexFanOut, FanOutCompute, ThunderingHerd, WakeChain, MutexContention,
                 PriorityInversion, ProducerConsumerImbalance, EpollStorm, RtStarvation, PreemptStorm, NiceSweep,
                 AffinityChurn, PolicyChurn, NumaMigrationChurn, NumaWorkingSetSweep, ForkExit, Custom, Replay,
                 Schbench, Taobench, RequestServer, ThreadPool, Pipeline, ActorRing, FramePacing, AudioCallback,
                 BuildTree, IoSyncWrite, IoRandRead, IoConvoy, NetTraffic, IrqWake, CrossAffinityChurn, CgroupChurn,
                 CgroupAttachStorm>;

// "SpinWait", "Bursty(burst=50ms, sleep=100ms)".
std::string describe(const WorkType& type);
// The name alone, as scenario files spell it: "SpinWait".
std::string_view name_of(const WorkType& type);
// The names of all work types that files can name.
std::vector<std::string_view> work_type_names();

}  // namespace ktstr
