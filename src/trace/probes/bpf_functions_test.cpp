// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/bpf_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "trace/probes/user_probes.h"
#include "trace/testing/kernel_memory.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Of struct bpf_ksym: lnode at 0, start at 16, end at 24, prog at 32, name at 40; it begins struct bpf_prog_aux, with
// prog at 200 and attach_func_name at 208; type of struct bpf_prog at 4; pid of a task at 8.
class BpfFunctionsTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kList = KernelMemory::kImage + 0x100, kFunctions = 0xffffffffc0000000;
  static std::uint64_t symbol(std::uint64_t number) { return KernelMemory::kImage + 0x1000 * number; }
  void link(std::uint64_t from, std::uint64_t to) { memory_.put(from, to); }
  void make(std::uint64_t number, const char* name, const char* method, std::uint64_t next) {
    const std::uint64_t at = symbol(number), program = at + 0x400;
    link(at, next);
    memory_.put(at + 16, kFunctions + number * 0x100);
    memory_.put(at + 24, kFunctions + number * 0x100 + 0x80);
    memory_.put(at + 32, 1);
    memory_.put_text(at + 40, name);
    memory_.put(at + 200, program);
    memory_.put(program, std::uint64_t{27} << 32);
    memory_.put(at + 208, method == nullptr ? 0 : at + 0x600);
    if (method != nullptr) memory_.put_text(at + 0x600, method);
  }
  std::vector<std::string> found() const {
    std::vector<std::string> names;
    for (const BpfFunction& one : bpf_functions(memory_.space(), layout_)) names.push_back(one.name + ":" + one.method);
    return names;
  }
  // A scheduler with three functions, the last of which is no method.
  void make_scheduler() {
    link(kList, symbol(2));
    make(2, "bpf_prog_0123456789abcdef_simple_enqueue", "enqueue", symbol(1));
    make(1, "bpf_prog_1123456789abcdef_simple_dispatch", "dispatch", symbol(3));
    make(3, "bpf_prog_2123456789abcdef_helper", nullptr, kList);
  }

  KernelMemory memory_;
  BpfLayout layout_{.symbols = kList,
                    .link = 0,
                    .start = 16,
                    .end = 24,
                    .name = 40,
                    .name_bytes = 128,
                    .is_program = 32,
                    .symbol_of_aux = 0,
                    .program_of_aux = 200,
                    .method_of_aux = 208,
                    .type = 4,
                    .struct_ops = 27,
                    .pid = 8};
};

TEST_F(BpfFunctionsTest, FindsThoseOfASchedulerByAddress) {
  make_scheduler();
  EXPECT_THAT(found(), ElementsAre("simple_dispatch:dispatch", "simple_enqueue:enqueue", "helper:"));
  EXPECT_EQ(bpf_functions(memory_.space(), layout_).front().start, kFunctions + 0x100);
}

TEST_F(BpfFunctionsTest, OtherProgramsAndTrampolinesAreNotOfIt) {
  make_scheduler();
  memory_.put(symbol(1) + 0x400, std::uint64_t{6} << 32);  // another type
  memory_.put(symbol(3) + 32, 0);                          // no program
  EXPECT_THAT(found(), ElementsAre("simple_enqueue:enqueue"));
}

// attach_btf_id at 216, main_prog_aux at 224; sched_ext_ops is type 500, sched_ext_ops_cid 502.
TEST_F(BpfFunctionsTest, AnotherStructOpsIsNoScheduler) {
  make_scheduler();
  layout_.type_of_methods = 216;
  layout_.schedulers = {500, 502};
  memory_.put(symbol(1) + 216, 500);
  memory_.put(symbol(2) + 216, 501);  // a congestion control
  EXPECT_THAT(found(), ElementsAre("simple_dispatch:dispatch", "helper:"));
  // Where the kernel says of which program a function is a part.
  layout_.main_of_aux = 224;
  memory_.put(symbol(3) + 224, symbol(2));
  EXPECT_THAT(found(), ElementsAre("simple_dispatch:dispatch"));
  memory_.put(symbol(3) + 224, symbol(1));
  EXPECT_THAT(found(), ElementsAre("simple_dispatch:dispatch", "helper:"));
  memory_.put(symbol(3) + 224, 0xdead);
  EXPECT_THAT(found(), ElementsAre("simple_dispatch:dispatch"));
  memory_.put(symbol(2) + 216, 502);
  EXPECT_THAT(found(), ElementsAre("simple_dispatch:dispatch", "simple_enqueue:enqueue"));
}

TEST_F(BpfFunctionsTest, WhatAGuestInventsIsNoFunction) {
  make_scheduler();
  memory_.put(symbol(1) + 16, 0x1000);                  // user memory
  memory_.put(symbol(2) + 24, kFunctions);              // it ends before it begins
  memory_.put(symbol(3) + 200, 0x1234567812345678ULL);  // a wild pointer
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(BpfFunctionsTest, AListThatGoesRoundOrAwayEnds) {
  make_scheduler();
  link(symbol(3), symbol(1));
  EXPECT_LE(found().size(), 10'000u);
  link(symbol(3), 0xdead);
  EXPECT_EQ(found().size(), 3u);
  link(kList, 0);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(BpfFunctionsTest, ANameIsPrintableAndNotLong) {
  make_scheduler();
  memory_.put_text(symbol(3) + 40, "x\n\x1b[2J");
  EXPECT_EQ(bpf_functions(memory_.space(), layout_).back().name, "x??[2J");
  memory_.put_text(symbol(3) + 40, std::string(140, 'a'));
  EXPECT_EQ(bpf_functions(memory_.space(), layout_).back().name, std::string(128, 'a'));
}

TEST_F(BpfFunctionsTest, TheyGetProbesByNameOrMethod) {
  make_scheduler();
  UserProbes wanted{.of_kernel = {},
                    .names = {"f()"},
                    .of_bpf = *parse_user_probes("bpf:simple_*; bpf:enqueue; bpf:nothing"),
                    .bpf = layout_,
                    .methods = {{.name = "enqueue", .is_about_task = true}}};
  const BpfProbes made = bpf_probes(memory_.space(), wanted, 1);
  EXPECT_THAT(made.names, ElementsAre("simple_dispatch(argument)", "simple_enqueue(p:pid)"));
  ASSERT_EQ(made.probes.size(), 2u);
  EXPECT_LT(made.probes[0].address, made.probes[1].address);
  EXPECT_EQ(made.probes[1].step[0].address, 2u) << "its number";
  EXPECT_THAT(made.not_placed, ElementsAre(HasSubstr("bpf:nothing: the BPF scheduler has no such function; it has "
                                                     "simple_dispatch, simple_enqueue, helper")));
  wanted.of_bpf = *parse_user_probes("bpf:ops.*; bpf:ops.enqueue; bpf:ops.tick");
  const BpfProbes methods = bpf_probes(memory_.space(), wanted, 1);
  EXPECT_THAT(methods.names, ElementsAre("simple_dispatch(argument)", "simple_enqueue(p:pid)"));
  EXPECT_THAT(methods.not_placed, ElementsAre(HasSubstr("bpf:ops.tick: the BPF scheduler has no such function")));
  link(kList, kList);
  EXPECT_THAT(bpf_probes(memory_.space(), wanted, 1).not_placed, testing::Contains(HasSubstr("no BPF scheduler")));
}

TEST_F(BpfFunctionsTest, TheirEndsGetProbesWhereAsked) {
  make_scheduler();
  const UserProbes wanted{
      .of_kernel = {},
      .of_bpf = *parse_user_probes("bpf:enqueue -> ret; bpf:helper -> ret; bpf:dispatch"),
      .bpf = layout_,
      .methods = {{.name = "enqueue", .is_about_task = true, .returns = true, .narrow = 0x104}, {.name = "dispatch"}}};
  EXPECT_TRUE(wanted.wants_ends_of_bpf());
  const BpfProbes made = bpf_probes(memory_.space(), wanted, 0);
  EXPECT_THAT(made.names, ElementsAre("simple_dispatch(argument)", "simple_enqueue(p:pid)", "simple_enqueue -> ret",
                                      "helper(argument)", "helper -> ret"));
  ASSERT_EQ(made.ends.size(), 2u);
  EXPECT_EQ(made.ends[0].from, kFunctions + 0x200);
  EXPECT_EQ(made.ends[0].to, kFunctions + 0x280);
  EXPECT_EQ(made.ends[0].probe.step[0].address, 2u) << "its number";
  EXPECT_EQ(made.ends[0].probe.step[3].narrow, 0x104u);
  EXPECT_EQ(made.ends[1].probe.step[3].narrow, control::kAll);
}

}  // namespace
}  // namespace ktstr
