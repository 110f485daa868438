// SPDX-License-Identifier: Apache-2.0
//
// Host mode: a scenario on the running machine, without a VM. The same steps, workers and checks as in a guest, on the
// machine's own topology and scheduler, at ordinary priority. For schedulers on real hardware, and for scenarios that
// are to be debugged with the tools of the host. What repeats bit for bit in a guest does not repeat here.
//
// The process that calls run_on_host() is the run: its pid names the cgroup. It is a child of ktstr or of the test
// program (host_body.h), so that its crash is a verdict and what it leaves behind is cleaned up by somebody.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "ktstr/scenario.h"
#include "scenario/executor_hooks.h"

namespace ktstr {

struct HostRequest {
  RunSettings settings;         // without payload_path, which is this machine's
  EventSink* events = nullptr;  // must be set
  std::vector<int> harness;     // our processes that may be moved out of our own cgroup; this one is among them anyway
  fs::path journals;            // see journal_dir()
  fs::path proc_root = "/proc", sysfs_root = "/sys";
  std::shared_ptr<const ExecutorHooks> hooks = {};  // null: those of host mode
  std::shared_ptr<LiveWorkers> live_workers = {};   // for those; null: nobody sees what workers do
};

using HostBody = std::function<Result<AssertResult>(Ctx&)>;

// Everything that it made is gone when it returns; what could not be removed is a note in the result. An Error says
// that the machine cannot do it, or what was wrong with the scenario.
Result<AssertResult> run_on_host(const HostRequest& request, const HostBody& body);

}  // namespace ktstr
