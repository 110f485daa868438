// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/btf.h"
#include "trace/event_kinds.h"

namespace ktstr {

// What lies in data of a type, by the names of its members: "lock", "cfs.nr_queued". As many as a name is worth to be
// looked for in; what is looked at is taken off `budget`, and with it this ends.
std::vector<trace::MemberSeen> members_in(const Btf& btf, BtfTypeId type, std::uint32_t of, std::uint64_t& budget);

}  // namespace ktstr
