// SPDX-License-Identifier: Apache-2.0
//
// Schedulers that we did not write: out of the kernel's tools/sched_ext, built by tests/third_party_schedulers.
#include "guests.h"

namespace ktstr {
namespace {

class ThirdParty : public GuestTest {
 protected:
  void expect_pass(const std::string& name, const std::string& ops) {
    const fs::path program = fs::path(KTSTR_THIRD_PARTY_DIR) / name;
    if (!fs::exists(program)) {
      skip_or_fail("third_party", program.string() + " is not built; `./dev.sh test` builds it");
      return;
    }
    const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", program.string()});
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
    EXPECT_EQ(ran.json["scheduler"]["ops"], ops);
  }
};

TEST_F(ThirdParty, ScxSimplePasses) { expect_pass("scx_simple", "simple"); }
TEST_F(ThirdParty, ScxFlatcgPasses) { expect_pass("scx_flatcg", "flatcg"); }

TEST_F(ThirdParty, ScxQmapPasses) { expect_pass("scx_qmap", "qmap"); }

class FixtureOn618 : public GuestTest {};

TEST_F(FixtureOn618, Passes) {
  need_kernel("6.18");
  if (IsSkipped() || HasFatalFailure()) return;
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", fixture(), "--kernel", "6.18"});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.json["scheduler"]["ops"], "ktstr");
}

}  // namespace
}  // namespace ktstr
