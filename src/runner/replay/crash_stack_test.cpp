// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/crash_stack.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names(const std::vector<std::string>& log) {
  std::vector<std::string> all;
  for (const StackFunction& one : crash_stack(log)) all.push_back((one.bpf ? "bpf:" : "") + one.name);
  return all;
}

TEST(CrashStack, OfASchedulersEnd) {
  EXPECT_THAT(names({
                  "[    3.100] sched_ext: BPF scheduler \"ktstr\" disabled (runtime error)",
                  "[    3.101] sched_ext: ktstr: invalid CPU 99",
                  "[    3.102]    scx_vexit+0x82/0xb0",
                  "[    3.103]    __scx_error+0x4b/0x70",
                  "[    3.104]    bpf_prog_0123456789abcdef_ktstr_select_cpu+0x1f/0x2a",
                  "[    3.105]    bpf__sched_ext_ops_select_cpu+0x4b/0xb2",
                  "[    3.106]    select_task_rq_scx+0x8d/0x2a0",
                  "[    3.107]    asm_sysvec_apic_timer_interrupt+0x1a/0x20",
                  "[    3.108] sched_ext: something else",
                  "[    3.109]    not_of_it+0x1/0x2",
              }),
              ElementsAre("scx_vexit", "__scx_error", "bpf:ktstr_select_cpu", "select_task_rq_scx"));
}

TEST(CrashStack, EndsWithTheInterruptThatDidIt) {
  EXPECT_THAT(names({
                  "scx_bpf_error_bstr+0x82/0xb0",
                  "bpf_prog_0123456789abcdef_crash_timer_fn+0x1f/0x2a",
                  "bpf_timer_cb+0x4b/0xb2",
                  "asm_sysvec_apic_timer_interrupt+0x1a/0x20",
                  "default_idle+0xf/0x20",
              }),
              ElementsAre("scx_bpf_error_bstr", "bpf:crash_timer_fn", "bpf_timer_cb"));
}

TEST(CrashStack, OfAPanic) {
  EXPECT_THAT(names({
                  "BUG: kernel NULL pointer dereference, address: 0000000000000010",
                  "RIP: 0010:pick_next_task_fair+0x1c/0x90",
                  "Code: 00 11 22",
                  "RSP: 0018:ffffc90000013e60 EFLAGS: 00010046",
                  "Call Trace:",
                  " <TASK>",
                  " ? show_regs+0x1/0x2",
                  " __schedule+0x12/0x90",
                  " schedule+0x3/0x90",
                  " </TASK>",
              }),
              ElementsAre("pick_next_task_fair", "__schedule", "schedule"));
}

TEST(CrashStack, WhatIsNoStackIsNone) {
  EXPECT_THAT(names({}), IsEmpty());
  EXPECT_THAT(names({"a+b/c", "1+0x2/", "+0x1/0x2", "x+0x/0x2", "two words+0x1/0x2", "? f+0x1/0x2", "/", "+"}),
              IsEmpty());
}

}  // namespace
}  // namespace ktstr
