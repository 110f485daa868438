// SPDX-License-Identifier: Apache-2.0
#include "report/page/packed.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace ktstr {
namespace {

TEST(Packed, Base64IsThatOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64(std::string("\xff\x00\xfe", 3)), "/wD+");
}

TEST(Packed, TheHashIsTheOneThatBrowsersCompute) {
  // echo -n "alert('hi')" | openssl dgst -sha256 -binary | base64
  EXPECT_EQ(policy_hash("alert('hi')"), "sha256-XTqNqFSUlZHAW7f/OGNYSOEzxKhjdAAGMXoid2VEbJk=");
}

TEST(Packed, WhatIsPackedIsSmall) { EXPECT_LT(packed(std::string(100'000, 'a')).size(), 400U); }

}  // namespace
}  // namespace ktstr
