// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ktstr {
namespace {

TEST(Sha256, IsThatOfTheStandard) {
  EXPECT_EQ(sha256({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(as_byte_span("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(as_byte_span("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(as_byte_span(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// The portable code has parts of less than a block, whatever the CPU can do.
TEST(Sha256, IsTheSameInWhateverPartsTheBytesCome) {
  std::string text(1000, ' ');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7);
  Sha256 by_bytes;
  for (const char& c : text) by_bytes.update(as_byte_span(std::string_view(&c, 1)));
  const std::string expected = by_bytes.finish();
  for (const std::size_t part : {2, 63, 64, 65, 127, 128, 300, 999, 1000}) {
    Sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += part)
      hash.update(as_byte_span(std::string_view(text).substr(at, part)));
    EXPECT_EQ(hash.finish(), expected) << part;
  }
}

}  // namespace
}  // namespace ktstr
