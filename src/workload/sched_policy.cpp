// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"
#include "ktstr/work.h"

namespace ktstr {

Status SchedPolicy::validate() const { return ok(); }
std::string SchedPolicy::describe() const { return ""; }

}  // namespace ktstr
