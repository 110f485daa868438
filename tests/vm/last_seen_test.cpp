// SPDX-License-Identifier: Apache-2.0
//
// Workers whose report never comes: what they had done stands in the guest's memory.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class LastSeen : public GuestTest {
 protected:
  // Runs `command`, after 0.3 s, in a shell whose parent is the body, beside two workers of a second step; that of the
  // first has reported by then.
  GuestRun run_with(const std::string& command) {
    const fs::path file = write("last_seen.toml", fmt::format(R"(
name = 'last_seen'
topology = '1n1l2c1t'
[[payload]]
name = 'end'
program = 'sh'
args = ['-c', 'sleep 0.3; {}']
include = ['/usr/bin/sleep']
[[step]]
hold = '20ms'
[[step.cgroup]]
name = 'early'
[[step]]
hold = '2s'
[[step.cgroup]]
name = 'cg_0'
workers = 2
[[step.op]]
op = 'run_payload'
payload = 'end'
)",
                                                              command));
    return run({file.string()});
  }

  static std::string report_of(const GuestRun& ran) {
    return read_text(fs::path(ran.json.at("run_dir").get<std::string>()) / "report.txt").value_or("");
  }

  // Up to `end_ns` into the body, which is when something ended them.
  static void expect_seen(const GuestRun& ran, std::uint64_t end_ns) {
    const auto& seen = ran.json.at("last_seen");
    ASSERT_EQ(seen.size(), 2u) << ran.out;
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(seen[i]["cgroup"], "cg_0");
      EXPECT_EQ(seen[i]["index"], i);
      EXPECT_GT(seen[i]["pid"], 1);
      EXPECT_GT(seen[i]["iterations"], 1000u);
      EXPECT_GE(seen[i]["work_units"], seen[i]["iterations"]);
      const std::uint64_t last = seen[i]["last_checkpoint_ns"], began = ran.json["body_start_ns"];
      EXPECT_GT(last, seen[i]["started_ns"]);
      EXPECT_NEAR(static_cast<double>(last - began), static_cast<double>(end_ns), 100e6);
    }
    ASSERT_EQ(ran.json["workers"].size(), 1u) << "of the first step";
    EXPECT_EQ(ran.json["workers"][0]["cgroup"], "early");
    EXPECT_EQ(ran.json["unseen_workers"], 0u);
    EXPECT_THAT(report_of(ran), AllOf(HasSubstr("Workers without a report, as last seen"), HasSubstr("\n  cg_0[1]  ")));
  }
};

TEST_F(LastSeen, IsSaidOfWorkersWhoseBodyIsKilled) {
  const GuestRun ran = run_with("kill -9 $PPID");
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_EQ(ran.failures().at(0), "body_crashed");
  expect_seen(ran, 390'000'000);
}

TEST_F(LastSeen, IsSaidOfWorkersWhoseKernelPanics) {
  const GuestRun ran = run_with("echo c > /proc/sysrq-trigger");
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_EQ(ran.failures().at(0), "kernel_panic");
  expect_seen(ran, 390'000'000);
}

}  // namespace
}  // namespace ktstr
