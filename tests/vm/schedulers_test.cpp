// SPDX-License-Identifier: Apache-2.0
//
// Schedulers that we did not write: out of the kernel's tools/sched_ext, built by tests/third_party_schedulers.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

class ThirdParty : public GuestTest {
 protected:
  // "" where it is not built.
  static std::string built(const std::string& name) {
    const fs::path program = fs::path(KTSTR_THIRD_PARTY_DIR) / name;
    if (fs::exists(program)) return program.string();
    skip_or_fail("third_party", program.string() + " is not built; `./dev.sh test` builds it");
    return "";
  }
  void expect_pass(const std::string& name, const std::string& ops) {
    const std::string program = built(name);
    if (program.empty()) return;
    const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", program});
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
    EXPECT_EQ(ran.json["schedulers"].back()["ops"], ops);
  }
};

// It wakes no idle CPU for a task that it puts back at the end of a slice. Where two tasks come to share a CPU, another
// one may stay idle beside them for longer than its default limit allows, which is found: a matter of the seed and the
// build.
TEST_F(ThirdParty, ScxSimplePassesButForIdleCpus) {
  const std::string program = built("scx_simple");
  if (program.empty()) return;
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", program});
  EXPECT_THAT(ran.failures(), testing::Each("work_conservation")) << ran.out << ran.err;
  EXPECT_EQ(ran.status, ran.failures().empty() ? 0 : 1) << ran.out << ran.err;
  EXPECT_EQ(ran.json["schedulers"].back()["ops"], "simple");
}

TEST_F(ThirdParty, ScxFlatcgPasses) { expect_pass("scx_flatcg", "flatcg"); }

TEST_F(ThirdParty, ScxQmapPasses) { expect_pass("scx_qmap", "qmap"); }

// Reads CONFIG_HZ of the kernel's configuration when it is loaded.
TEST_F(ThirdParty, ScxCentralAttaches) {
  const std::string program = built("scx_central");
  if (program.empty()) return;
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", program});
  EXPECT_EQ(ran.json["schedulers"].back()["ops"], "central") << ran.out << ran.err;
  EXPECT_EQ(ran.json["schedulers"].back()["state_at_end"], "enabled");
}

// It has no ops for CPUs that come and go: the kernel ends it, and it loads itself again. That may take longer than the
// scenario: the run is inconclusive then, and this test passes.
TEST_F(ThirdParty, ScxSimpleIsNotBlamedForCpuHotplug) {
  const std::string program = built("scx_simple");
  if (program.empty()) return;
  const GuestRun ran = run({":hotplug", "--topology", "1n1l2c1t", "--duration", "500ms", "--scheduler", program});
  EXPECT_THAT(ran.status, testing::AnyOf(0, 2)) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), testing::IsEmpty());
  EXPECT_THAT(ran.out, testing::HasSubstr("because a CPU went online or offline, and it attached again"));
}

class FixtureOn618 : public GuestTest {};

TEST_F(FixtureOn618, Passes) {
  need_kernel("6.18");
  if (IsSkipped() || HasFatalFailure()) return;
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", fixture(), "--kernel", "6.18"});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.json["schedulers"].back()["ops"], "ktstr");
}

}  // namespace
}  // namespace ktstr
