// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/lock_probes.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "kernel/testing/real_kernels.h"
#include "kernel/testing/synthetic_image.h"
#include "trace/event_kinds.h"

namespace ktstr {
namespace {

TEST(LockProbes, AreAtBothEndsOfWhatTakesALockAndAtTheBeginningOfWhatReleasesIt) {
  using trace::LockUse;
  constexpr std::uint64_t kTakes = synthetic::kTextAddress + 0x100, kReleases = synthetic::kTextAddress + 0x140,
                          kAfter = synthetic::kTextAddress + 0x180;
  synthetic::Elf elf;
  const std::uint64_t at = elf.next_address();
  elf.section(".rodata", synthetic::kallsyms({{"_text", synthetic::kTextAddress},
                                              {"_raw_spin_lock", kTakes},
                                              {"_raw_spin_unlock", kReleases},
                                              {"bpf_spin_lock", kAfter, 'D'}},
                                             synthetic::KallsymsFormat::kRelativeBase, at));
  const ByteVector image = elf.build();
  const auto symbols = *KernelSymbols::from_image(*ElfFile::parse(image));
  const LockProbes made = lock_probes(symbols);
  ASSERT_EQ(made.probes.size(), 2u) << "data of that name is no function";
  EXPECT_EQ(made.probes[0].address, kTakes);
  EXPECT_EQ(made.probes[0].step[1].address, LockUse::kWanted);
  EXPECT_EQ(made.probes[1].address, kReleases);
  EXPECT_EQ(made.probes[1].step[1].address, LockUse::kReleased);
  ASSERT_EQ(made.ends.size(), 1u);
  EXPECT_EQ(made.ends[0].from, kTakes);
  EXPECT_EQ(made.ends[0].to, kReleases);
  EXPECT_EQ(made.ends[0].probe.step[0].address, made.probes[0].step[0].address) << "the same function";
  EXPECT_EQ(made.ends[0].probe.step[1].address, LockUse::kTaken);
}

using LocksOfRealKernels = RealKernels;

TEST_F(LocksOfRealKernels, HaveProbes) {
  for (const auto& [entry, image, symbols, btf] : kernels()) {
    SCOPED_TRACE(entry.key);
    const LockProbes made = lock_probes(symbols);
    for (const char* name : {"_raw_spin_lock", "_raw_spin_lock_irqsave", "_raw_spin_unlock", "bpf_spin_lock"}) {
      const std::uint64_t address = symbols.find(name)->address;
      const bool found = std::any_of(made.probes.begin(), made.probes.end(),
                                     [&](const control::Probe& one) { return one.address == address; });
      EXPECT_TRUE(found) << name;
    }
    EXPECT_GE(made.ends.size(), 6u);
    EXPECT_LE(made.ends.size(), control::kMostExits / 2);
  }
}

}  // namespace
}  // namespace ktstr
