// SPDX-License-Identifier: Apache-2.0
//
// Schedulers that we did not write: out of the kernel's tools/sched_ext, built by tests/third_party_schedulers.
#include "guests.h"

namespace ktstr {
namespace {

class ThirdParty : public GuestTest {
 protected:
  // Empty when it is not built; the test is then skipped or has failed.
  std::string built(const std::string& name) {
    const fs::path program = fs::path(KTSTR_THIRD_PARTY_DIR) / name;
    if (fs::exists(program)) return program.string();
    const auto missing = [&] { skip_or_fail("third_party", program.string() + " is not built; `./dev.sh test` builds it"); };
    missing();
    return "";
  }
  void expect_pass(const std::string& name, const std::string& ops) {
    const std::string program = built(name);
    if (program.empty()) return;
    const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", program});
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
    EXPECT_EQ(ran.json["scheduler"]["ops"], ops);
  }
};

TEST_F(ThirdParty, ScxSimplePasses) { expect_pass("scx_simple", "simple"); }
TEST_F(ThirdParty, ScxFlatcgPasses) { expect_pass("scx_flatcg", "flatcg"); }

// clang 19 makes code of its BPF arena that the verifier refuses, a newer clang does not: both must be told truthfully.
TEST_F(ThirdParty, ScxQmapPassesOrIsRefusedByTheVerifierInItsWords) {
  const std::string program = built("scx_qmap");
  if (program.empty()) return;
  const GuestRun ran = run({example("two_cgroups.toml"), "--scheduler", program});
  if (ran.status == 0) {
    EXPECT_EQ(ran.json["scheduler"]["ops"], "qmap");
    return;
  }
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_EQ(ran.failures(), std::vector<std::string>{"scheduler_rejected"});
  EXPECT_NE(ran.first_message().find("the BPF verifier refused the scheduler: R"), std::string::npos)
      << ran.first_message();
}

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
