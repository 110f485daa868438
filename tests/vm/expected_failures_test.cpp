// SPDX-License-Identifier: Apache-2.0
//
// Failures that a scenario file expects, by kind and words.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;

class ExpectedFailures : public GuestTest {
 protected:
  GuestRun run_expecting(const std::string& expect, const std::string& switches) {
    const fs::path scenario = write("expecting.toml", "topology = \"1n1l2c1t\"\nduration = \"1s\"\nexpect = " + expect +
                                                          "\n[[cgroup]]\nname = \"load\"\nworkers = 2\n");
    return run({scenario.string(), "--scheduler", fixture(switches)});
  }
};

TEST_F(ExpectedFailures, PassWithTheRightWordsAlone) {
  const GuestRun right = run_expecting(R"({ kind = "scheduler_crashed", pattern = "crash requested after \\d+ ms" })",
                                       "--crash-after 200");
  EXPECT_EQ(right.status, 0) << right.out << right.err;
  EXPECT_THAT(right.out, HasSubstr("expected failure: scheduler_crashed matching 'crash requested after "));
  const GuestRun other = run_expecting(R"({ kind = "scheduler_stalled", text = "x" })", "--crash-after 200");
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.first_message(), HasSubstr("which did not come: what failed is of kind 'scheduler_crashed'"));
}

TEST_F(ExpectedFailures, AreLookedForInTheVerifiersLog) {
  // What the verifier ends its log with; the finding's message has another line of it.
  const GuestRun right =
      run_expecting(R"({ kind = "scheduler_rejected", pattern = "processed \\d+ insns" })", "--fail-verify");
  EXPECT_EQ(right.status, 0) << right.out << right.err;
  EXPECT_THAT(right.out, HasSubstr("in the scheduler's log"));
  const GuestRun wrong =
      run_expecting(R"({ kind = "scheduler_rejected", text = "BPF program is too large" })", "--fail-verify");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.first_message(), HasSubstr("the kind came, but the words are not in its message"));
  EXPECT_EQ(wrong.failures().at(1), "scheduler_rejected");
}

}  // namespace
}  // namespace ktstr
