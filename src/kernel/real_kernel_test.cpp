// SPDX-License-Identifier: Apache-2.0
//
// The parsers against the kernels that this machine has in its cache ($KTSTR_KERNEL_CACHE, or the default place).
// Skipped where there are none (`ktstr kernel fetch` gets one); a failure instead where KTSTR_REQUIRE names vm.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/testing/required.h"
#include "kernel/btf.h"
#include "kernel/code_range.h"
#include "kernel/kallsyms.h"
#include "kernel/select.h"

namespace ktstr {
namespace {

fs::path real_cache() {
  if (const char* root = std::getenv("KTSTR_KERNEL_CACHE"); root != nullptr) return root;
  const auto root = default_cache_root(std::getenv("XDG_CACHE_HOME"), std::getenv("HOME"));
  return root ? *root : fs::path();
}

class RealKernel : public testing::Test {
 protected:
  void SetUp() override {
    for (CacheEntry& item : KernelCache(real_cache()).list())
      if (!item.damaged()) entries_.push_back(*std::move(item.entry));
    if (!entries_.empty()) return;
    const std::string why =
        fmt::format("no kernel is cached in {} (`ktstr kernel fetch` gets one)", real_cache().string());
    if (is_required("vm")) FAIL() << why;
    GTEST_SKIP() << why;
  }
  std::vector<KernelEntry> entries_;
};

TEST_F(RealKernel, HasSymbolsWhereTheyBelong) {
  for (const KernelEntry& entry : entries_) {
    SCOPED_TRACE(entry.key);
    const ByteVector image = *read_bytes(entry.vmlinux());
    const auto elf = ElfFile::parse(image);
    ASSERT_TRUE(elf);
    const auto symbols = KernelSymbols::from_image(*elf);
    ASSERT_TRUE(symbols) << symbols.error().message();
    EXPECT_GT(symbols->size(), 10'000u);
    for (const char* name : {"schedule", "init_task", "linux_banner", "__per_cpu_offset"}) {
      const auto symbol = symbols->find(name);
      ASSERT_TRUE(symbol) << name;
      EXPECT_TRUE(elf->is_loaded(symbol->address)) << name;
    }
    EXPECT_TRUE(symbols->find("runqueues"));
    // The one place whose contents say whether an address is right.
    const auto banner = elf->at_address(symbols->find("linux_banner")->address, 14);
    ASSERT_TRUE(banner);
    EXPECT_EQ(as_text(*banner), "Linux version ");
  }
}

TEST_F(RealKernel, HasItsCodeInOneRange) {
  for (const KernelEntry& entry : entries_) {
    SCOPED_TRACE(entry.key);
    const ByteVector image = *read_bytes(entry.vmlinux());
    const auto symbols = *KernelSymbols::from_image(*ElfFile::parse(image));
    const AddressRange code = code_range_of(entry.vmlinux());
    auto is_code = [&](std::string_view name) { return symbols.find(name)->address - code.start < code.bytes; };
    for (const char* name : {"_stext", "schedule", "linux_banner"}) EXPECT_TRUE(is_code(name)) << name;
    EXPECT_LE(symbols.find("_etext")->address, code.start + code.bytes);
    EXPECT_FALSE(is_code("init_task"));
  }
  EXPECT_EQ(code_range_of("/nowhere").bytes, 0u);
  EXPECT_EQ(code_range_of("/proc/self/cmdline").bytes, 0u);
}

TEST_F(RealKernel, DescribesItsTypes) {
  for (const KernelEntry& entry : entries_) {
    SCOPED_TRACE(entry.key);
    const ByteVector image = *read_bytes(entry.vmlinux());
    const auto section = ElfFile::parse(image)->contents(".BTF");
    ASSERT_TRUE(section);
    const auto btf = Btf::parse(*section);
    ASSERT_TRUE(btf) << btf.error().message();
    EXPECT_TRUE(btf->member_offset_bits("task_struct", "se.vruntime"));
    EXPECT_TRUE(btf->member_offset_bits("rq", "curr"));
    EXPECT_EQ(btf->member_offset_bits("task_struct", "scx").has_value(), entry.facts.has_sched_ext);
    const auto comm = btf->member("task_struct", "comm");
    ASSERT_TRUE(comm);
    EXPECT_EQ(btf->size_of(comm->type), 16u);
  }
}

TEST_F(RealKernel, CanBeSelectedByKeyAndByRelease) {
  const KernelEnvironment environment{.cache_root = real_cache(), .boot_dir = "/nonexistent", .ktstr_kernel = {}};
  for (const KernelEntry& entry : entries_) {
    EXPECT_EQ(select_kernel(environment, entry.key)->sha256, entry.facts.sha256);
    EXPECT_EQ(select_kernel(environment, entry.facts.release)->release, entry.facts.release);
  }
}

}  // namespace
}  // namespace ktstr
