// SPDX-License-Identifier: Apache-2.0
//
// What work types make for their workers on a real kernel, a disk and cgroups, is there with them and gone with them.
#include "base/file.h"
#include "observed.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

std::size_t disks() {
  std::size_t count = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/kernel/config/nullb", error))
    if (entry.is_directory()) ++count;
  return count;
}

}  // namespace

KTSTR_TEST(own_things_go_with_their_workers, {.topology = "1n1l2c1t", .duration = 600ms}) {
  const std::string before = what_is_left(ctx);
  const std::vector<CgroupDef> cgroups = {CgroupDef::named("disk").workers(2).work_type(IoConvoy{.latency = 50us}),
                                          CgroupDef::named("churn").workers(2).work_type(CgroupChurn{.cycle = 1ms}),
                                          CgroupDef::named("storm").work_type(CgroupAttachStorm{})};
  const Backdrop backdrop = Backdrop().push_cgroup(CgroupDef::named("stays").work_type(IoRandRead{}));
  const std::vector<Step> steps = {
      {.setup = cgroups, .hold = HoldSpec::fixed(60ms)},
      {.setup = cgroups, .ops = {Op::kill_cgroup("stays")}, .hold = HoldSpec::fixed(60ms)}};
  auto result = observed(ctx, backdrop, steps, [](int step, Observer& see) {
    see.equal("that cgroup's type", see.cgroup("churn", "cgroup.type"), "domain threaded");
    see.equal("what it passes on", see.cgroup("churn", "cgroup.subtree_control"), "cpu");
    see.that(step == 2 || disks() == 2, "each WorkSpec has a disk of its own");
  });
  if (!result) return result;
  for (const CgroupStats& stats : result->cgroups)
    result->claim(stats.iterations > 0, fmt::format("those of {} get something done", stats.cgroup));
  result->claim(disks() == 0, fmt::format("no disk is left (seen: {})", disks()));
  const std::string after = what_is_left(ctx);
  result->claim(after == before, fmt::format("nothing is left behind (before: {}; after: {})", before, after));
  return result;
}
