// SPDX-License-Identifier: Apache-2.0
#include "workload/task/node_pages.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(NodePages, AreAddedUpOverAllMappings) {
  const auto pages = node_pages_of(
      "00400000 default file=/bin/x N0=1 mapped=5 kernelpagesize_kB=4\n"
      "7f0000000000 bind:1 anon=9 dirty=9 N0=2 N1=7 kernelpagesize_kB=4\n"
      "7f0000200000 bind:1 anon=1 N1=1 kernelpagesize_kB=2048\n"
      "7f0000400000 default heap\n");
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0], (NodePages{0, 3}));
  EXPECT_EQ(pages[1], (NodePages{1, 7 + 512}));
}

TEST(NodePages, OfWhatIsNoSuchFileAreNone) {
  for (const char* text : {"", "N0", "N=5", "Nx=5", "N0=", "N0=x", "N99999=1", "\n\n", "N-1=5", "=5"})
    EXPECT_TRUE(node_pages_of(text).empty()) << text;
}

}  // namespace
}  // namespace ktstr
