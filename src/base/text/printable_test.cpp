// SPDX-License-Identifier: Apache-2.0
#include "base/text/printable.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(Escaped, OrdinaryTextStaysAsItIs) {
  EXPECT_EQ(escaped("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(escaped("Grüße, 漢字, 🙂"), "Grüße, 漢字, 🙂");
  EXPECT_EQ(escaped(""), "");
}

TEST(Escaped, ControlCharactersBecomeTheirNumbers) {
  EXPECT_EQ(escaped("\x1b[2J"), "\\u001b[2J");
  EXPECT_EQ(escaped("a\rb\bc\x7f"), "a\\u000db\\u0008c\\u007f");
  EXPECT_EQ(escaped(std::string_view("a\0b", 3)), "a\\u0000b");
}

TEST(Escaped, ControlCharactersOfTheSecondHalfAreSeenInUtf8) {
  EXPECT_EQ(escaped("\xc2\x9b"
                    "31m"),
            "\\u009b31m");
}

TEST(Escaped, WhatTurnsTheDirectionOfTextIsShown) {
  EXPECT_EQ(escaped("a\u202eb"), "a\\u202eb");
  EXPECT_EQ(escaped("\u2066\u2069\u061c\u2028"), "\\u2066\\u2069\\u061c\\u2028");
}

TEST(Escaped, BytesThatAreNoUtf8AreShown) {
  EXPECT_EQ(escaped("\x9b"
                    "31m"),
            "\\x9b31m");
  EXPECT_EQ(escaped("\xc0\x9b"), "\\xc0\\x9b");           // overlong
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(escaped("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
  EXPECT_EQ(escaped("cut \xe2\x80"), "cut \\xe2\\x80");
}

TEST(Escaped, OnlyOurOwnColoursStayAndOnlyWhereTheyAreAskedFor) {
  EXPECT_EQ(escaped("\x1b[1;32mPASS\x1b[0m", Colors::kOurs), "\x1b[1;32mPASS\x1b[0m");
  EXPECT_EQ(escaped("\x1b[1;32mPASS\x1b[0m"), "\\u001b[1;32mPASS\\u001b[0m");
  EXPECT_EQ(escaped("\x1b[5m\x1b]0;t\a", Colors::kOurs), "\\u001b[5m\\u001b]0;t\\u0007");
}

}  // namespace
}  // namespace ktstr
