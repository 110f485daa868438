// SPDX-License-Identifier: Apache-2.0
#include "ktstr/scenario.h"

namespace ktstr {

Backdrop& Backdrop::push_cgroup(CgroupDef def) {
  cgroups.push_back(std::move(def));
  return *this;
}

Backdrop& Backdrop::push_op(Op op) {
  ops.push_back(std::move(op));
  return *this;
}

Backdrop& Backdrop::push_payload(Payload payload) {
  payloads.push_back(std::move(payload));
  return *this;
}

}  // namespace ktstr
