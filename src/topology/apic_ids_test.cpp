// SPDX-License-Identifier: Apache-2.0
#include "topology/apic_ids.h"

#include <gtest/gtest.h>

#include "topology/presets.h"

namespace ktstr {
namespace {

TEST(ApicIds, HaveAFieldOfBitsForEachLevel) {
  EXPECT_EQ(apic_ids({1, 1, 4, 1}), (std::vector<std::uint32_t>{0, 1, 2, 3}));
  // 3 cores take 2 bits: an id is left out at each LLC's end.
  EXPECT_EQ(apic_ids({1, 2, 3, 1}), (std::vector<std::uint32_t>{0, 1, 2, 4, 5, 6}));
  EXPECT_EQ(apic_ids({2, 4, 1, 2}), (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(apic_ids({1, 4, 63, 1}).back(), 3u << 6 | 62u);
}

TEST(ApicIds, OfEachPresetFit) {
  for (const TopologyPreset& preset : topology_presets())
    EXPECT_LE(apic_ids(preset.topology).back(), kLastApicId) << preset.name;
}

}  // namespace
}  // namespace ktstr
