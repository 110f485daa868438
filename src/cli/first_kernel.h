// SPDX-License-Identifier: Apache-2.0
//
// The kernel of a machine that has none to boot: fetched when the first run needs it, so that nobody has to know of
// `ktstr kernel fetch` beforehand.
#pragma once

#include "base/result.h"
#include "kernel/select.h"

namespace ktstr::cli {

// What select_kernel() chooses by itself. Where there is nothing to choose, the newest kernel with sched_ext is fetched
// from Debian's archive and said so; several processes that want one at a time fetch one. With KTSTR_KERNEL_FETCH=never
// nothing is fetched: kUnsupported, as where the archive cannot be reached.
Result<KernelImage> default_or_first_kernel(const KernelEnvironment& environment);

}  // namespace ktstr::cli
