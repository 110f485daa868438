// SPDX-License-Identifier: Apache-2.0
//
// Topologies come up as asked: the agent compares what it sees in sysfs before anything runs, so a run that gets as far
// as a verdict has it.
#include "guests.h"

namespace ktstr {
namespace {

class ComesUpAsAsked : public GuestTest {
 protected:
  GuestRun expect_topology(const std::string& topology, const std::string& last_cpu, const std::string& others = "") {
    const fs::path scenario =
        write("last_cpu.toml", "duration = \"300ms\"\n[[cgroup]]\nname = \"cg_0\"\nworkers = 1\ncpuset = \"" +
                                   last_cpu + "\"\n" + others);
    const GuestRun ran = run({scenario.string(), "--topology", topology});
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
    if (ran.status == 0) {
      EXPECT_EQ(ran.json.at("cgroups").at(0).at("cpus_used"), last_cpu);
    }
    return ran;
  }
};

TEST_F(ComesUpAsAsked, OneCpu) { expect_topology("1n1l1c1t", "0"); }
TEST_F(ComesUpAsAsked, ThreeLlcs) { expect_topology("1n3l1c2t", "5"); }
TEST_F(ComesUpAsAsked, TwoNodesWithSmt) { expect_topology("2n4l2c2t", "15"); }
TEST_F(ComesUpAsAsked, NodesOfWhichOneHasNoCpuAtBoot) { expect_topology("4n4l5c1t", "19"); }
TEST_F(ComesUpAsAsked, SixtyFourCpus) {
  const GuestRun ran = expect_topology("2n8l4c2t", "63",
                                       "[[cgroup]]\nname = \"pairs\"\nworkers = 4\nwork = \"PipeIo\"\n"
                                       "[[cgroup]]\nname = \"spread\"\nworkers = 4\naffinity = \"random:2\"\n");
  if (ran.status != 0) return;
  // Of each CPU the trace knows all the time what it did, and of each task what the kernel has counted.
  const nlohmann::json accounts = accounts_of(ran);
  const std::uint64_t length = accounts.at("to_ns").get<std::uint64_t>() - accounts.at("from_ns").get<std::uint64_t>();
  ASSERT_EQ(accounts.at("cpus").size(), 64u);
  for (const auto& cpu : accounts.at("cpus"))
    EXPECT_EQ(cpu.at("busy_ns").get<std::uint64_t>() + cpu.at("idle_ns").get<std::uint64_t>(), length) << cpu;
  int compared = 0;
  for (const auto& task : accounts.at("tasks")) {
    if (!task.at("whole_life")) continue;
    ++compared;
    EXPECT_EQ(task.at("ran_off_ns"), 0) << task;
    EXPECT_EQ(task.at("waited_off_ns"), 0) << task;
  }
  EXPECT_GE(compared, 5);
}
// For ./dev.sh check.
class LongComesUpAsAsked : public ComesUpAsAsked {};
TEST_F(LongComesUpAsAsked, AsManyAsThereCanBe) { expect_topology("max-cpu-nosmt", "251"); }

class MigratedPagesTest : public GuestTest {};

// NUMA balancing begins with a task that has run for a second.
TEST_F(MigratedPagesTest, FollowATaskToAnotherNode) {
  need_kernel("7");
  const fs::path scenario = write("numa.toml", R"(
topology = "2n2l2c1t"
duration = "1500ms"
[[backdrop.cgroup]]
name = "load"
workers = 1
cpuset = "node:0"
work = { type = "CachePressure", size_kib = 1024 }
[[step]]
hold = "100ms"
[[step]]
hold = "full"
[[step.op]]
op = "set_cpuset"
cgroup = "load"
cpuset = "node:1"
)");
  const GuestRun ran = run({scenario.string(), "--kernel", "7"});
  EXPECT_EQ(ran.status, 0) << ran.err << ran.first_message();
  // The 256 of its memory, and few of its own besides.
  EXPECT_GT(ran.json.value("numa_pages_migrated", 0), 200);
  EXPECT_LT(ran.json.value("numa_pages_migrated", 0), 400);
}

}  // namespace
}  // namespace ktstr
