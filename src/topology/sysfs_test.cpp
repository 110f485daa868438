// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "ktstr/topology.h"

namespace ktstr {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A directory that looks like /sys of a machine with a topology, to be damaged by tests.
class FakeSysfs {
 public:
  explicit FakeSysfs(const Topology& topology) : dir_(*TempDir::create(fs::temp_directory_path(), "ktstr-sysfs")) {
    const auto machine = TestTopology::expected_for(topology);
    write("cpu/online", machine.cpus.to_string());
    for (const auto& node : machine.nodes) write(fmt::format("node/node{}/cpulist", node.id), node.cpus.to_string());
    for (const auto& llc : machine.llcs)
      for (const auto& core : llc.cores)
        for (const Cpu cpu : core.threads) add_cpu(cpu, core.threads, llc.cpus);
  }

  void write(const std::string& file, const std::string& value) {
    const fs::path path = dir_.path() / "devices/system" / file;
    fs::create_directories(path.parent_path());
    ASSERT_TRUE(write_text(path, value + "\n"));
  }
  void remove(const std::string& file) { ASSERT_NE(fs::remove_all(dir_.path() / "devices/system" / file), 0u) << file; }
  Result<TestTopology> read() const { return TestTopology::from_sysfs(dir_.path()); }
  Result<TestTopology::NodeMemory> node_memory(NumaNode node) const {
    return TestTopology::node_memory(node, dir_.path());
  }

 private:
  void add_cpu(Cpu cpu, const CpuSet& threads, const CpuSet& llc) {
    const std::string base = fmt::format("cpu/cpu{}/", cpu);
    write(base + "topology/core_cpus_list", threads.to_string());
    write(base + "topology/core_id", "0");
    const struct {
      const char *level, *type;
      const CpuSet& shared;
    } caches[] = {
        {"1", "Data", threads}, {"1", "Instruction", threads}, {"2", "Unified", threads}, {"3", "Unified", llc}};
    for (int i = 0; i < 4; ++i) {
      const std::string cache = base + fmt::format("cache/index{}/", i);
      write(cache + "level", caches[i].level);
      write(cache + "type", caches[i].type);
      write(cache + "shared_cpu_list", caches[i].shared.to_string());
    }
  }
  TempDir dir_;
};

TEST(FromSysfs, ReadsAMachineOfEachShape) {
  for (const char* text : {"1n1l1c1t", "1n2l2c2t", "2n4l3c1t", "2n8l2c2t"}) {
    const Topology asked = *Topology::parse(text);
    const auto seen = FakeSysfs(asked).read();
    ASSERT_TRUE(seen) << seen.error().render();
    EXPECT_THAT(seen->differences_from(asked), IsEmpty()) << text;
  }
}

TEST(FromSysfs, ReadsTheMachineThatThisRunsOn) {
  const auto seen = TestTopology::from_sysfs("/sys");
  if (!seen && seen.error().code() == ErrorCode::kUnsupported) GTEST_SKIP() << seen.error().render();
  ASSERT_TRUE(seen) << seen.error().render();
  CpuSet in_llcs;
  for (const auto& llc : seen->llcs) in_llcs = in_llcs.union_with(llc.cpus);
  EXPECT_EQ(in_llcs, seen->cpus);
}

TEST(FromSysfs, MakesOneNodeWhereTheKernelHasNoNuma) {
  FakeSysfs sysfs({2, 2, 2, 1});
  sysfs.remove("node");
  const auto seen = sysfs.read();
  ASSERT_TRUE(seen) << seen.error().render();
  ASSERT_EQ(seen->nodes.size(), 1u);
  EXPECT_EQ(seen->nodes[0].cpus.to_string(), "0-3");
  EXPECT_EQ(seen->numa_distance(0, 0), TestTopology::kLocalDistance);
  EXPECT_THAT(seen->differences_from({1, 2, 2, 1}), IsEmpty());
}

TEST(FromSysfs, ReadsTheOlderNameOfThreadSiblings) {
  FakeSysfs sysfs({1, 1, 1, 2});
  for (const Cpu cpu : {0, 1}) {
    sysfs.remove(fmt::format("cpu/cpu{}/topology/core_cpus_list", cpu));
    sysfs.write(fmt::format("cpu/cpu{}/topology/thread_siblings_list", cpu), "0-1");
  }
  const auto seen = sysfs.read();
  ASSERT_TRUE(seen) << seen.error().render();
  EXPECT_THAT(seen->differences_from({1, 1, 1, 2}), IsEmpty());
}

TEST(FromSysfs, LeavesOfflineCpusOut) {
  FakeSysfs sysfs({1, 2, 2, 1});
  sysfs.write("cpu/online", "0-2");
  const auto seen = sysfs.read();
  ASSERT_TRUE(seen) << seen.error().render();
  EXPECT_EQ(seen->cpus.to_string(), "0-2");
  EXPECT_EQ(seen->llc_cpus(1).to_string(), "2");
  EXPECT_EQ(seen->nodes.at(0).cpus.to_string(), "0-2");
}

TEST(FromSysfs, KeepsMemoryOnlyNodes) {
  FakeSysfs sysfs({1, 1, 2, 1});
  sysfs.write("node/node1/cpulist", "");
  sysfs.write("node/has_cpu", "0");
  const auto seen = sysfs.read();
  ASSERT_TRUE(seen) << seen.error().render();
  ASSERT_EQ(seen->nodes.size(), 2u);
  EXPECT_TRUE(seen->nodes[1].cpus.empty());
  EXPECT_TRUE(seen->is_memory_only(1));
  EXPECT_FALSE(seen->is_memory_only(0));
  EXPECT_FALSE(seen->is_memory_only(2)) << "which is not there";
}

TEST(FromSysfs, ReadsTheDistancesOfNodes) {
  FakeSysfs sysfs({2, 2, 1, 1});
  EXPECT_EQ(sysfs.read()->numa_distance(0, 1), TestTopology::kUnknownDistance) << "nobody says";
  sysfs.write("node/node0/distance", "10 31");
  sysfs.write("node/node1/distance", "32 10");
  const auto seen = sysfs.read();
  ASSERT_TRUE(seen) << seen.error().render();
  EXPECT_EQ(seen->numa_distance(0, 1), 31);
  EXPECT_EQ(seen->numa_distance(1, 0), 32);
  EXPECT_THAT(seen->differences_from({2, 2, 1, 1}),
              testing::ElementsAre("distances of NUMA node 0: asked for 10 20, seen 10 31",
                                   "distances of NUMA node 1: asked for 20 10, seen 32 10"));
}

TEST(FromSysfs, RefusesDistancesThatAreNotOneForEachNode) {
  FakeSysfs sysfs({2, 2, 1, 1});
  for (const char* text : {"10", "10 20 20", "10 far", ""}) {
    sysfs.write("node/node0/distance", text);
    EXPECT_EQ(sysfs.read().error().code(), ErrorCode::kCorruptData) << text;
  }
}

TEST(NodeMemory, IsReadFromTheNodesFile) {
  FakeSysfs sysfs({2, 2, 1, 1});
  sysfs.write("node/node1/meminfo",
              "Node 1 MemTotal:       16384 kB\nNode 1 MemFree:        4096 kB\nNode 1 MemUsed:       12288 kB");
  const auto memory = sysfs.node_memory(1);
  ASSERT_TRUE(memory) << memory.error().render();
  EXPECT_EQ(memory->total_kib, 16384u);
  EXPECT_EQ(memory->free_kib, 4096u);
  EXPECT_EQ(memory->used_kib, 12288u);
  EXPECT_EQ(sysfs.node_memory(5).error().code(), ErrorCode::kNotFound);
  sysfs.write("node/node1/meminfo", "Node 1 MemTotal:       16384 kB\nNode 1 MemFree: much");
  EXPECT_THAT(sysfs.node_memory(1).error().message(), HasSubstr("has no MemFree: in kB"));
  sysfs.remove("node");
  EXPECT_THAT(sysfs.node_memory(1).error().render(), HasSubstr("CONFIG_NUMA=y"));
}

TEST(FromSysfs, TakesTheHighestLevelForTheLlcWhateverItsIndex) {
  FakeSysfs sysfs({1, 1, 2, 1});
  for (const Cpu cpu : {0, 1}) {
    sysfs.remove(fmt::format("cpu/cpu{}/cache/index3", cpu));
    sysfs.write(fmt::format("cpu/cpu{}/cache/index2/level", cpu), "1");
    sysfs.write(fmt::format("cpu/cpu{}/cache/index0/level", cpu), "2");
    sysfs.write(fmt::format("cpu/cpu{}/cache/index0/shared_cpu_list", cpu), "0-1");
  }
  EXPECT_EQ(sysfs.read()->llcs.size(), 1u);
}

TEST(FromSysfs, WithoutCachesTheCpusOfADieOrASocketShareOne) {
  for (const char* const list : {"die_cpus_list", "package_cpus_list", "core_siblings_list"}) {
    FakeSysfs sysfs({1, 2, 2, 1});
    for (const Cpu cpu : {0, 1, 2, 3}) {
      sysfs.remove(fmt::format("cpu/cpu{}/cache", cpu));
      sysfs.write(fmt::format("cpu/cpu{}/topology/{}", cpu, list), cpu < 2 ? "0-1" : "2-3");
    }
    const auto seen = sysfs.read();
    ASSERT_TRUE(seen) << seen.error().message();
    EXPECT_EQ(seen->llcs.size(), 2u) << list;
  }
}

TEST(FromSysfs, ASocketOfTwoNodesWithoutCachesHasAnLlcInEach) {
  FakeSysfs sysfs({2, 2, 2, 1});
  for (const Cpu cpu : {0, 1, 2, 3}) {
    sysfs.remove(fmt::format("cpu/cpu{}/cache", cpu));
    sysfs.write(fmt::format("cpu/cpu{}/topology/die_cpus_list", cpu), "0-3");
  }
  const auto seen = sysfs.read();
  ASSERT_TRUE(seen) << seen.error().message();
  ASSERT_EQ(seen->llcs.size(), 2u);
  EXPECT_EQ(seen->llcs[1].node, 1);
}

TEST(FromSysfs, RefusesACpuWithoutCachesAndDie) {
  FakeSysfs sysfs({1, 1, 2, 1});
  sysfs.remove("cpu/cpu1/cache");
  const auto seen = sysfs.read();
  EXPECT_EQ(seen.error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(seen.error().message(), HasSubstr("cpu1 shows neither caches nor the CPUs of its die"));
}

TEST(FromSysfs, RefusesCpusThatContradictEachOther) {
  FakeSysfs sysfs({1, 2, 2, 1});
  sysfs.write("cpu/cpu1/cache/index3/shared_cpu_list", "1-2");
  EXPECT_EQ(sysfs.read().error().code(), ErrorCode::kCorruptData);
}

TEST(FromSysfs, RefusesACpuThatIsInNoNode) {
  FakeSysfs sysfs({1, 1, 2, 1});
  sysfs.write("node/node0/cpulist", "0");
  EXPECT_THAT(sysfs.read().error().message(), HasSubstr("CPU 1 is in no NUMA node"));
}

TEST(FromSysfs, NamesTheFileThatIsNoList) {
  FakeSysfs sysfs({1, 1, 2, 1});
  sysfs.write("cpu/cpu1/cache/index3/shared_cpu_list", "ffff");
  EXPECT_THAT(sysfs.read().error().message(), HasSubstr("cpu1/cache/index3/shared_cpu_list: 'ffff' is not a CPU list"));
}

TEST(FromSysfs, ReportsADirectoryThatIsNoSysfs) {
  EXPECT_EQ(TestTopology::from_sysfs("/nonexistent").error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ktstr
