// SPDX-License-Identifier: Apache-2.0
#include "host/stall_details.h"

#include <memory>
#include <mutex>
#include <utility>

namespace ktstr {

namespace {

// What is seen on the monitor's thread, until the executor asks for it.
class Inbox {
 public:
  void add(Detail detail) {
    const std::scoped_lock lock(mutex_);
    details_.push_back(std::move(detail));
  }
  std::vector<Detail> take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(details_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Detail> details_;
};

// "/user.slice/ktstr-12/cg_0/deep" is "cg_0/deep" to the scenario; outside of its groups it is "".
std::string name_in_scenario(const std::string& cgroup) {
  const std::size_t run = cgroup.find("/ktstr-");
  if (run == std::string::npos) return "";
  const std::size_t end = cgroup.find('/', run + 1);
  return end == std::string::npos ? "" : cgroup.substr(end + 1);
}

Detail blind(const Error& why) {
  return {.verdict = Verdict::kPass,
          .kind = DetailKind::kNote,
          .message = "stalled workers are not looked for: " + why.message()};
}

}  // namespace

Detail stall_detail(const StallReport& report) {
  return {.verdict = Verdict::kFail,
          .kind = DetailKind::kWorkerStalled,
          .message = report.describe(),
          .cgroup = name_in_scenario(report.cgroup)};
}

void watch_for_stalls(ExecutorHooks& hooks, StallMonitor::Options options) {
  const auto inbox = std::make_shared<Inbox>();
  options.on_report = [inbox](const StallReport& report) { inbox->add(stall_detail(report)); };
  hooks.stalls = [inbox] { return inbox->take(); };
  auto started = StallMonitor::start(std::move(options));
  if (!started) return inbox->add(blind(started.error()));
  const auto monitor = std::make_shared<StallMonitor>(*std::move(started));
  hooks.watch = [monitor](const std::vector<int>& pids) { monitor->watch(pids); };
  hooks.unwatch = [monitor](const std::vector<int>& pids) { monitor->unwatch(pids); };
}

}  // namespace ktstr
