// SPDX-License-Identifier: Apache-2.0
#include "kernel/kernel_facts.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "kernel/testing/synthetic_image.h"

namespace ktstr {
namespace {

TEST(InspectKernel, DecidesByLookingIntoTheImage) {
  const ByteVector image = synthetic::kernel({.release = "6.18.15-x", .sched_ext = true, .pvh = true});
  const auto facts = inspect_kernel(image);
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->release, "6.18.15-x");
  EXPECT_TRUE(facts->has_sched_ext);
  EXPECT_TRUE(facts->pvh);
  EXPECT_EQ(facts->btf_types, 3u);
  EXPECT_EQ(facts->symbols, 3u);
  EXPECT_EQ(facts->size, image.size());
  EXPECT_EQ(facts->sha256, sha256(image));
  EXPECT_EQ(kernel_key(*facts), "6.18.15-x-" + sha256(image).substr(0, 12));
}

TEST(InspectKernel, DoesNotTakeANewVersionForSchedExt) {
  EXPECT_FALSE(inspect_kernel(synthetic::kernel({.release = "7.9.9", .sched_ext = false}))->has_sched_ext);
}

TEST(InspectKernel, CountsNothingInAKernelWithoutSymbolsAndBtf) {
  const ByteSpan banner = as_byte_span("Linux version 6.1.0 (x)");
  const auto facts =
      inspect_kernel(synthetic::Elf().section(".rodata", ByteVector(banner.begin(), banner.end())).build());
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts->symbols, 0u);
  EXPECT_EQ(facts->btf_types, 0u);
}

}  // namespace
}  // namespace ktstr
