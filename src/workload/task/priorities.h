// SPDX-License-Identifier: Apache-2.0
//
// Who preempts whom in a guest, as SCHED_FIFO and SCHED_RR priorities: the agent, then the body, then all that tests
// start. A worker above the body could keep it from ever ending the scenario.
#pragma once

namespace ktstr {

constexpr int kMostWorkerPriority = 97;
constexpr int kBodyPriority = 98;
constexpr int kAgentPriority = 99;  // sched(7): the highest

}  // namespace ktstr
