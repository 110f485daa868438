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

TEST(AttributeShows, ExpectsNothingOfFilesThatDoNotEcho) {
  EXPECT_FALSE(attribute_echoes("cgroup.procs"));
  EXPECT_TRUE(attribute_shows("cgroup.procs", "12", ""));
  EXPECT_TRUE(attribute_echoes("cpu.weight"));
}

}  // namespace
}  // namespace ktstr
