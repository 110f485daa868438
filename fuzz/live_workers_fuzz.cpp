// SPDX-License-Identifier: Apache-2.0
//
// The live area as a guest may leave it: the first bytes are its head, the others its first entries.
#include <algorithm>
#include <cstring>

#include "wire/live_workers.h"

using namespace ktstr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ByteVector memory(mailbox::kDeliveryOffset);
  const mailbox::View view(memory);
  constexpr std::size_t kEdited = 64;
  const auto entries = view.live_workers().first(kEdited);
  std::memset(static_cast<void*>(entries.data()), 0, entries.size_bytes());
  const std::size_t of_head = std::min(size, sizeof(LiveHead));
  std::memcpy(static_cast<void*>(&view.layout().live), data, of_head);
  std::memcpy(static_cast<void*>(entries.data()), data + of_head, std::min(size - of_head, entries.size_bytes()));
  const LiveWorkersSeen seen = read_live_workers(view);
  if (seen.workers.size() > kEdited) __builtin_trap();
  for (const WorkerLastSeen& worker : seen.workers)
    if (worker.cgroup.size() > LiveWorker::kNameBytes || worker.pid <= 0 || worker.index < 0) __builtin_trap();
  return live_iterations(view) == 1 && seen.beyond == 1 ? -1 : 0;
}
