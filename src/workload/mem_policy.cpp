// SPDX-License-Identifier: Apache-2.0
#include "ktstr/work.h"

namespace ktstr {

Status MemPolicy::check(const TestTopology&, const CpuSet&) const { return ok(); }
std::string MemPolicy::describe() const { return ""; }

}  // namespace ktstr
