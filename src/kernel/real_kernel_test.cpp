// SPDX-License-Identifier: Apache-2.0
//
// The parsers against real kernels.
#include "kernel/code_range.h"
#include "kernel/select.h"
#include "kernel/testing/real_kernels.h"

namespace ktstr {
namespace {

TEST_F(RealKernels, HasSymbolsWhereTheyBelong) {
  for (const auto& [entry, image, symbols, btf] : kernels()) {
    SCOPED_TRACE(entry.key);
    const auto elf = ElfFile::parse(image);
    ASSERT_TRUE(elf);
    EXPECT_GT(symbols.size(), 10'000u);
    for (const char* name : {"schedule", "init_task", "linux_banner", "__per_cpu_offset"}) {
      const auto symbol = symbols.find(name);
      ASSERT_TRUE(symbol) << name;
      EXPECT_TRUE(elf->is_loaded(symbol->address)) << name;
    }
    EXPECT_TRUE(symbols.find("runqueues"));
    // The one place whose contents say whether an address is right.
    const auto banner = elf->at_address(symbols.find("linux_banner")->address, 14);
    ASSERT_TRUE(banner);
    EXPECT_EQ(as_text(*banner), "Linux version ");
  }
}

TEST_F(RealKernels, HasItsCodeInOneRange) {
  for (const auto& [entry, image, symbols, btf] : kernels()) {
    SCOPED_TRACE(entry.key);
    const AddressRange code = code_range_of(entry.vmlinux());
    auto is_code = [&symbols = symbols, code](std::string_view name) {
      return symbols.find(name)->address - code.start < code.bytes;
    };
    for (const char* name : {"_stext", "schedule", "linux_banner"}) EXPECT_TRUE(is_code(name)) << name;
    EXPECT_LE(symbols.find("_etext")->address, code.start + code.bytes);
    EXPECT_FALSE(is_code("init_task"));
  }
  EXPECT_EQ(code_range_of("/nowhere").bytes, 0u);
  EXPECT_EQ(code_range_of("/proc/self/cmdline").bytes, 0u);
}

TEST_F(RealKernels, DescribesItsTypes) {
  for (const auto& [entry, image, symbols, btf] : kernels()) {
    SCOPED_TRACE(entry.key);
    EXPECT_TRUE(btf.member_offset_bits("task_struct", "se.vruntime"));
    EXPECT_TRUE(btf.member_offset_bits("rq", "curr"));
    EXPECT_EQ(btf.member_offset_bits("task_struct", "scx").has_value(), entry.facts.has_sched_ext);
    const auto comm = btf.member("task_struct", "comm");
    ASSERT_TRUE(comm);
    EXPECT_EQ(btf.size_of(comm->type), 16u);
  }
}

TEST_F(RealKernels, CanBeSelectedByKeyAndByRelease) {
  const KernelEnvironment environment{.cache_root = cache(), .boot_dir = "/nonexistent", .ktstr_kernel = {}};
  for (const auto& [entry, image, symbols, btf] : kernels()) {
    EXPECT_EQ(select_kernel(environment, entry.key)->sha256, entry.facts.sha256);
    EXPECT_EQ(select_kernel(environment, entry.facts.release)->release, entry.facts.release);
  }
}

}  // namespace
}  // namespace ktstr
