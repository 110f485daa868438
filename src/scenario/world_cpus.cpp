// SPDX-License-Identifier: Apache-2.0
//
// The World's part that changes which CPUs workers may use, while the isolation check follows.
#include <fmt/format.h>

#include <cerrno>

#include "scenario/world.h"

namespace ktstr {

void World::allow_meanwhile(LiveCgroup& group, const CpuSet& cpus) {
  for (const WorkerSet& set : group.sets) set.workers->set_allowed(cpus);
}

Status World::write_cpuset(const std::string& group, const std::optional<CpuSet>& cpus) {
  constexpr std::string_view kFile = "cpuset.cpus";
  Status written = cgroups().set(group, kFile, cpus ? cpus->to_string() : "");
  if (written || cpus || written.error().saved_errno() != ENOSPC) return written;
  // Linux 6.18 lets no cgroup with tasks inherit (validate_change(), kernel/cgroup/cpuset.c; 7.3 does): it is given
  // what it would inherit.
  KTSTR_TRY_ASSIGN(const std::string inherited, cgroups().get(parent_of(group), "cpuset.cpus.effective"));
  return cgroups().set(group, kFile, inherited);
}

Status World::change_cpuset(Found found, std::optional<CpuSet> cpus) {
  LiveCgroup& group = *found.group;
  const bool bounded = cpus && group.cpuset;
  allow_meanwhile(group, bounded ? cpus->union_with(*group.cpuset) : CpuSet());
  Status written = write_cpuset(group.name, cpus).context(fmt::format("cgroup '{}'", group.name));
  if (written) group.cpuset = std::move(cpus);
  group.allow(group.cpuset);
  return written;
}

Status World::with_cpus_in_flux(const std::function<Status()>& change) {
  const auto allow_all = [this](bool everything) {
    for_each_scope([&](Scope& scope) {
      const auto online = scope.machine().online();
      for (LiveCgroup& group : scope.live()) {
        std::optional<CpuSet> cpus;
        // A cpuset whose CPUs are all offline is given its parent's by the kernel.
        if (!everything && group.cpuset) {
          cpus = online ? group.cpuset->intersection(*online) : *group.cpuset;
          if (cpus->empty()) cpus.reset();
        }
        if (everything)
          allow_meanwhile(group, CpuSet());
        else
          group.allow(cpus);
      }
    });
  };
  allow_all(true);
  Status changed = change();
  allow_all(false);
  return changed;
}

Status World::switch_cpus(const std::function<Status()>& change) {
  if (loops_) return with_cpus_in_flux(change);
  Status changed = ok();
  off_the_clock([&] { changed = with_cpus_in_flux(change); });
  return changed;
}

}  // namespace ktstr
