// SPDX-License-Identifier: Apache-2.0
#include "base/splitmix.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(Splitmix64, MatchesThePublishedSequenceFromSeed0) {
  EXPECT_EQ(splitmix64(0), 0xe220a8397b1dcdafu);
  EXPECT_EQ(splitmix64(0x9e3779b97f4a7c15), 0x6e789e6aa1b965f4u);
}

TEST(NameHash, MatchesThePublishedFnv1aVectors) {
  EXPECT_EQ(name_hash(""), 0xcbf29ce484222325u);
  EXPECT_EQ(name_hash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(name_hash("foobar"), 0x85944171f73967e8u);
}

}  // namespace
}  // namespace ktstr
