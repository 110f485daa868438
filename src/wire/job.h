// SPDX-License-Identifier: Apache-2.0
//
// The job: what the agent shall do. It travels as /ktstr/job.json in the delivery, beside the files that it names.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ktstr/run_settings.h"
#include "ktstr/topology.h"
#include "model/machine_setup.h"
#include "model/phase_limits.h"

namespace ktstr {

struct Job {
  RunSettings settings;
  std::vector<std::string> body = {};       // argv of the body; empty: the agent runs `scenario` itself
  std::string scenario = {};                // a scenario file's text
  std::vector<std::string> scheduler = {};  // argv; empty: none
  // That ops may start: argv by the name that the op gives.
  std::map<std::string, std::vector<std::string>> staged = {};
  PhaseLimits limits = {};
  MachineSetup setup = {};                     // before the body starts; of runs without an AttachJob
  std::optional<bool> traced = {};             // true: the agent has the guest's kernel trace itself
  std::vector<std::string> probe_events = {};  // ... with these, see trace/tracefs/probe_events.h
};

constexpr const char* kJobPath = "ktstr/job.json";

// What comes before the job where there is a scheduler: nothing of the test, so that the machine with the scheduler
// attached is the same for all tests.
struct AttachJob {
  std::vector<std::string> scheduler;  // argv; empty: none is attached
  // That ops may attach, as in Job, and how many of each are loaded before there is a test, and stand ready.
  std::map<std::string, std::vector<std::string>> staged;
  std::map<std::string, int> copies;
  MachineSetup setup;  // before any of them starts
  Topology topology;
  std::chrono::milliseconds limit{};  // guest time
};

constexpr const char* kAttachJobPath = "ktstr/attach.json";

std::string job_to_json(const Job& job);
Result<Job> job_from_json(std::string_view text);
std::string attach_job_to_json(const AttachJob& job);
Result<AttachJob> attach_job_from_json(std::string_view text);

}  // namespace ktstr
