// SPDX-License-Identifier: Apache-2.0
//
// Two tests of one scenario: two cgroups, each on a last-level cache of its own, both CPUs of each contended. Run them
// all, or one, or with your own scheduler:
//
//   first_test
//   first_test --filter two_cgroups --scheduler "/path/to/scx_mine --verbose"
#include <ktstr/ktstr.h>

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

std::vector<CgroupDef> one_cgroup_per_llc() {
  return {CgroupDef::named("cg_0").workers(4).cpuset(CpusetSpec::llc(0)),
          CgroupDef::named("cg_1").workers(4).cpuset(CpusetSpec::llc(1))};
}

}  // namespace

KTSTR_TEST(two_cgroups, {.topology = "1n2l2c1t", .scheduler = "scx_ktstr", .duration = 2s}) {
  return execute_defs(ctx, one_cgroup_per_llc());
}

// No scheduler: the kernel's own (EEVDF).
KTSTR_TEST(two_cgroups_eevdf, {.topology = "1n2l2c1t", .duration = 2s}) {
  return execute_defs(ctx, one_cgroup_per_llc());
}
