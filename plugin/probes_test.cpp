// SPDX-License-Identifier: GPL-2.0-or-later
#include "probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

namespace ktstr::control {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t kImage = 0xffffffff81000000, kDirect = 0xffff888000000000;

// 1 MiB of RAM at 1 MiB, mapped as a kernel would.
class GuestSpaceTest : public testing::Test {
 protected:
  GuestSpaceTest() : ram_(1 << 20) {
    space_.add({1 << 20, ram_.size(), ram_.data()});
    kernel_ = {.image = kImage,
               .image_bytes = 1 << 16,
               .image_physical = 1 << 20,
               .direct = kDirect,
               .direct_bytes = 1ULL << 40,
               .top_table = 0x180000,
               .levels = 4,
               .reserved = 0};
    space_.set_kernel(kernel_);
  }
  void put(std::uint64_t physical, std::uint64_t value) {
    std::memcpy(ram_.data() + (physical - (1 << 20)), &value, sizeof value);
  }

  std::vector<unsigned char> ram_;
  AddressSpace kernel_;
  GuestSpace space_;
};

TEST_F(GuestSpaceTest, ReadsTheImageAndTheDirectMap) {
  put(0x100010, 0x1122334455667788);
  EXPECT_EQ(space_.load(kImage + 0x10, 8), 0x1122334455667788U);
  EXPECT_EQ(space_.load(kDirect + 0x100010, 4), 0x55667788U);
  EXPECT_EQ(space_.load(kDirect + 0x100017, 1), 0x11U);
}

TEST_F(GuestSpaceTest, WhatIsNotThereReadsAsNothing) {
  EXPECT_EQ(space_.load(kDirect, 8), std::nullopt);
  EXPECT_EQ(space_.load(kDirect + (2 << 20) - 4, 8), std::nullopt);
  EXPECT_EQ(space_.load(0, 8), std::nullopt);
  EXPECT_EQ(space_.load(~0ULL, 8), std::nullopt);
  EXPECT_EQ(space_.load(kImage, 0), std::nullopt);
  EXPECT_EQ(space_.load(kImage, 9), std::nullopt);
  EXPECT_EQ(space_.load(kImage + 4092, 8), std::nullopt) << "over the end of a page";
}

TEST_F(GuestSpaceTest, WalksFourLevels) {
  const std::uint64_t address = 0xffffc90000003010;
  put(0x180000 + (address >> 39 & 511) * 8, 0x181000 | 0x63);
  put(0x181000 + (address >> 30 & 511) * 8, 0x182000 | 0x63);
  put(0x182000 + (address >> 21 & 511) * 8, 0x183000 | 0x63);
  put(0x183000 + (address >> 12 & 511) * 8, 0x8000000000000000ULL | 0x110000 | 0x163);
  put(0x110010, 42);
  EXPECT_EQ(space_.load(address, 8), 42U);
  EXPECT_EQ(space_.load(address + 4096, 8), std::nullopt) << "not present";
}

TEST_F(GuestSpaceTest, WalksFiveLevelsAndLargePages) {
  kernel_.levels = 5;
  space_.set_kernel(kernel_);
  const std::uint64_t address = 0xffa0000000112340;
  put(0x180000 + (address >> 48 & 511) * 8, 0x181000 | 0x63);
  put(0x181000 + (address >> 39 & 511) * 8, 0x182000 | 0x63);
  put(0x182000 + (address >> 30 & 511) * 8, 0x183000 | 0x63);
  put(0x183000 + (address >> 21 & 511) * 8, 0x000000 | 0xe3);  // 2 MiB at 0
  put(0x112340, 43);
  EXPECT_EQ(space_.load(address, 8), 43U);
}

TEST_F(GuestSpaceTest, ATableOfItselfEnds) {
  for (std::uint64_t i = 0; i < 512; ++i) put(0x180000 + i * 8, 0x180000 | 0x63);
  EXPECT_EQ(space_.load(0xffffc90000003010, 8), 0x180063U);
  kernel_.levels = 77;
  space_.set_kernel(kernel_);
  EXPECT_EQ(space_.load(0xffffc90000003010, 8), std::nullopt);
}

int waited = 0;
ProbePage* waiting_page = nullptr;
void host_reads() {
  if (++waited == 3) waiting_page->read = waiting_page->written;
}

class ProbesTest : public GuestSpaceTest {
 protected:
  ProbesTest() : page_(std::make_unique<ProbePage>()) {
    page_->ring_words = ring_.size();
    page_->active = 1;
    waited = 0;
    waiting_page = page_.get();
  }
  Probes& made() {
    probes_ = std::make_unique<Probes>(*page_, ring_.data(), host_reads);
    probes_->space() = space_;
    return *probes_;
  }

  std::unique_ptr<ProbePage> page_;
  std::array<std::uint64_t, 32> ring_{};
  std::unique_ptr<Probes> probes_;
  std::array<std::uint64_t, kRegisters> registers_{};
};

TEST_F(ProbesTest, FollowsPointers) {
  put(0x101000 + 0x20, kDirect + 0x102000);  // task->parent
  put(0x102000 + 0x08, 0xffffffff00000007);  // parent->pid
  Probe probe{.address = kImage, .kind = 5, .steps = 4, .step = {}};
  probe.step[0] = {Source::kRegister, 0, 8, 0, 0, 0x20};
  probe.step[1] = {Source::kEarlier, 0, 4, 1, 0, 0x08};
  probe.step[2] = {Source::kRegister, 2, 0, 1, 0, 0};
  probe.step[3] = {Source::kAddress, 0, 8, 1, 0, kImage + 0x1020};
  registers_[0] = kDirect + 0x101000;
  registers_[2] = 0x99;
  made().take(probe, 3, 1234, registers_.data());
  EXPECT_EQ(page_->written, 5U);
  EXPECT_EQ(ring_[0], 1234U);
  EXPECT_EQ(kind_in(ring_[1]), 5U);
  EXPECT_EQ(vcpu_in(ring_[1]), 3U);
  EXPECT_EQ(values_in(ring_[1]), 3U);
  EXPECT_EQ(unreadable_in(ring_[1]), 0U);
  EXPECT_THAT(std::vector(ring_.begin() + 2, ring_.begin() + 5), ElementsAre(7, 0x99, kDirect + 0x102000));
  EXPECT_EQ(Probes::registers_of(probe), 0b101U);
}

TEST_F(ProbesTest, SaysWhatCouldNotBeRead) {
  Probe probe{.address = kImage, .kind = 5, .steps = 4, .step = {}};
  probe.step[0] = {Source::kRegister, 0, 8, 0, 0, 0};  // a wild pointer
  probe.step[1] = {Source::kEarlier, 0, 8, 1, 0, 8};
  probe.step[2] = {Source::kRegister, 1, 0, 1, 0, 0};
  probe.step[3] = {Source::kEarlier, 3, 8, 1, 0, 0};  // of itself
  registers_ = {0xdead, 17};
  made().take(probe, 0, 1, registers_.data());
  EXPECT_EQ(unreadable_in(ring_[1]), 0b101U);
  EXPECT_THAT(std::vector(ring_.begin() + 2, ring_.begin() + 5), ElementsAre(0, 17, 0));
}

TEST_F(ProbesTest, TakesOfANumberTheLowestBytes) {
  Probe probe{.address = kImage, .kind = 5, .steps = 4, .step = {}};
  probe.step[0] = {Source::kRegister, 6, 0, 1, 4 | kSigned, 0};
  probe.step[1] = {Source::kRegister, 6, 0, 1, 4, 0};
  probe.step[2] = {Source::kRegister, 6, 0, 1, 1, 0};
  probe.step[3] = {Source::kRegister, 6, 0, 1, 8 | kSigned, 0};
  registers_[6] = 0x12345678fffffffe;
  made().take(probe, 0, 1, registers_.data());
  EXPECT_THAT(std::vector(ring_.begin() + 2, ring_.begin() + 6),
              ElementsAre(~0ULL - 1, 0xfffffffe, 0xfe, 0x12345678fffffffe));
}

TEST_F(ProbesTest, KnowsWhichFunctionsAnInstructionIsIn) {
  page_->exits = 3;
  page_->exit[0] = {.from = 0x100, .to = 0x180, .probe = {.address = 0x100, .kind = 0, .steps = 0, .step = {}}};
  page_->exit[1] = {.from = 0x100, .to = 0x180, .probe = {.address = 0x100, .kind = 0, .steps = 1, .step = {}}};
  page_->exit[2] = {.from = 0x900, .to = 0x910, .probe = {.address = 0x100, .kind = 0, .steps = 0, .step = {}}};
  page_->late_exits = 1;
  page_->late_exit[0] = {.from = 0x2000, .to = 0x2010, .probe = {}};
  const Probes& probes = made();
  int found = 0;
  const auto count = [&](const ExitProbe&) { ++found; };
  probes.each_exit(0x17f, count);
  EXPECT_EQ(found, 2);
  probes.each_exit(0x180, count);
  probes.each_exit(0xff, count);
  probes.each_late_exit(0x1fff, count);
  probes.each_late_exit(0x2010, count);
  EXPECT_EQ(found, 2);
  probes.each_late_exit(0x2000, count);
  EXPECT_EQ(found, 3);
  EXPECT_TRUE(probes.is_inside(page_->exit[0], 0x120)) << "itself";
  EXPECT_TRUE(probes.is_inside(page_->exit[0], 0x905)) << "its other part";
  EXPECT_FALSE(probes.is_inside(page_->exit[0], 0x200));
  page_->exits = 4'000'000;
  page_->late_exits = 4'000'000;
  probes.each_exit(1, count);
  probes.each_late_exit(1, count);
}

TEST_F(ProbesTest, AFullRingWaitsForTheHostAndLosesNothing) {
  Probe probe{.address = kImage, .kind = 1, .steps = 1, .step = {}};
  probe.step[0] = {Source::kRegister, 0, 0, 1, 0, 0};
  Probes& probes = made();
  for (std::uint64_t i = 0; i < 11; ++i) {  // 3 words each, 32 have room
    registers_[0] = i;
    probes.take(probe, 0, i, registers_.data());
  }
  EXPECT_EQ(waited, 3);
  EXPECT_EQ(page_->waits, 1U);
  EXPECT_EQ(page_->written, 33U);
  EXPECT_EQ(ring_[0], 10U) << "the last word of the eleventh is at the ring's start";
}

void host_gives_up() { waiting_page->active = 0; }

TEST_F(ProbesTest, NobodyWaitsForAHostThatTakesNoMore) {
  Probe probe{.address = kImage, .kind = 1, .steps = 1, .step = {}};
  probe.step[0] = {Source::kRegister, 0, 0, 1, 0, 0};
  Probes probes(*page_, ring_.data(), host_gives_up);
  for (std::uint64_t i = 0; i < 11; ++i) probes.take(probe, 0, i, registers_.data());
  EXPECT_EQ(page_->written, 30U);
}

TEST_F(ProbesTest, FindsThoseOfABlock) {
  page_->probes = 3;
  page_->probe[0].address = 0x100;
  page_->probe[1].address = 0x200;
  page_->probe[2].address = 0x200;
  const Probes& probes = made();
  EXPECT_EQ(probes.find(0x101, 0x1ff), nullptr);
  EXPECT_EQ(probes.find(0x180, 0x200), &page_->probe[1]);
  EXPECT_EQ(probes.find(0, 0x100), &page_->probe[0]);
  EXPECT_EQ(probes.find(0x201, ~0ULL), nullptr);
  page_->probes = 4'000'000;
  EXPECT_EQ(made().end(), page_->probe + kMostProbes);
}

TEST_F(ProbesTest, FindsLateOnesAtTheirVeryAddress) {
  page_->late_first = 0xffffffffc0000000;
  page_->late_last = 0xffffffffff000000;
  using Found = std::pair<const Probe*, const Probe*>;
  const Probes& probes = made();
  EXPECT_FALSE(probes.may_be_late(0xffffffffbfffffff));
  EXPECT_TRUE(probes.may_be_late(0xffffffffc0000000));
  EXPECT_FALSE(probes.may_be_late(0xffffffffff000000));
  EXPECT_EQ(probes.find_late(0xffffffffc0000100).first, nullptr) << "none is known yet";
  page_->late[0].address = 0xffffffffc0000100;
  page_->late[1].address = page_->late[2].address = 0xffffffffc0000200;
  page_->late_probes = 3;
  EXPECT_EQ(probes.find_late(0xffffffffc0000100), Found(&page_->late[0], &page_->late[1]));
  EXPECT_EQ(probes.find_late(0xffffffffc0000200), Found(&page_->late[1], &page_->late[3]));
  EXPECT_EQ(probes.find_late(0xffffffffc0000201).first, nullptr);
  page_->late_probes = 4'000'000;
  EXPECT_EQ(probes.find_late(~0ULL).first, nullptr);
}

TEST_F(ProbesTest, KnowsWhichCodeIsWatched) {
  const Probes& probes = made();
  EXPECT_EQ(probes.watched_at(0), nullptr) << "nothing is";
  page_->watch.pieces = 2;
  page_->watch.code[0] = {.first = 0x100, .last = 0x180, .ends_holds = 0, .reserved = 0};
  page_->watch.code[1] = {.first = 0x200, .last = 0x280, .ends_holds = 1, .reserved = 0};
  EXPECT_EQ(probes.watched_at(0xff), nullptr);
  EXPECT_EQ(probes.watched_at(0x100), &page_->watch.code[0]);
  EXPECT_EQ(probes.watched_at(0x17f), &page_->watch.code[0]);
  EXPECT_EQ(probes.watched_at(0x180), nullptr);
  EXPECT_EQ(probes.watched_at(0x27f), &page_->watch.code[1]);
  EXPECT_EQ(probes.watched_at(~0ULL), nullptr);
  page_->watch.pieces = 4'000'000;
  EXPECT_EQ(probes.watched_at(~0ULL), nullptr);
}

TEST_F(ProbesTest, WithoutLateOnesNoBlockGetsOne) {
  EXPECT_FALSE(made().may_be_late(0));
  EXPECT_FALSE(made().may_be_late_exit(0));
  page_->late_first = 0x1000;
  page_->late_last = 0x2000;
  EXPECT_FALSE(made().may_be_late_exit(0x1800)) << "of ends nobody has asked";
  page_->wants_late = 1;
  EXPECT_TRUE(made().may_be_late_exit(0x1800));
  EXPECT_FALSE(made().may_be_late_exit(0x2000));
}

}  // namespace
}  // namespace ktstr::control
