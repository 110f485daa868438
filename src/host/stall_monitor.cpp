// SPDX-License-Identifier: Apache-2.0
#include "host/stall_monitor.h"

#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace ktstr {

struct StallMonitor::State {
  explicit State(Options all) : options(std::move(all)), detector(options.proc_root, options.flat_samples) {}
  ~State() { join(); }
  void run();
  void join();

  const Options options;
  std::mutex mutex;  // of what follows, the thread apart
  std::condition_variable changed;
  StallDetector detector;
  std::vector<StallReport> reports;
  bool stopping = false;
  std::thread thread;
};

void StallMonitor::State::run() {
  std::unique_lock lock(mutex);
  while (!changed.wait_for(lock, options.interval, [this] { return stopping; })) {
    std::vector<StallReport> found = detector.sample(options.now());
    if (options.on_report)
      for (const StallReport& report : found) options.on_report(report);
    std::move(found.begin(), found.end(), std::back_inserter(reports));
  }
}

void StallMonitor::State::join() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  if (thread.joinable()) thread.join();
}

StallMonitor::StallMonitor(std::unique_ptr<State> state) : state_(std::move(state)) {}
StallMonitor::StallMonitor(StallMonitor&&) noexcept = default;
StallMonitor& StallMonitor::operator=(StallMonitor&&) noexcept = default;
StallMonitor::~StallMonitor() = default;

Result<StallMonitor> StallMonitor::start(Options options) {
  if (options.interval.count() <= 0 || options.flat_samples < 1)
    return fail(ErrorCode::kInvalidArgument,
                "cannot watch for stalled workers with {} samples {} ns apart; both must be at least 1",
                options.flat_samples, options.interval.count());
  auto state = std::make_unique<State>(std::move(options));
  KTSTR_TRY(state->detector.check_supported());
  // The thread takes no signal: those are the main thread's. It inherits the mask.
  sigset_t all, old;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &old);
  int failed = 0;
  try {
    state->thread = std::thread(&State::run, state.get());
  } catch (const std::system_error& error) {
    failed = error.code().value();
  }
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (failed != 0) return Error::from_errno(failed, "cannot start the thread that watches for stalled workers");
  return StallMonitor(std::move(state));
}

void StallMonitor::watch(const std::vector<int>& pids) {
  const std::lock_guard lock(state_->mutex);
  state_->detector.watch(pids);
}

void StallMonitor::unwatch(const std::vector<int>& pids) {
  const std::lock_guard lock(state_->mutex);
  state_->detector.unwatch(pids);
}

std::vector<StallReport> StallMonitor::stop() {
  state_->join();
  return std::exchange(state_->reports, {});
}

}  // namespace ktstr
