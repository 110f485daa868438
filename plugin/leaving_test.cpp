// SPDX-License-Identifier: GPL-2.0-or-later
#include "leaving.h"

#include <gtest/gtest.h>

#include <vector>

namespace ktstr::control {
namespace {

constexpr std::uint64_t kAt = 0xffffffff81000100, kThunk = 0xffffffff81800000;

Leaving of(const std::vector<unsigned char>& instruction) {
  const std::uint64_t thunks[] = {0xffffffff81900000, kThunk};
  return leaving(instruction.data(), instruction.size(), kAt, thunks, 2);
}

std::vector<unsigned char> jump_to(std::uint64_t target, std::vector<unsigned char> code = {0xe9}) {
  const std::uint64_t distance = target - (kAt + code.size() + 4);
  for (int i = 0; i < 4; ++i) code.push_back(static_cast<unsigned char>(distance >> (8 * i)));
  return code;
}

TEST(HowAFunctionIsLeft, ByAReturn) {
  EXPECT_EQ(of({0xc3}).how, Leaving::kReturn);
  EXPECT_EQ(of({0xc2, 8, 0}).how, Leaving::kReturn);
  EXPECT_EQ(of({0xf3, 0xc3}).how, Leaving::kReturn);
  EXPECT_EQ(of({0x2e, 0xc3}).how, Leaving::kReturn);
  EXPECT_EQ(of(jump_to(kThunk)).how, Leaving::kReturn);
  EXPECT_EQ(of(jump_to(kThunk, {0x2e, 0xe9})).how, Leaving::kReturn);
}

TEST(HowAFunctionIsLeft, ByAJumpWhoseTargetIsSaid) {
  const Leaving near = of(jump_to(0xffffffff80000000));
  EXPECT_EQ(near.how, Leaving::kJump);
  EXPECT_EQ(near.target, 0xffffffff80000000);
  EXPECT_EQ(of({0xeb, 0x10}).target, kAt + 0x12);
  EXPECT_EQ(of({0xeb, 0xfe}).target, kAt) << "backwards";
  EXPECT_EQ(of({0xff, 0xe0}).how, Leaving::kJump);  // *%rax
  EXPECT_EQ(of({0xff, 0xe0}).target, kSomewhere);
  EXPECT_EQ(of({0x3e, 0x41, 0xff, 0xe3}).target, kSomewhere);  // notrack *%r11
}

TEST(HowAFunctionIsLeft, NotByWhatComesBackOrStays) {
  EXPECT_EQ(of({0xe8, 0, 0, 0, 0}).how, Leaving::kNot) << "a call";
  EXPECT_EQ(of({0xff, 0xd0}).how, Leaving::kNot) << "a call through a register";
  EXPECT_EQ(of({0x0f, 0x84, 0, 0, 0, 0}).how, Leaving::kNot) << "je";
  EXPECT_EQ(of({0x74, 5}).how, Leaving::kNot) << "je";
  EXPECT_EQ(of({0xb8, 0xc3, 0, 0, 0}).how, Leaving::kNot) << "c3 in a constant";
  EXPECT_EQ(of({0xcc}).how, Leaving::kNot);
  EXPECT_EQ(of({0x48}).how, Leaving::kNot) << "a prefix alone";
  EXPECT_EQ(of({}).how, Leaving::kNot);
  EXPECT_EQ(of({0xe9, 1, 2}).how, Leaving::kNot) << "cut short";
}

}  // namespace
}  // namespace ktstr::control
