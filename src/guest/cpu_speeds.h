// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scenario/machine_changes.h"
#include "wire/request.h"

namespace ktstr::guest {

// The speed of the guest's CPUs: the body asks the host, which decides it where turns are the plugin's.
CpuSpeedControl cpu_speeds(const RequestTransport& host);

}  // namespace ktstr::guest
