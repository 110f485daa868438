// SPDX-License-Identifier: Apache-2.0
//
// Three tests of one scenario: two cgroups, each on a last-level cache of its own, both CPUs of each contended. Run
// them all, or one, or with your own scheduler:
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

// A scheduler that is declared once, for all tests that name it: how it is started, and what it needs and is checked
// for.
KTSTR_SCHEDULER(small_slices, {.program = "scx_ktstr",
                               .args = {"--slice-us", "3000"},
                               .topology = "1n2l2c1t",
                               .checks = {.max_gap = 1s},
                               .constraints = {.min_llcs = 2}});

KTSTR_TEST(two_cgroups_small_slices, {.scheduler = "small_slices", .duration = 500ms}) {
  return execute_defs(ctx, one_cgroup_per_llc());
}
