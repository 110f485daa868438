// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/kernel_code.h"

#include <gmock/gmock.h>

#include <memory>
#include <set>

#include "kernel/testing/real_kernels.h"
#include "kernel/testing/synthetic_image.h"
#include "trace/events.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kText = synthetic::kTextAddress;

class KernelCodeTest : public testing::Test {
 protected:
  KernelCodeTest() {
    const std::vector<synthetic::TestSymbol> all = {{"_text", kText},
                                                    {"__traceiter_sched_kthread_stop", kText + 0x100, 'T'},
                                                    {"__pfx_update_curr", kText + 0x140, 't'},
                                                    {"update_curr", kText + 0x150, 't'},
                                                    {"pick_eevdf.isra.0", kText + 0x1a0, 't'},
                                                    {"__traceiter_contention_begin", kText + 0x200, 'T'},
                                                    {"mutex_is_locked", kText + 0x240, 'T'},
                                                    {"update_curr.cold", kText + 0x300, 't'},
                                                    {"printk", kText + 0x340, 'T'},
                                                    {"__sched_text_start", kText + 0x400, 'T'},
                                                    {"schedule", kText + 0x400, 'T'},
                                                    {"__sched_text_end", kText + 0x480, 'T'},
                                                    {"update_curr", kText + 0x500, 'd'},
                                                    {"_etext", kText + 0x600, 'T'}};
    synthetic::Elf elf;
    const std::uint64_t at = elf.next_address();
    elf.section(".rodata", synthetic::kallsyms(all, synthetic::KallsymsFormat::kRelativeBase, at));
    image_ = elf.build();
    symbols_ = std::make_unique<KernelSymbols>(*KernelSymbols::from_image(*ElfFile::parse(image_)));
  }
  std::vector<std::string> names(std::string_view list) {
    std::vector<std::string> all;
    const auto found = kernel_code(*symbols_, list);
    if (!found) return {found.error().message()};
    for (const KernelFunction& one : *found) all.push_back(one.name);
    return all;
  }

  ByteVector image_;
  std::unique_ptr<KernelSymbols> symbols_;
};

TEST_F(KernelCodeTest, AFunctionHasThePartsThatTheCompilerSplitOff) {
  EXPECT_THAT(names("update_curr"), ElementsAre("__pfx_update_curr", "update_curr", "update_curr.cold"));
  EXPECT_THAT(names(" pick_eevdf , printk"), ElementsAre("pick_eevdf.isra.0", "printk"));
  EXPECT_THAT(names("pick_eevdf.isra.0"), ElementsAre("pick_eevdf.isra.0"));
  EXPECT_THAT(names(""), IsEmpty());
  const auto functions = *kernel_code(*symbols_, "update_curr");
  EXPECT_EQ(functions[1].start, kText + 0x150);
  EXPECT_EQ(functions[1].end, kText + 0x1a0);
}

TEST_F(KernelCodeTest, TheSchedulerIsWhatLiesBetweenItsNeighbours) {
  const auto functions = kernel_code(*symbols_, "kernel/sched");
  ASSERT_TRUE(functions) << functions.error().message();
  const auto pieces = *watched_code(*functions, {});
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].first, kText + 0x100);
  EXPECT_EQ(pieces[0].last, kText + 0x200);
  EXPECT_EQ(pieces[1].first, kText + 0x400);
  EXPECT_EQ(pieces[1].last, kText + 0x480);
  EXPECT_EQ(pieces[0].ends_holds, 0u);
}

TEST_F(KernelCodeTest, WhatIsNotThereIsNamed) {
  EXPECT_THAT(names("update_curr,nobody").front(), HasSubstr("this kernel has no function nobody"));
  EXPECT_THAT(names("kernel/locking").front(), HasSubstr("'kernel/locking' is not the name of a function"));
  EXPECT_THAT(names("a,,b").front(), HasSubstr("'' is not the name of a function"));
  EXPECT_THAT(names("f;g").front(), HasSubstr("'f;g' is not the name"));
  EXPECT_EQ(*parse_kernel_code(" a, b "), "a,b");
}

TEST_F(KernelCodeTest, OnlyWhatEndsHoldsDoesSo) {
  const auto seen = *kernel_code(*symbols_, "kernel/sched"), ends = *kernel_code(*symbols_, "update_curr");
  const auto pieces = *watched_code(seen, ends);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> begins;
  for (const control::WatchedCode& one : pieces) {
    begins.emplace_back(one.first - kText, one.ends_holds);
    EXPECT_LT(one.first, one.last);
  }
  EXPECT_THAT(begins, ElementsAre(std::pair(0x100, 0), std::pair(0x140, 1), std::pair(0x1a0, 0), std::pair(0x300, 1),
                                  std::pair(0x400, 0)));
  std::vector<KernelFunction> many;
  for (std::uint64_t i = 0; i < control::kMostWatched; ++i) many.push_back({"f", i * 32, i * 32 + 16});
  EXPECT_THAT(watched_code(many, {}).error().message(), HasSubstr("64 pieces of code are too many"));
}

TEST_F(KernelCodeTest, FunctionsAreEventsWithoutTheRoomBeforeThem) {
  const auto events = functions_seen(7, *kernel_code(*symbols_, "update_curr"));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(event_as<trace::FunctionSeen>(events[0]).name.str(), "update_curr");
  EXPECT_EQ(event_as<trace::FunctionSeen>(events[1]).start, kText + 0x300);
}

using CodeOfRealKernels = RealKernels;

TEST_F(CodeOfRealKernels, IsThatOfTheScheduler) {
  for (const auto& [entry, image, symbols, btf] : kernels()) {
    SCOPED_TRACE(entry.key);
    const auto functions = kernel_code(symbols, kSchedulerOfKernel);
    ASSERT_TRUE(functions) << functions.error().message();
    std::set<std::string> names;
    for (const KernelFunction& one : *functions) names.insert(one.name);
    for (const char* inside :
         {"update_curr", "try_to_wake_up", "__schedule", "cpufreq_add_update_util_hook", "autogroup_path"})
      EXPECT_TRUE(names.contains(inside)) << inside;
    for (const char* outside : {"do_exit", "vhost_task_start", "mutex_is_locked", "_raw_spin_lock"})
      EXPECT_FALSE(names.contains(outside)) << outside;
    EXPECT_LE(watched_code(*functions, {})->size(), 2u);
  }
}

}  // namespace
}  // namespace ktstr
