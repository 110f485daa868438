// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/data_members.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "trace/events.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostMembersOfData = 512, kDeepestMember = 4;

struct Members {
  const Btf& btf;
  std::uint32_t of;
  std::uint64_t& budget;
  std::vector<trace::MemberSeen> found;

  void add(BtfTypeId type, std::uint64_t offset, const std::string& before, std::size_t depth) {
    if (budget == 0) return;
    const auto data = btf.struct_of(type);
    if (!data) return;
    budget -= std::min<std::uint64_t>(budget, data->members.size() + 1);
    for (const BtfMember& member : data->members) {
      if (found.size() == kMostMembersOfData) return;
      const std::uint64_t at = offset + member.offset_bits / 8;
      const BtfTypeId stripped = btf.strip(member.type);
      const bool has_members = btf.kind(stripped) == BtfKind::kStruct || btf.kind(stripped) == BtfKind::kUnion;
      if (has_members && depth + 1 < kDeepestMember) {
        add(stripped, at, member.name.empty() ? before : fmt::format("{}{}.", before, member.name), depth + 1);
        continue;
      }
      trace::MemberSeen seen{.of = of,
                             .offset = static_cast<std::uint32_t>(at),
                             .bytes = static_cast<std::uint32_t>(btf.size_of(stripped)),
                             .name = {}};
      put_text(fmt::format("{}{}", before, member.name), seen.name);
      found.push_back(seen);
    }
  }
};

}  // namespace

std::vector<trace::MemberSeen> members_in(const Btf& btf, BtfTypeId type, std::uint32_t of, std::uint64_t& budget) {
  Members members{btf, of, budget, {}};
  members.add(type, 0, "", 0);
  return std::move(members.found);
}

}  // namespace ktstr
