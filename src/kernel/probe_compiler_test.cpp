// SPDX-License-Identifier: Apache-2.0
#include "kernel/probe_compiler.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernel/testing/synthetic_image.h"
#include "probe_steps.h"

namespace ktstr {
namespace {

using synthetic::BtfWriter;

// struct rq { u64 clock; struct task *curr; }; struct task { char comm[16]; int pid; struct rq *rq; long masks[2];
// int bit:3; }; enqueue(struct rq *rq, struct task *p, int flags)
class ProbeCompiler : public testing::Test {
 protected:
  ProbeCompiler() : btf_(*Btf::parse(written())) { function_ = *btf_.find("enqueue", BtfKind::kFunc); }

  static ByteVector written() {
    BtfWriter writer;
    const BtfTypeId number = writer.integer("int", 4), character = writer.integer("char", 1),
                    big = writer.integer("long", 8);
    const BtfTypeId comm = writer.array(character, 16), masks = writer.array(big, 2);
    const BtfTypeId rq_forward = 12;  // of what comes later: types are numbered in their order
    const BtfTypeId to_rq = writer.plain(BtfKind::kPtr, "", rq_forward);
    const BtfTypeId task = writer.structure(
        "task", 56,
        {{"comm", comm, 0}, {"pid", number, 128}, {"rq", to_rq, 192}, {"masks", masks, 256}, {"bit", number, 384, 3}});
    const BtfTypeId to_task = writer.plain(BtfKind::kPtr, "", task);
    const BtfTypeId text = writer.plain(BtfKind::kPtr, "", character);
    const BtfTypeId proto = writer.prototype({{"rq", to_rq}, {"p", to_task}, {"flags", number}, {"name", text}});
    writer.plain(BtfKind::kFunc, "enqueue", proto);
    const BtfTypeId rq = writer.structure("rq", 16, {{"clock", big, 0}, {"curr", to_task, 64}});
    EXPECT_EQ(rq, rq_forward);
    writer.plain(BtfKind::kFunc, "pick", writer.prototype({}, to_task));
    writer.plain(BtfKind::kFunc, "ask", writer.prototype({}, number));
    writer.plain(BtfKind::kFunc, "copy", writer.prototype({}, task));
    return writer.build();
  }

  // What the expression gives over memory at 0x1000: an rq, whose task is at 0x2000.
  std::vector<std::uint64_t> values(std::string_view expression) {
    control::Probe probe{};
    const auto compiled = compile_value(btf_, function_, expression, probe);
    EXPECT_TRUE(compiled) << compiled.error().message();
    if (!compiled) return {};
    std::vector<std::uint64_t> memory(0x3000 / 8);
    auto put = [&](std::uint64_t at, std::uint64_t value) { memory[at / 8] = value; };
    put(0x1000, 777);
    put(0x1008, 0x2000);
    put(0x2000, 0x6c6c6568);  // "hell"
    put(0x2008, 0x6f);
    put(0x2010, 0xffffffff00000000U | 42);
    put(0x2018, 0x1000);
    put(0x2028, 0xabc);
    control::GuestSpace space;
    space.set_kernel({.image = 0x1000, .image_bytes = 0x2000, .image_physical = 0x1000});
    space.add({0, 0x3000, reinterpret_cast<const unsigned char*>(memory.data())});
    const std::uint64_t registers[control::kRegisters] = {0x1000, 0x2000, 0x11, 0x2000, 0, 0, rax_};
    control::StepValues seen;
    control::work_out(probe, space, registers, seen);
    EXPECT_EQ(seen.unreadable, 0u);
    EXPECT_EQ(seen.count, compiled->words);
    return {seen.value, seen.value + seen.count};
  }
  std::string mistake(std::string_view expression) {
    control::Probe probe{};
    const auto compiled = compile_value(btf_, function_, expression, probe);
    EXPECT_FALSE(compiled) << expression;
    EXPECT_EQ(probe.steps, 0u) << "nothing is left of it";
    return compiled ? "" : compiled.error().message();
  }

  using Words = std::vector<std::uint64_t>;
  Btf btf_;
  BtfTypeId function_ = 0;
  std::uint64_t rax_ = 0;
};

TEST_F(ProbeCompiler, TakesWhatAFunctionReturns) {
  EXPECT_EQ(mistake("$ret"), "'$ret' is not what a probe can look at: this function returns nothing");
  rax_ = 0x2000;
  function_ = *btf_.find("pick", BtfKind::kFunc);
  EXPECT_EQ(values("$ret"), Words{0x2000});
  EXPECT_EQ(values("$ret->pid"), Words{42});
  EXPECT_EQ(values("$ret->comm"), (Words{0x6c6c6568, 0x6f}));
  function_ = *btf_.find("ask", BtfKind::kFunc);
  rax_ = 0x1234567800000005;
  EXPECT_EQ(values("$ret"), Words{5}) << "what is above an int is anything";
  EXPECT_EQ(mistake("$ret->pid"), "'$ret->pid' is not what a probe can look at: '->' follows a pointer");
  function_ = *btf_.find("copy", BtfKind::kFunc);
  EXPECT_EQ(mistake("$ret"), "'$ret': this function returns a struct");
  function_ = 0;
  EXPECT_EQ(mistake("$ret"), "'$ret': this kernel has no type of what this function returns");
}

TEST_F(ProbeCompiler, TakesParametersMembersAndPointers) {
  EXPECT_EQ(values("flags"), Words{0x11});
  EXPECT_EQ(values("rq"), Words{0x1000});
  EXPECT_EQ(values("p->pid"), Words{42});
  EXPECT_EQ(values("rq->curr->pid"), Words{42});
  EXPECT_EQ(values("rq->curr->rq->clock"), Words{777});
  EXPECT_EQ(values("p->masks[1]"), Words{0xabc});
  EXPECT_EQ(values("p->comm"), (Words{0x6c6c6568, 0x6f}));
  EXPECT_EQ(values("name->*16"), (Words{0x6c6c6568, 0x6f}));
  EXPECT_EQ(values("$rdi:rq->curr->pid"), Words{42});
  EXPECT_EQ(values("$rdx"), Words{0x11});
  EXPECT_EQ(values("=3"), Words{3});
}

TEST_F(ProbeCompiler, TakesTheFirstThatIsThere) {
  EXPECT_EQ(values("p->tid | p->pid"), Words{42});
  EXPECT_EQ(values("?p->tid"), Words{0});
  control::Probe probe{};
  EXPECT_TRUE(compile_value(btf_, function_, "?p->tid", probe)->absent);
}

TEST_F(ProbeCompiler, LoadsAPointerOnce) {
  control::Probe probe{};
  ASSERT_TRUE(compile_value(btf_, function_, "rq->curr->pid", probe));
  ASSERT_TRUE(compile_value(btf_, function_, "rq->curr->masks[0]", probe));
  EXPECT_EQ(probe.steps, 3u);
}

TEST_F(ProbeCompiler, SaysWhatIsWrong) {
  EXPECT_EQ(mistake("p->tid"), "the kernel's struct task has no member tid");
  EXPECT_EQ(mistake("q->tid"), "'q->tid': this kernel has no parameter q of this function");
  EXPECT_EQ(mistake("$rdi:cfs_rq->nr"), "'$rdi:cfs_rq->nr': this kernel has no struct cfs_rq");
  EXPECT_EQ(mistake("p->masks[2]"), "'p->masks[2]': this kernel has no element 2");
  EXPECT_EQ(mistake("$rbp"), "'$rbp' is not what a probe can look at: there is no such register");
  EXPECT_EQ(mistake("p->pid->x"), "'p->pid->x' is not what a probe can look at: '->' follows a pointer");
  EXPECT_EQ(mistake("p->pid[1]"), "'p->pid[1]' is not what a probe can look at: [] follows an array");
  EXPECT_EQ(mistake("p->masks[x]"), "'p->masks[x]' is not what a probe can look at: a number in [] is missing");
  EXPECT_EQ(mistake("name->*7"),
            "'name->*7' is not what a probe can look at: 8, 16, 24 or 32 bytes can be taken at a pointer");
  EXPECT_EQ(mistake("=x"), "'=x' is not what a probe can look at: a number follows '='");
  EXPECT_EQ(mistake("p->bit"), "'p->bit': bit is a bit-field");
  EXPECT_EQ(mistake(""), "an empty expression");
  EXPECT_EQ(mistake("?"), "an empty expression");
}

TEST_F(ProbeCompiler, AProbeHasAnEnd) {
  control::Probe probe{};
  for (std::size_t i = 0; i < control::kMostSteps; ++i) ASSERT_TRUE(compile_value(btf_, function_, "flags", probe));
  const auto one_more = compile_value(btf_, function_, "flags", probe);
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace ktstr
