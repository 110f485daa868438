// SPDX-License-Identifier: Apache-2.0
#include "kernel/config.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(KernelConfig, KnowsWhatIsBuiltInAModuleOrNotSet) {
  const auto config = KernelConfig::parse(
      "#\n# Automatically generated\n\nCONFIG_SCHED_CLASS_EXT=y\nCONFIG_KVM=m\nCONFIG_HZ=250\n"
      "CONFIG_LOCALVERSION=\"\"\nCONFIG_CMDLINE=\"a=b c\"\n# CONFIG_NUMA is not set\n");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_TRUE(config->built_in("SCHED_CLASS_EXT"));
  EXPECT_TRUE(config->built_in("CONFIG_SCHED_CLASS_EXT"));
  EXPECT_FALSE(config->built_in("KVM"));
  EXPECT_EQ(config->get("KVM"), "m");
  EXPECT_EQ(config->get("HZ"), "250");
  EXPECT_EQ(config->get("LOCALVERSION"), "");
  EXPECT_EQ(config->get("CMDLINE"), "a=b c");
  EXPECT_FALSE(config->get("NUMA"));
  EXPECT_EQ(config->size(), 5u);
}

TEST(KernelConfig, NamesTheLineThatItCannotRead) {
  for (const char* text : {"CONFIG_A=y\nwhat\n", "CONFIG_A=y\nCONFIG_B\n", "CONFIG_A=y\nCONFIG_=y"}) {
    const auto config = KernelConfig::parse(text);
    ASSERT_FALSE(config) << text;
    EXPECT_NE(config.error().message().find("line 2"), std::string::npos) << config.error().message();
  }
}

}  // namespace
}  // namespace ktstr
