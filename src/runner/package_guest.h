// SPDX-License-Identifier: Apache-2.0
//
// What goes into the guest: the initramfs (agent and its libraries; the same for every test) and the delivery
// (scheduler, kernel configuration, test program, payloads, included files, job; put into the mailbox). All but the job
// is the same for every seed.
#pragma once

#include "base/bytes.h"
#include "base/file.h"
#include "kernel/select.h"
#include "runner/runner.h"
#include "wire/cpio.h"
#include "wire/job.h"

namespace ktstr {

// What of the delivery and the job comes from files of the request: `files`, `scheduler`, `body`, `payload_path` and
// their hashes.
Status pack_files(const RunRequest& request, PackedInputs& packed);
// Adds the kernel's configuration to what goes into the guest with the scheduler, as /boot/config-RELEASE: libbpf looks
// there for the values of `extern ... __kconfig`. Nothing where there is no scheduler or no configuration is known.
Status pack_kernel_config(const KernelImage& kernel, PackedInputs& packed);
// Adds the modules of the kernel that the scenario's work types need, or that a test's may. kInvalidArgument where the
// scenario needs one that is neither there nor known to be built in.
Status pack_kernel_modules(const KernelImage& kernel, const RunRequest& request, PackedInputs& packed);
// `initramfs` and its hashes. An Error is the machine's, not the user's.
Status pack_initramfs(const fs::path& agent, PackedInputs& packed);

// What the mailbox gets: the scheduler's files with their attach job, and the test's files with the job. They point
// into `packed`.
Result<LongerArchive> make_scheduler_delivery(const PackedInputs& packed, const RunRequest& request,
                                              std::chrono::milliseconds attach_limit);
Result<LongerArchive> make_run_delivery(const PackedInputs& packed, std::string_view job_json);

}  // namespace ktstr
