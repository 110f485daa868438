// SPDX-License-Identifier: Apache-2.0
#include "trace/testing/sample_stream.h"

#include <fmt/format.h>

namespace ktstr {

namespace {

constexpr std::uint64_t kBegin = 5'000'000'000;
constexpr std::uint64_t kClockAhead = 40'000'000;  // of rq.clock before the time
constexpr std::uint64_t kTickNs = 4'000'000;
constexpr std::uint32_t kSleeps = 1, kWaking = 0x200;    // task_struct.__state
constexpr std::uint32_t kWakeup = 1, kDequeueSleep = 1;  // ENQUEUE_WAKEUP, DEQUEUE_SLEEP
constexpr std::uint32_t kFair = static_cast<std::uint32_t>(SchedClass::kFair);
constexpr std::int32_t kFirstPid = 100;
constexpr std::array<std::uint64_t, 4> kAnywhere{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};

class SampleWorld {
 public:
  explicit SampleWorld(const SampleShape& shape) : shape_(shape), cpus_(shape.cpus), random_(shape.seed) {}

  std::vector<TraceEvent> until(std::size_t count) {
    begin();
    while (events_.size() < count) step();
    return std::move(events_);
  }

 private:
  struct Cpu {
    std::int32_t runs = 0;
    std::deque<std::int32_t> waiting;
    std::uint64_t next_tick = 0;
  };

  std::uint64_t random(std::uint64_t below) { return (random_ = splitmix64(random_)) % below; }
  std::uint64_t clock() { return now_ + kClockAhead - random(200); }

  template <typename T>
  void put(std::size_t cpu, const T& event) {
    events_.push_back(make_event(now_, static_cast<std::uint16_t>(cpu), event));
  }

  void begin() {
    for (std::size_t cpu = 0; cpu < cpus_.size(); ++cpu) {
      put(0, trace::CpuSeen{.cpu = static_cast<std::uint32_t>(cpu), .current = 0, .clock = clock()});
      cpus_[cpu].next_tick = now_ + random(kTickNs);
    }
    put(0, trace::TaskSeen{
               .pid = 1, .tgid = 1, .state = 1, .cgroup = 1, .mask = kAnywhere, .comm = trace_text_of<2>("init")});
    for (std::int32_t i = 0; i < shape_.tasks; ++i) {
      const std::int32_t pid = kFirstPid + i;
      put(0, trace::TaskSeen{.pid = pid,
                             .tgid = kFirstPid + i / 2 * 2,  // two threads a process
                             .state = kSleeps,
                             .cgroup = 11 + static_cast<std::uint64_t>(i % 2),
                             .mask = kAnywhere,
                             .comm = trace_text_of<2>(fmt::format("cg_{}/{}", i % 2, i))});
      sleeping_.push_back(pid);
    }
    put(0, trace::CgroupSeen{.cgroup = 1, .parent = 0, .name = trace_text_of<4>("/")});
    put(0, trace::CgroupSeen{.cgroup = 10, .parent = 1, .name = trace_text_of<4>("test")});
    put(0, trace::CgroupSeen{.cgroup = 11, .parent = 10, .name = trace_text_of<4>("cg_0")});
    put(0, trace::CgroupSeen{.cgroup = 12, .parent = 10, .name = trace_text_of<4>("cg_1")});
  }

  void step() {
    now_ += 200 + random(4000);
    const std::size_t cpu = random(cpus_.size());
    if (now_ >= cpus_[cpu].next_tick) {
      tick(cpu);
    } else if (!sleeping_.empty() && random(2) == 0) {
      wake(cpu);
    } else {
      schedule(cpu, random(3) != 0);
    }
  }

  void tick(std::size_t cpu) {
    cpus_[cpu].next_tick = now_ + kTickNs;
    put(cpu, trace::IrqEnter{});
    now_ += 300 + random(100);
    put(cpu, trace::Tick{});
    now_ += 200 + random(100);
    put(cpu, trace::IrqExit{});
    now_ += 50;
    schedule(cpu, false);
  }

  void wake(std::size_t waker) {
    const std::size_t which = random(sleeping_.size());
    const std::int32_t pid = sleeping_[which];
    sleeping_.erase(sleeping_.begin() + static_cast<std::ptrdiff_t>(which));
    const std::size_t target = random(cpus_.size());
    if (shape_.with_bpf_scheduler)
      put(waker, trace::DsqInsert{.pid = pid, .dsq = target, .slice = 20'000'000, .flags = 0});
    put(waker, trace::Enqueue{.pid = pid,
                              .cpu = static_cast<std::uint32_t>(target),
                              .sched_class = kFair,
                              .flags = kWakeup,
                              .state = kWaking,
                              .clock = clock()});
    cpus_[target].waiting.push_back(pid);
    now_ += 300 + random(300);
    if (cpus_[target].runs == 0) schedule(target, false);
  }

  void schedule(std::size_t at, bool sleeps) {
    Cpu& cpu = cpus_[at];
    const std::int32_t prev = cpu.runs;
    sleeps = sleeps && prev != 0;
    if (cpu.waiting.empty() && !sleeps) return;
    if (sleeps) {
      put(at, trace::Dequeue{.pid = prev,
                             .cpu = static_cast<std::uint32_t>(at),
                             .sched_class = kFair,
                             .flags = kDequeueSleep,
                             .state = kSleeps,
                             .clock = clock()});
      sleeping_.push_back(prev);
      now_ += 100 + random(100);
    } else if (prev != 0) {
      cpu.waiting.push_back(prev);
    }
    cpu.runs = 0;
    if (!cpu.waiting.empty()) {
      cpu.runs = cpu.waiting.front();
      cpu.waiting.pop_front();
    }
    put(at, trace::Switch{.prev = prev,
                          .prev_state = sleeps ? kSleeps : 0,
                          .prev_on_rq = sleeps ? 0U : 1U,
                          .next = cpu.runs,
                          .next_prio = 120,
                          .clock = clock()});
  }

  const SampleShape shape_;
  std::vector<Cpu> cpus_;
  std::uint64_t random_;
  std::uint64_t now_ = kBegin;
  std::vector<std::int32_t> sleeping_;
  std::vector<TraceEvent> events_;
};

}  // namespace

std::vector<TraceEvent> sample_stream(std::size_t count, const SampleShape& shape) {
  return SampleWorld(shape).until(count);
}

}  // namespace ktstr
