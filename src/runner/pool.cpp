// SPDX-License-Identifier: Apache-2.0
#include "runner/pool.h"

#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "base/activity.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/guest.h"
#include "engine/guest_memory.h"
#include "scheduler/command.h"
#include "scheduler/package.h"
#include "wire/mailbox.h"

namespace ktstr {

namespace {

using namespace literals;

constexpr std::chrono::milliseconds kLook{100};  // between two looks for an interrupt
constexpr const char* kThreadHint = "no more threads may be made: see `ulimit -u` and pids.max of this cgroup";
constexpr Bytes kInitramfsRoom = 32_MiB;  // agent and libraries
constexpr Bytes kLibrariesRoom = 8_MiB;   // of scheduler and test program

RunRecord made(const PoolJob& job) {
  try {
    return job.run();
  } catch (const std::exception& thrown) {
    RunRecord record;
    record.outcome = Outcome::kInfrastructure;
    record.error = std::string("a run ended by an exception: ") + thrown.what();
    return record;
  }
}

class Pool {
 public:
  Pool(std::uint64_t count, const std::function<PoolJob(std::uint64_t)>& job, const PoolOptions& options)
      : count_(count), job_(job), options_(options), started_(monotonic_now()) {
    state_.total = count;
    state_.jobs = std::max(1, options.jobs);
  }

  std::uint64_t run(const std::function<bool(std::uint64_t, RunRecord)>& done);

 private:
  using Lock = std::unique_lock<std::mutex>;

  void start(std::vector<std::jthread>& threads);
  void work();
  std::optional<PoolJob> take(Lock& lock, std::uint64_t& index);
  bool fits(Bytes ram);
  void finish(std::uint64_t index, Bytes ram, RunRecord record, Nanoseconds took);
  bool is_over() const { return next_ == count_ || stopped_; }

  const std::uint64_t count_;
  const std::function<PoolJob(std::uint64_t)>& job_;
  const PoolOptions& options_;
  const Nanoseconds started_;

  std::mutex mutex_;
  std::condition_variable room_;    // a job may be startable, or none will be any more
  std::condition_variable result_;  // a record is there
  std::uint64_t next_ = 0;          // job to be started
  std::optional<PoolJob> waiting_;  // job `next_`, made but without room so far
  bool stopped_ = false;
  Bytes reserved_ = 0;
  std::optional<Bytes> space_;  // free when nothing of ours ran
  PoolState state_;
  std::map<std::uint64_t, RunRecord> finished_;  // not handed out yet
};

// RAM files are sparse: what is free now does not tell what running guests may still take. So what they may take is
// counted, against what was free while none ran. What is free now only tells that somebody else has taken the space.
bool Pool::fits(Bytes ram) {
  if (!options_.free_ram) return true;
  const auto now_free = options_.free_ram();
  if (!now_free) return true;
  if (state_.running > 0) return ram <= *now_free && reserved_ + ram <= space_.value_or(*now_free);
  space_ = *now_free;
  return true;  // alone: if it does not fit, its own error says so best
}

std::optional<PoolJob> Pool::take(Lock& lock, std::uint64_t& index) {
  std::optional<Activity> waiting;
  for (;;) {
    if (options_.interrupted && options_.interrupted()) stopped_ = true;
    if (is_over()) return {};
    if (!waiting_) waiting_ = job_(next_);
    if (fits(waiting_->ram)) break;
    if (!waiting) waiting.emplace("waiting for room for " + format_bytes(waiting_->ram) + " of guest memory");
    room_.wait_for(lock, kLook);
  }
  index = next_++;
  reserved_ += waiting_->ram;
  ++state_.running;
  return std::exchange(waiting_, std::nullopt);
}

void Pool::finish(std::uint64_t index, Bytes ram, RunRecord record, Nanoseconds took) {
  reserved_ -= ram;
  --state_.running;
  ++state_.done;
  state_.busy += took;
  if (record.outcome == Outcome::kFail) ++state_.failed;
  const int code = exit_code(record.outcome);
  if (options_.fail_fast && code != exit_code(Outcome::kPass) && code != exit_code(Outcome::kInconclusive))
    stopped_ = true;
  finished_.emplace(index, std::move(record));
  room_.notify_all();
  result_.notify_one();
}

void Pool::work() {
  Lock lock(mutex_);
  std::uint64_t index = 0;
  while (const auto job = take(lock, index)) {
    lock.unlock();
    const Nanoseconds start = monotonic_now();
    RunRecord record = made(*job);
    const Nanoseconds took = monotonic_now() - start;
    lock.lock();
    finish(index, job->ram, std::move(record), took);
  }
  result_.notify_one();
}

// With fewer threads than asked for it only takes longer; with none the first job says why nothing is run.
void Pool::start(std::vector<std::jthread>& threads) {
  const auto wanted = std::min<std::uint64_t>(count_, static_cast<std::uint64_t>(state_.jobs));
  try {
    while (threads.size() < wanted) threads.emplace_back([this] { work(); });
  } catch (const std::system_error& thrown) {
    const Lock lock(mutex_);
    state_.jobs = std::max(1, static_cast<int>(threads.size()));
    if (!threads.empty())
      return log_warn("{} runs at once instead of {}: no more threads ({})", state_.jobs, wanted, thrown.what());
    RunRecord record;
    record.outcome = Outcome::kInfrastructure;
    record.error = std::string("cannot start a thread for the run: ") + thrown.what();
    record.error_hint = kThreadHint;
    finished_.emplace(next_++, std::move(record));
    ++state_.done;
    stopped_ = true;
  }
}

std::uint64_t Pool::run(const std::function<bool(std::uint64_t, RunRecord)>& done) {
  std::vector<std::jthread> threads;
  start(threads);
  std::uint64_t handed_out = 0;
  Lock lock(mutex_);
  while (!(is_over() && state_.running == 0 && finished_.empty())) {
    const auto found = finished_.find(handed_out);
    if (found == finished_.end()) result_.wait_for(lock, kLook);
    const PoolState state = [&] {
      PoolState now = state_;
      now.elapsed = monotonic_now() - started_;
      return now;
    }();
    std::optional<RunRecord> record;
    if (found != finished_.end()) {
      record = std::move(found->second);
      finished_.erase(found);
    }
    lock.unlock();
    const bool go_on = !record || done(handed_out++, *std::move(record));
    if (options_.progress) options_.progress(state);
    lock.lock();
    if (!go_on) stopped_ = true;
    if (options_.interrupted && options_.interrupted()) stopped_ = true;
    if (stopped_) room_.notify_all();
  }
  return count_ - next_;
}

int usable_cpus() {
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof cpus, &cpus) == 0) return std::max(1, CPU_COUNT(&cpus));
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

Bytes size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

// What is brought into the guest, about: libraries are not looked up here.
Bytes delivery_of(const RunRequest& request) {
  Bytes size = kLibrariesRoom + size_of(request.test_binary);
  const auto add_program_of = [&](const std::string& command) {
    const auto words = split_command(command);
    if (words && !words->empty()) size += size_of(words->front());
  };
  add_program_of(request.scheduler);
  for (const auto& [name, staged] : request.staged) add_program_of(staged.command);
  for (const std::string& file : request.include_files) size += size_of(file);
  for (const Payload& payload : request.payloads) {
    if (const auto program = find_payload(payload.program_name())) size += size_of(*program);
    for (const std::string& file : payload.files()) size += size_of(file);
  }
  return size;
}

}  // namespace

std::uint64_t run_pool(std::uint64_t count, const std::function<PoolJob(std::uint64_t)>& job,
                       const PoolOptions& options, const std::function<bool(std::uint64_t, RunRecord)>& done) {
  return Pool(count, job, options).run(done);
}

PoolOptions pool_for_runs(int jobs, const RunnerEnvironment& environment) {
  PoolOptions options;
  options.jobs = jobs > 0 ? jobs : usable_cpus();
  options.free_ram = [ram_dir = environment.ram_dir] { return free_space(ram_dir); };
  options.interrupted = interrupted;
  return options;
}

Bytes ram_of(const RunRequest& request) {
  if (!request.settings.topology.validate()) return 0;  // its run says what is wrong
  const Bytes memory =
      request.settings.memory != 0 ? request.settings.memory : memory_by_rule(request.settings.topology);
  return MemoryLayout::plan(request.settings.topology, memory, mailbox::size_for_delivery(delivery_of(request)))
             .total() +
         kInitramfsRoom;
}

}  // namespace ktstr
