// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_group.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <new>

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "workload/work_types.h"
#include "workload/worker_process.h"
#include "workload/worker_report.h"
#include "workload/worker_slot.h"

namespace ktstr {

namespace {

// How long killed workers are waited for. One that gets no CPU does not die, and nothing is gained by waiting longer.
constexpr std::chrono::milliseconds kKillWait{200};

// The group's block and its slots in one shared, pre-faulted mapping.
class SharedMemory {
 public:
  static Result<SharedMemory> create(std::size_t workers) {
    SharedMemory memory;
    memory.length_ = sizeof(GroupBlock) + workers * sizeof(WorkerSlot);
    void* at =
        ::mmap(nullptr, memory.length_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at == MAP_FAILED) return fail_errno("cannot map {} bytes shared with workers", memory.length_);
    memory.group_ = new (at) GroupBlock;
    memory.slots_ = reinterpret_cast<WorkerSlot*>(static_cast<std::byte*>(at) + sizeof(GroupBlock));
    for (std::size_t i = 0; i < workers; ++i) new (memory.slots_ + i) WorkerSlot;
    return memory;
  }
  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept { *this = std::move(other); }
  SharedMemory& operator=(SharedMemory&& other) noexcept {
    std::swap(group_, other.group_);
    std::swap(slots_, other.slots_);
    std::swap(length_, other.length_);
    return *this;
  }
  ~SharedMemory() {
    if (group_ != nullptr) ::munmap(group_, length_);
  }

  GroupBlock& group() const { return *group_; }
  WorkerSlot& slot(std::size_t i) const { return slots_[i]; }

 private:
  GroupBlock* group_ = nullptr;
  WorkerSlot* slots_ = nullptr;
  std::size_t length_ = 0;
};

struct Worker {
  WorkerPlan plan;
  WorkerProcess process;
  bool ended = false;  // seen on its pidfd
  bool reaped = false;
};

Status check_spec(const WorkSpec& spec) {
  if (spec.workers < 1) return fail(ErrorCode::kInvalidArgument, "{} workers; there must be at least 1", spec.workers);
  if (const int nice = spec.nice.value_or(0); nice < -20 || nice > 19)
    return fail(ErrorCode::kInvalidArgument, "nice {} is not within -20..19", nice);
  return check_work_type(spec.type);
}

}  // namespace

struct WorkerGroup::State {
  ~State();
  Status start(const WorkSpec& spec, int first_index, std::uint64_t seed);
  Status wait_until_ready();
  // Waits for pidfds, and for `eventfd` too where it is valid; false when the deadline has passed.
  Result<bool> wait_for_change(Nanoseconds deadline, const Fd& eventfd);
  Status wait_until_ended(Nanoseconds deadline);
  void kill_and_reap();
  WorkerReport report_of(std::size_t i, std::uint64_t now_ns);
  std::string reap(Worker& worker);
  bool all_ended() const {
    return std::all_of(workers.begin(), workers.end(), [](const Worker& each) { return each.ended; });
  }

  WorkerPlacement placement;
  int first_index = 0;
  SharedMemory memory;
  Fd ready_eventfd;
  std::vector<Worker> workers;
  bool released = false;
  bool collected = false;
};

Status WorkerGroup::State::start(const WorkSpec& spec, int first, std::uint64_t seed) {
  first_index = first;
  const auto count = static_cast<std::size_t>(spec.workers);
  KTSTR_TRY_ASSIGN(memory, SharedMemory::create(count));
  ready_eventfd = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ready_eventfd.valid()) return fail_errno("cannot make an eventfd");
  workers.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const int index = first_index + static_cast<int>(i);
    Worker worker;
    worker.plan = {.type = spec.type,
                   .nice = spec.nice.value_or(0),
                   .comm = fmt::format("{}/{}", placement.cgroup, index),
                   .schedstat_path = placement.proc_root + "/self/schedstat",
                   .phase = start_phase(seed, placement.cgroup, index),
                   .birth_cpu = birth_cpu(placement.birth_seed, placement.born_on, index),
                   .cgroup_dir = placement.cgroup_dir,
                   .ready_eventfd = ready_eventfd.get(),
                   .group = &memory.group(),
                   .slot = &memory.slot(i)};
    KTSTR_TRY_ASSIGN(worker.process, start_worker(worker.plan));
    workers.push_back(std::move(worker));
  }
  return ok();
}

Result<bool> WorkerGroup::State::wait_for_change(Nanoseconds deadline, const Fd& eventfd) {
  std::vector<pollfd> fds;
  for (const Worker& worker : workers)
    // A negative descriptor is skipped by poll(2).
    fds.push_back({worker.ended ? -1 : worker.process.pidfd.get(), POLLIN, 0});
  fds.push_back({eventfd.get(), POLLIN, 0});
  const auto left = std::chrono::ceil<Milliseconds>(deadline - monotonic_now());
  const int ready =
      ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX)));
  if (ready < 0 && errno != EINTR) return fail_errno("cannot poll the workers of {}", placement.cgroup);
  for (std::size_t i = 0; i < workers.size() && ready > 0; ++i)
    if (fds[i].revents != 0) workers[i].ended = true;
  return ready > 0 || monotonic_now() < deadline;
}

Status WorkerGroup::State::wait_until_ready() {
  const Nanoseconds deadline = monotonic_now() + kReadyTimeout;
  for (;;) {
    std::uint64_t arrived = 0;
    // Only empties it; who is ready, the slots say.
    if (::read(ready_eventfd.get(), &arrived, sizeof arrived) < 0 && errno != EAGAIN)
      return fail_errno("cannot read the workers' eventfd");
    const Worker* missing = nullptr;
    for (Worker& worker : workers) {
      const std::uint32_t state = worker.plan.slot->state;
      if (state == WorkerSlot::kSetupFailed) return setup_error(*worker.plan.slot, worker.plan);
      if (worker.ended) return fail(ErrorCode::kIo, "worker {} died before it could start", worker.plan.comm);
      if (state != WorkerSlot::kReady) missing = &worker;
    }
    if (missing == nullptr) return ok();
    KTSTR_TRY_ASSIGN(const bool in_time, wait_for_change(deadline, ready_eventfd));
    if (!in_time)
      return fail(ErrorCode::kTimedOut, "worker {} did not come to the start barrier within {} s; it got no CPU",
                  missing->plan.comm, kReadyTimeout.count());
  }
}

Status WorkerGroup::State::wait_until_ended(Nanoseconds deadline) {
  while (!all_ended()) {
    KTSTR_TRY_ASSIGN(const bool in_time, wait_for_change(deadline, Fd()));
    if (!in_time) break;
  }
  return ok();
}

// How it ended where that was not the ordinary end; empty otherwise.
std::string WorkerGroup::State::reap(Worker& worker) {
  siginfo_t info{};
  const auto pidfd = static_cast<id_t>(worker.process.pidfd.get());
  if (::waitid(P_PIDFD, pidfd, &info, WEXITED | WNOHANG) != 0) {
    // ECHILD: somebody else (an agent that reaps everything) was faster.
    worker.reaped = true;
    return worker.plan.slot->state == WorkerSlot::kFinished ? "" : "ended, and its status was not ours to read";
  }
  if (info.si_pid == 0) return "";
  worker.reaped = worker.ended = true;
  const bool exited = info.si_code == CLD_EXITED;
  if (exited && info.si_status == 0) return "";
  return ExitStatus{exited ? ExitStatus::Kind::kExited : ExitStatus::Kind::kSignaled, info.si_status}.describe();
}

void WorkerGroup::State::kill_and_reap() {
  bool any = false;
  for (Worker& worker : workers) {
    if (worker.reaped || worker.ended) continue;
    any = true;
    if (::syscall(SYS_pidfd_send_signal, worker.process.pidfd.get(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH)
      log_warn("cannot kill worker {} ({}): errno {}", worker.plan.comm, worker.process.pid, errno);
  }
  if (any)
    if (const Status waited = wait_until_ended(monotonic_now() + kKillWait); !waited)
      log_warn("{}", waited.error().render());
  for (Worker& worker : workers)
    if (!worker.reaped) reap(worker);
}

WorkerGroup::State::~State() { kill_and_reap(); }

WorkerReport WorkerGroup::State::report_of(std::size_t i, std::uint64_t now_ns) {
  Worker& worker = workers[i];
  const WorkerSlot& slot = *worker.plan.slot;
  const bool finished = slot.state == WorkerSlot::kFinished;
  WorkerReport report = published_report(slot, memory.group());
  if (!finished) {
    // Before it is reaped: a zombie still has its schedstat.
    Schedstat now;
    const std::string path = fmt::format("{}/{}/schedstat", placement.proc_root, worker.process.pid);
    if (read_schedstat(path.c_str(), now)) add_schedstat(report, slot, now);
    if (worker.ended)
      close_at_death(report, slot);
    else
      close_at(report, slot, now_ns);
  }
  report.cgroup = placement.cgroup;
  report.group = placement.group;
  report.index = first_index + static_cast<int>(i);
  report.pid = worker.process.pid;
  report.responded = worker.ended;
  if (worker.ended) report.exit = reap(worker);
  return report;
}

WorkerGroup::WorkerGroup(std::unique_ptr<State> state) : state_(std::move(state)) {}
WorkerGroup::WorkerGroup(WorkerGroup&&) noexcept = default;
WorkerGroup& WorkerGroup::operator=(WorkerGroup&&) noexcept = default;
WorkerGroup::~WorkerGroup() = default;

Result<WorkerGroup> WorkerGroup::spawn(const WorkSpec& spec, const WorkerPlacement& placement, int first_index,
                                       std::uint64_t seed) {
  const std::string where = "workers of " + placement.cgroup;
  KTSTR_TRY(check_spec(spec).context(where));
  auto state = std::make_unique<State>();
  state->placement = placement;
  KTSTR_TRY(state->start(spec, first_index, seed).context(where));
  // The descriptor is the caller's and was only promised for the call.
  state->placement.cgroup_dir = nullptr;
  for (Worker& worker : state->workers) worker.plan.cgroup_dir = nullptr;
  KTSTR_TRY(state->wait_until_ready().context(where));
  for (const Worker& worker : state->workers) KTSTR_TRY(let_off_birth_cpu(worker.plan, worker.process).context(where));
  for (const Worker& worker : state->workers) KTSTR_TRY(make_ordinary(worker.plan, worker.process).context(where));
  WorkerGroup group(std::move(state));
  if (placement.allowed) group.set_allowed(*placement.allowed);
  return group;
}

int WorkerGroup::size() const { return static_cast<int>(state_->workers.size()); }

std::vector<int> WorkerGroup::pids() const {
  std::vector<int> pids;
  for (const Worker& worker : state_->workers) pids.push_back(worker.process.pid);
  return pids;
}

void WorkerGroup::set_allowed(const CpuSet& allowed) {
  GroupBlock& block = state_->memory.group();
  block.allowed_sequence.fetch_add(1);
  block.allowed.clear();
  for (const Cpu cpu : allowed) block.allowed.add(cpu);
  block.all_allowed.store(allowed.empty());
  block.allowed_sequence.fetch_add(1);
}

void WorkerGroup::release() {
  GroupBlock& block = state_->memory.group();
  block.released_ns.store(static_cast<std::uint64_t>(monotonic_now().count()));
  block.go.store(1);
  futex_wake_all(block.go);
  state_->released = true;
}

void WorkerGroup::request_stop() {
  GroupBlock& block = state_->memory.group();
  if (block.stop.load() != 0) return;
  block.stopped_ns.store(static_cast<std::uint64_t>(monotonic_now().count()));
  block.stop.store(1);
  futex_wake_all(block.stop);
}

Result<std::vector<WorkerReport>> WorkerGroup::collect(std::chrono::nanoseconds grace) {
  if (!state_->released || state_->collected)
    return fail(ErrorCode::kInvalidArgument, "workers of {} can be collected once, after they were released",
                state_->placement.cgroup);
  request_stop();
  state_->collected = true;
  KTSTR_TRY(state_->wait_until_ended(monotonic_now() + grace));
  const auto now_ns = static_cast<std::uint64_t>(monotonic_now().count());
  std::vector<WorkerReport> reports;
  for (std::size_t i = 0; i < state_->workers.size(); ++i) reports.push_back(state_->report_of(i, now_ns));
  state_->kill_and_reap();
  return reports;
}

}  // namespace ktstr
