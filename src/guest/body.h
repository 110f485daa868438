// SPDX-License-Identifier: Apache-2.0
//
// The test's body inside the guest: a process of its own, started by the agent. It builds the Ctx, runs a test function
// or a scenario file, and writes marks, reports and the result into its lane.
#pragma once

#include <string>

#include "ktstr/test.h"

namespace ktstr {

// The hidden first argument by which the agent starts a body: "--ktstr-body=NAME".
constexpr const char* kBodyArgument = "--ktstr-body=";
// The number of the body's end of the socket on which it asks the agent (agent_channel.h).
constexpr const char* kAgentFdVariable = "KTSTR_AGENT_FD";

// Exit statuses of a body: 0 when a result was written; 70 (EX_SOFTWARE) when not even that was possible.
int guest_body_main(const std::string& test_name, TestBody body);
// The same for the job's scenario file.
int guest_scenario_main();

}  // namespace ktstr
