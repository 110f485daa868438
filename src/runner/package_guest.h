// SPDX-License-Identifier: Apache-2.0
//
// What goes into the guest: the initramfs (agent and its libraries; the same for every test) and the delivery (job,
// scheduler, test program, included files; put into the mailbox).
#pragma once

#include <map>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "runner/runner.h"
#include "wire/job.h"

namespace ktstr {

using InputHashes = std::map<std::string, std::string>;

Result<ByteVector> make_initramfs(const fs::path& agent, InputHashes& inputs);

struct Delivery {
  ByteVector archive;
  Job job;
};
// `job` comes with what does not depend on files (test, topology, seed, ...); scheduler and body are filled in here.
Result<Delivery> make_delivery(const RunRequest& request, Job job, InputHashes& inputs);

}  // namespace ktstr
