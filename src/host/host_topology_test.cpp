// SPDX-License-Identifier: Apache-2.0
#include "host/host_topology.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(HostTopology, AnEvenMachineReadsAsATestWouldAskForIt) {
  for (const char* text : {"1n1l1c1t", "1n2l2c1t", "2n4l3c2t"}) {
    const auto asked = Topology::parse(text);
    ASSERT_TRUE(asked.has_value());
    const auto seen = as_topology(TestTopology::expected_for(*asked));
    ASSERT_TRUE(seen.has_value()) << text;
    EXPECT_EQ(seen->to_string(), text);
  }
}

TEST(HostTopology, AnUnevenMachineHasNoSuchName) {
  TestTopology machine = TestTopology::expected_for({.llcs = 2, .cores_per_llc = 2, .threads_per_core = 2});
  machine.llcs[1].cores.pop_back();
  EXPECT_FALSE(as_topology(machine).has_value());
  machine = TestTopology::expected_for({.llcs = 2, .cores_per_llc = 2, .threads_per_core = 2});
  machine.llcs[0].cores[1].threads = CpuSet{2};
  EXPECT_FALSE(as_topology(machine).has_value());
  EXPECT_FALSE(as_topology(TestTopology{}).has_value());
}

TEST(HostTopology, ANodeThatHasOnlyMemoryDoesNotCount) {
  TestTopology machine = TestTopology::expected_for({.cores_per_llc = 2});
  machine.nodes.push_back({.id = 1, .cpus = {}});
  EXPECT_EQ(as_topology(machine), (Topology{.cores_per_llc = 2}));
}

}  // namespace
}  // namespace ktstr
