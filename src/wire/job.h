// SPDX-License-Identifier: Apache-2.0
//
// The job: what the agent shall do. It travels as /ktstr/job.json in the delivery, beside the files that it names.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "ktstr/checks.h"
#include "ktstr/topology.h"
#include "ktstr/vary.h"

namespace ktstr {

struct PhaseLimits {
  // Guest time, from the phase's start.
  std::chrono::milliseconds attach{60000};  // a large BPF scheduler takes 20 s in the verifier of an emulated guest
  std::chrono::milliseconds dispatch{20000};
  std::chrono::milliseconds body{60000};
  std::chrono::milliseconds teardown{20000};
};

struct Job {
  std::string test;                            // its name
  std::vector<std::string> body;               // argv of the body; empty: the agent runs `scenario` itself
  std::string scenario;                        // a scenario file's text
  std::vector<std::string> args;               // Ctx::args()
  std::vector<std::string> scheduler;          // argv; empty: none
  std::vector<std::string> payload_path = {};  // directories where payloads' programs are looked for
  Topology topology;
  std::chrono::nanoseconds duration{};
  std::uint64_t seed = 0;
  VarySet vary = VarySet::all();       // what the seed varies
  std::uint32_t turn = 0;              // instructions; the host ends the vCPUs' turns. 0: it does not
  std::chrono::nanoseconds quantum{};  // where `turn` is 0: of the hand-over timer; 0: none (modes other than det)
  Checks checks;
  PhaseLimits limits;
};

constexpr const char* kJobPath = "ktstr/job.json";

// What comes before the job where there is a scheduler: nothing of the test, so that the machine with the scheduler
// attached is the same for all tests.
struct AttachJob {
  std::vector<std::string> scheduler;  // argv
  Topology topology;
  std::chrono::milliseconds limit{};  // guest time
};

constexpr const char* kAttachJobPath = "ktstr/attach.json";

std::string job_to_json(const Job& job);
Result<Job> job_from_json(std::string_view text);
std::string attach_job_to_json(const AttachJob& job);
Result<AttachJob> attach_job_from_json(std::string_view text);

}  // namespace ktstr
