// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "scenario/machine_changes.h"
#include "wire/mailbox.h"

namespace ktstr::guest {

// The speed of the guest's CPUs, which the host decides and changes at a ring. None where it does not.
std::optional<CpuSpeedControl> cpu_speeds(mailbox::View view);

}  // namespace ktstr::guest
