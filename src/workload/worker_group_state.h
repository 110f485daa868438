// SPDX-License-Identifier: Apache-2.0
//
// What a WorkerGroup consists of, shared by its two files: worker_group.cpp (start, changes of live workers) and
// worker_group_end.cpp (stop, death, reports).
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/breather.h"
#include "base/clock.h"
#include "workload/group_memory.h"
#include "workload/group_resources.h"
#include "workload/live_workers.h"
#include "workload/worker_group.h"
#include "workload/worker_process.h"
#include "workload/worker_report.h"
#include "workload/worker_threads.h"

namespace ktstr {

struct WorkerGroup::Process {
  std::string task;  // for messages
  WorkerProcess handle;
  bool ended = false;  // seen on its pidfd
  bool reaped = false;
  std::string exit;             // how it ended where that was not the ordinary end; once it is reaped
  bool status_unknown = false;  // somebody else reaped it
  bool by_sigkill = false;
  bool before_kill = false;  // it had ended when the scenario killed the group
};

struct WorkerGroup::Worker {
  WorkerPlan plan;
  LivePlace live;
  std::size_t process = 0;         // its place among the group's
  HoldTimes::Wait held_wait = {};  // the longest that a hold put an end to
  std::string sched_class;         // WorkerReport::sched_class
  int nice = 0;                    // as last seen
  std::vector<NodePages> node_pages;
};

struct WorkerGroup::State {
  ~State();
  Status start(const std::vector<WorkerPart>& parts, int first_index);
  // Asks the work types what their workers share, and makes that.
  Status prepare(const std::vector<WorkerPart>& parts);
  Status add_part(const WorkerPart& part, const GroupResources& shared);
  // Before it exists.
  void place(std::size_t i);
  Status add_process(const WorkerPlan& plan, Result<WorkerProcess> process);
  Status wait_until_ready();
  // False: it is on its way. An Error when it never will be.
  Result<bool> is_ready(const WorkerPlan& plan, Process& process);
  // Waits for pidfds, and for `eventfd` too where it is valid; false when the deadline has passed.
  Result<bool> wait_for_change(Nanoseconds deadline, const Fd& eventfd);
  Status wait_until_ended(Nanoseconds deadline);
  // SIGKILL to those that have not ended; whether there are any.
  bool send_kill();
  void kill_and_reap();
  Status wait_for_deaths();
  // CPU time of those that have not ended, of all threads together, in ns.
  std::uint64_t cpu_time_of_dying() const;
  WorkerReport report_of(std::size_t i, std::uint64_t now_ns);
  void reap(Process& process);
  // How a worker whose process has ended did, where that was not the ordinary end.
  std::string exit_of(const Worker& worker);
  // A thread may have, and its process not.
  bool has_ended(const Worker& worker) const {
    return processes[worker.process].ended || worker.plan.slot->state == WorkerSlot::kFinished;
  }
  // Does `change` to every worker that lives; one that ends meanwhile is passed over.
  Status change_each(const std::function<Status(std::size_t i, pid_t pid, const std::string& task)>& change);
  void set_timer_slack(const WorkerPlan& plan, pid_t pid, const std::string& task) const;
  // Looks at the class and the nice value of all that live.
  void note_sched();
  void note_node_pages();
  void wake_stopped();
  // After a change of `frozen` or `may_be_stopped`.
  void update_hold();
  void add_times_from_outside(WorkerReport& report, const WorkerSlot& slot) const;
  bool all_ended() const {
    return std::all_of(processes.begin(), processes.end(), [](const Process& each) { return each.ended; });
  }

  std::string where() const;  // "workers of cg_0"

  std::shared_ptr<LiveWorkers> live;  // may be null
  std::string cgroup, proc_root;
  int first_index = 0;
  GroupMemory memory;
  Fd ready_eventfd;
  std::vector<GroupResources> resources;  // of each part
  Fd stop_event;                          // where workers have files to wait for
  std::vector<int> kept_files;            // that workers keep open, ascending
  std::vector<Worker> workers;            // in order of index
  std::optional<WorkerPlan> leader;       // where they are threads
  WorkerThreads threads;
  std::vector<Process> processes;
  bool may_be_stopped = false;  // by a signal that we sent
  bool frozen = false;
  bool released = false;
  bool stopped = false;  // stop() is done
  bool collected = false;
  std::uint64_t kill_expected_ns = 0;  // CLOCK_MONOTONIC; 0: the scenario does not kill them
  Nanoseconds killed_at{};             // by stop()
  std::vector<WorkerReport> reports;   // of stop()
  // A crowd takes us seconds, at a real-time priority.
  Breather breather;
};

}  // namespace ktstr
