// SPDX-License-Identifier: Apache-2.0
//
// Topologies come up as asked: the agent compares what it sees in sysfs before anything runs, so a run that gets as far
// as a verdict has it.
#include "guests.h"

namespace ktstr {
namespace {

class ComesUpAsAsked : public GuestTest {
 protected:
  void expect_topology(const std::string& topology, const std::string& last_cpu) {
    const fs::path scenario =
        write("last_cpu.toml",
              "duration = \"300ms\"\n[[cgroup]]\nname = \"cg_0\"\nworkers = 1\ncpuset = \"" + last_cpu + "\"\n");
    const GuestRun ran = run({scenario.string(), "--topology", topology});
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
    EXPECT_EQ(ran.json["cgroups"][0]["cpus_used"], last_cpu);
  }
};

TEST_F(ComesUpAsAsked, OneCpu) { expect_topology("1n1l1c1t", "0"); }
TEST_F(ComesUpAsAsked, ThreeLlcs) { expect_topology("1n3l1c2t", "5"); }
TEST_F(ComesUpAsAsked, TwoNodesWithSmt) { expect_topology("2n4l2c2t", "15"); }
TEST_F(ComesUpAsAsked, NodesOfWhichOneHasNoCpuAtBoot) { expect_topology("4n4l5c1t", "19"); }
TEST_F(ComesUpAsAsked, SixtyFourCpus) { expect_topology("2n8l4c2t", "63"); }
TEST_F(ComesUpAsAsked, AsManyAsThereCanBe) { expect_topology("max-cpu-nosmt", "251"); }

}  // namespace
}  // namespace ktstr
