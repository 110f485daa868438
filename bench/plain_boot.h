// SPDX-License-Identifier: Apache-2.0
//
// The yardstick: QEMU with the command line of a det run, but an init that powers off at once and nobody who watches.
#pragma once

#include "base/result.h"
#include "engine/guest.h"
#include "stopwatch.h"

namespace ktstr::bench {

// From the start of QEMU to its end. `spec` as for run_guest(); its initramfs is set here.
Result<Taken> plain_boot(GuestSpec spec);

}  // namespace ktstr::bench
