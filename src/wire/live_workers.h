// SPDX-License-Identifier: Apache-2.0
//
// The host's look at a live area: what workers have done so far, whether or not their guest still lives. The guest
// writes there what it likes, so an entry is bounded, and believed by nobody.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/live_worker.h"
#include "wire/mailbox.h"

namespace ktstr {

struct LiveWorkersSeen {
  std::vector<WorkerLastSeen> workers;  // that were released and have not given back their entry
  std::uint32_t beyond = 0;             // workers besides them that have no entry
};

LiveWorkersSeen read_live_workers(const LiveHead& head, std::span<const LiveWorker> entries);
LiveWorkersSeen read_live_workers(mailbox::View view);
// Of all workers since the start, while the guest goes on. At most UINT64_MAX.
std::uint64_t live_iterations(mailbox::View view);

}  // namespace ktstr
