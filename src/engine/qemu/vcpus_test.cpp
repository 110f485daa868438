// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/vcpus.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

// As QEMU 10.0 prints it, shortened.
constexpr const char* kRegisters =
    "\r\nCPU#0\r\nRAX=0000000000000000 RBX=0000000000000001\r\n"
    "RIP=ffffffffc0201005 RFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=0\r\nES =0000 0000000000000000\r\n"
    "\r\nCPU#1\r\nRAX=0000000000000000 RBX=0000000000000001\r\n"
    "RIP=ffffffff81e3a5b0 RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"
    "\r\nCPU#2\r\nRAX=0000000000000000 RBX=0000000000000001\r\n"
    "RIP=00007f0000001000 RFL=00000246 [---Z-P-] CPL=3 II=0 A20=1 SMM=0 HLT=0\r\n";

TEST(Vcpus, AreReadFromTheMonitor) {
  const auto vcpus = parse_vcpus(kRegisters);
  ASSERT_TRUE(vcpus) << vcpus.error().render();
  ASSERT_EQ(vcpus->size(), 3u);
  EXPECT_EQ((*vcpus)[0].pc, 0xffffffffc0201005u);
  EXPECT_FALSE((*vcpus)[0].interrupts);
  EXPECT_FALSE((*vcpus)[0].halted);
  EXPECT_TRUE((*vcpus)[1].halted);
  EXPECT_TRUE((*vcpus)[1].interrupts);
  EXPECT_FALSE((*vcpus)[1].user);
  EXPECT_EQ((*vcpus)[2].cpu, 2);
  EXPECT_TRUE((*vcpus)[2].user);
}

TEST(Vcpus, AreNotMadeUpOfOtherText) {
  EXPECT_FALSE(parse_vcpus(""));
  EXPECT_FALSE(parse_vcpus("unknown command: 'info registers'"));
  EXPECT_FALSE(parse_vcpus("CPU#0\r\nRIP=zz RFL=00000246 CPL=0 HLT=1"));
  EXPECT_FALSE(parse_vcpus("CPU#99999999\r\nRIP=0 RFL=00000246 CPL=0 HLT=1"));
}

TEST(Standstill, IsTheKernelsWhenACpuStaysInIt) {
  EXPECT_EQ(standstill_of({{.halted = true, .interrupts = true}, {.interrupts = false}}), Standstill::kKernel);
  EXPECT_EQ(standstill_of({{.halted = true, .interrupts = false}}), Standstill::kKernel);
  EXPECT_EQ(standstill_of({{.interrupts = true}}), Standstill::kKernel);
}

TEST(Standstill, IsNotTheKernelsWhereProgramsRunOrAllIsIdle) {
  EXPECT_EQ(standstill_of({{.halted = true, .interrupts = true}, {.interrupts = true, .user = true}}),
            Standstill::kUser);
  EXPECT_EQ(standstill_of({{.halted = true, .interrupts = true}}), Standstill::kIdle);
}

TEST(Vcpus, AreWhereTheyAcceptedInterruptsAndNotInTheirHandler) {
  const VcpuState loop{.cpu = 0, .pc = 0x10, .interrupts = true}, tick{.cpu = 0, .pc = 0x20};
  for (const auto& looks : {std::vector{loop, tick}, std::vector{tick, loop}, std::vector{tick, loop, tick}}) {
    std::vector<VcpuState> seen;
    for (const VcpuState& look : looks) merge_look(seen, {look});
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].pc, 0x10u);
    EXPECT_TRUE(seen[0].interrupts);
  }
  std::vector<VcpuState> seen{tick};
  merge_look(seen, {{.cpu = 0, .pc = 0x30}});
  EXPECT_EQ(seen[0].pc, 0x30u) << "accepted none in any look: the last";
}

}  // namespace
}  // namespace ktstr
