// SPDX-License-Identifier: Apache-2.0
#include "cgroup/attribute.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(AttributeShows, TakesACpuListInAnySpelling) {
  EXPECT_TRUE(attribute_shows("cpuset.cpus", "2,0-1", "0-2"));
  EXPECT_TRUE(attribute_shows("cpuset.cpus", "", "\n"));
  EXPECT_FALSE(attribute_shows("cpuset.cpus", "0-2", "0-1"));
  EXPECT_FALSE(attribute_shows("cpuset.cpus", "0", ""));
}

TEST(AttributeShows, KnowsThatCpuMaxKeepsItsPeriod) {
  EXPECT_TRUE(attribute_shows("cpu.max", "max", "max 100000"));
  EXPECT_TRUE(attribute_shows("cpu.max", "50000", "50000 100000\n"));
  EXPECT_TRUE(attribute_shows("cpu.max", "50000 20000", "50000 20000"));
  EXPECT_FALSE(attribute_shows("cpu.max", "50000 20000", "50000 100000"));
  EXPECT_FALSE(attribute_shows("cpu.max", "50000", "max 100000"));
}

TEST(AttributeShows, ComparesOtherEchoingFilesAsText) {
  EXPECT_TRUE(attribute_shows("cpu.weight", "300", "300\n"));
  EXPECT_FALSE(attribute_shows("cpu.weight", "300", "100"));
  EXPECT_FALSE(
      attribute_shows("cpuset.cpus.partition", "isolated", "isolated invalid (Cpu list in cpuset.cpus not exclusive)"));
}

TEST(AttributeShows, CountsMemoryInWholePages) {
  EXPECT_TRUE(attribute_shows("memory.max", "67108864", "67108864\n"));
  EXPECT_TRUE(attribute_shows("memory.max", "64M", "67108864"));
  EXPECT_TRUE(attribute_shows("memory.low", "67108865", "67108864")) << "rounded down";
  EXPECT_TRUE(attribute_shows("memory.high", "max", "max"));
  EXPECT_TRUE(attribute_shows("memory.high", "9223372036854775807", "max")) << "more than the kernel counts";
  EXPECT_FALSE(attribute_shows("memory.max", "64M", "134217728"));
  EXPECT_FALSE(attribute_shows("memory.max", "64M", "max"));
  EXPECT_FALSE(attribute_shows("memory.max", "max", "0"));
  EXPECT_FALSE(attribute_shows("memory.max", "64M", ""));
}

TEST(AttributeShows, TakesPercentagesAsTheKernelRoundsThem) {
  EXPECT_TRUE(attribute_shows("cpu.uclamp.min", "50", "50.00"));
  EXPECT_TRUE(attribute_shows("cpu.uclamp.min", "0.5", "0.50"));
  EXPECT_TRUE(attribute_shows("cpu.uclamp.max", "100.00", "max"));
  EXPECT_TRUE(attribute_shows("cpu.uclamp.max", "max", "max"));
  EXPECT_TRUE(attribute_shows("cpu.uclamp.max", "99.96", "max")) << "that is a capacity of 1024 too";
  EXPECT_FALSE(attribute_shows("cpu.uclamp.max", "99.95", "max"));
  EXPECT_FALSE(attribute_shows("cpu.uclamp.min", "50", "5.00"));
  EXPECT_FALSE(attribute_shows("cpu.uclamp.min", "0", "max"));
}

TEST(AttributeShows, FindsTheDefaultAmongWeightsOfDevices) {
  EXPECT_TRUE(attribute_shows("io.weight", "300", "default 300\n8:0 50\n"));
  EXPECT_FALSE(attribute_shows("io.weight", "300", "default 100\n8:0 300\n"));
  EXPECT_FALSE(attribute_shows("io.weight", "300", "300"));
}

TEST(AttributeShows, ComparesTheLimitsOfTheDeviceThatWereWritten) {
  const char* shown = "8:16 rbps=5 wbps=max riops=max wiops=max\n8:0 rbps=1048576 wbps=7 riops=max wiops=120\n";
  EXPECT_TRUE(attribute_shows("io.max", "8:0 rbps=1048576 wiops=120", shown));
  EXPECT_TRUE(attribute_shows("io.max", "8:0 riops=4294967295", shown)) << "no limit for a 32-bit counter";
  EXPECT_FALSE(attribute_shows("io.max", "8:0 rbps=5", shown));
  EXPECT_FALSE(attribute_shows("io.max", "8:0 rbps=max", shown));
  EXPECT_TRUE(attribute_shows("io.max", "9:0 rbps=max wbps=max", shown)) << "a device without limits has no line";
  EXPECT_FALSE(attribute_shows("io.max", "9:0 rbps=1", shown));
}

TEST(AttributeShows, ExpectsNothingOfFilesThatDoNotEcho) {
  EXPECT_FALSE(attribute_echoes("cgroup.procs"));
  EXPECT_TRUE(attribute_shows("cgroup.procs", "12", ""));
  EXPECT_TRUE(attribute_echoes("cpu.weight"));
}

TEST(AttributeNeeds, NamesTheOptionOrTheVersion) {
  EXPECT_EQ(attribute_needs("memory.swap.max"), "CONFIG_MEMCG and CONFIG_SWAP");
  EXPECT_EQ(attribute_needs("cgroup.kill"), "Linux 5.14");
  EXPECT_EQ(attribute_needs("cpu.stat"), "") << "not known";
  EXPECT_EQ(attribute_controller("cpu.max.burst"), "cpu");
  EXPECT_EQ(attribute_controller("cgroup.kill"), "") << "the core's";
}

}  // namespace
}  // namespace ktstr
