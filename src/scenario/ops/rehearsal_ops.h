// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ktstr/op.h"
#include "scenario/plan/rehearsed_world.h"

namespace ktstr {

// What the op will find when its turn comes, and what it leaves: a mistake where it could only fail or do nothing.
void rehearse(const Op& op, RehearsedWorld& world);

}  // namespace ktstr
