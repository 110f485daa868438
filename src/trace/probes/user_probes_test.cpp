// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/user_probes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "kernel/testing/real_kernels.h"
#include "trace/probes/probe_names.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(std::string_view list) {
  const auto parsed = parse_user_probes(list);
  if (parsed) return "taken";
  EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidArgument);
  return parsed.error().message();
}

TEST(UserProbes, AreReadAsTheyAreWritten) {
  const auto probes = parse_user_probes("try_to_wake_up( p->pid , p->comm) ;bpf:*; bpf:simple_*;do_exit;");
  ASSERT_TRUE(probes) << probes.error().message();
  EXPECT_THAT(*probes, ElementsAre(UserProbe{"try_to_wake_up", false, {"p->pid", "p->comm"}}, UserProbe{"*", true, {}},
                                   UserProbe{"simple_*", true, {}}, UserProbe{"do_exit", false, {}}));
  EXPECT_EQ(to_text(probes->front()), "try_to_wake_up(p->pid, p->comm)");
  EXPECT_EQ(to_text((*probes)[1]), "bpf:*");
}

TEST(UserProbes, MayAskForWhatIsReturned) {
  const auto probes = parse_user_probes("f(p->pid) -> ret; f->ret ;g(p->a, p->b)->ret->pid; bpf:* -> ret");
  ASSERT_TRUE(probes) << probes.error().message();
  EXPECT_THAT(*probes,
              ElementsAre(UserProbe{"f", false, {"p->pid"}, "ret"}, UserProbe{"f", false, {}, "ret"},
                          UserProbe{"g", false, {"p->a", "p->b"}, "ret->pid"}, UserProbe{"*", true, {}, "ret"}));
  EXPECT_EQ(to_text(probes->front()), "f(p->pid) -> ret");
  EXPECT_THAT(refusal("f -> p"), HasSubstr("'ret' or 'ret->...'"));
  EXPECT_THAT(refusal("f(p) -> "), HasSubstr("'ret' or 'ret->...'"));
  EXPECT_THAT(refusal("f(p) -> retx"), HasSubstr("'ret' or 'ret->...'"));
  EXPECT_THAT(refusal("-> ret"), HasSubstr("not the name of a function"));
  EXPECT_THAT(refusal("bpf:f -> ret->pid"), HasSubstr("the kernel knows no types"));
}

TEST(UserProbes, MistakesAreNamed) {
  EXPECT_THAT(refusal(""), HasSubstr("names no function"));
  EXPECT_THAT(refusal(" ; "), HasSubstr("names no function"));
  EXPECT_THAT(refusal("f(p->pid"), HasSubstr("')' is missing"));
  EXPECT_THAT(refusal("f()"), HasSubstr("an expression is missing"));
  EXPECT_THAT(refusal("f(a,,b)"), HasSubstr("an expression is missing"));
  EXPECT_THAT(refusal("f(p), g(p)"), HasSubstr("';' separates two functions"));
  EXPECT_THAT(refusal("f*"), HasSubstr("not the name of a function"));
  EXPECT_THAT(refusal("bpf:"), HasSubstr("not the name of a function"));
  EXPECT_THAT(refusal("bpf:*x"), HasSubstr("not the name of a function"));
  EXPECT_THAT(refusal("bpf:f(p)"), HasSubstr("all arguments are taken"));
  EXPECT_THAT(refusal("a b"), HasSubstr("probe 'a b'"));
}

void expect_ends(const ByteVector& image) {
  const auto made =
      compile_user_probes(image, *parse_user_probes("try_to_wake_up -> ret; find_task_by_vpid -> ret->comm"));
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_THAT(made->names,
              testing::IsSupersetOf({"try_to_wake_up", "try_to_wake_up -> ret", "find_task_by_vpid -> ret->comm"}));
  EXPECT_THAT(made->thunks, testing::Not(testing::IsEmpty()));
  ASSERT_GE(made->ends.size(), 2u);
  for (const control::ExitProbe& end : made->ends) {
    EXPECT_LT(end.from, end.to);
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < end.probe.steps; ++i) kept += end.probe.step[i].keep;
    EXPECT_EQ(kept, 7u);
  }
  const control::Probe& woken = made->ends[0].probe;
  EXPECT_EQ(woken.address, made->ends[0].from);
  EXPECT_EQ(woken.step[3].narrow & 0xff, 4u) << "an int, or what is a bool elsewhere";
  EXPECT_FALSE(compile_user_probes(image, *parse_user_probes("sched_tick -> ret->pid"))) << "it returns nothing";
  EXPECT_FALSE(compile_user_probes(image, *parse_user_probes("try_to_wake_up -> ret->pid"))) << "it is a number";
}

using UserProbesOfRealKernels = RealKernels;

TEST_F(UserProbesOfRealKernels, AreFound) {
  for (const auto& [entry, image, symbols, btf] : kernels()) {
    SCOPED_TRACE(entry.key);
    const auto made = compile_user_probes(image, *parse_user_probes("try_to_wake_up(p->pid, p->comm); bpf:*"));
    ASSERT_TRUE(made) << made.error().message();
    ASSERT_EQ(made->of_kernel.size(), 1u);
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < made->of_kernel[0].steps; ++i) kept += made->of_kernel[0].step[i].keep;
    EXPECT_EQ(kept, 7u) << "number, how many, which are text, and the four of the event";
    EXPECT_THAT(made->names, ElementsAre("try_to_wake_up(p->pid, p->comm)"));
    if (entry.facts.has_sched_ext) {
      std::map<std::string, BpfMethod> methods;
      for (const BpfMethod& one : made->methods) methods[one.name] = one;
      for (const char* const name : {"enqueue", "tick", "select_cpu"}) EXPECT_TRUE(methods[name].is_about_task) << name;
      EXPECT_FALSE(methods["dispatch"].is_about_task);
      EXPECT_FALSE(methods["enqueue"].returns);
      EXPECT_TRUE(methods["select_cpu"].returns);
      EXPECT_EQ(methods["select_cpu"].narrow, 4u | control::kSigned);
      EXPECT_EQ(with_parameters("f", methods["enqueue"].parameters), "f(p:pid, enq_flags:scx_enq_flags)");
      EXPECT_EQ(with_parameters("f", methods["select_cpu"].parameters),
                "f(p:pid, prev_cpu:n, wake_flags:scx_wake_flags)");
      EXPECT_EQ(methods["select_cpu"].values.count, 3u);
      EXPECT_THAT(with_parameters("f", methods["dispatch"].parameters), testing::EndsWith("cpu:n, prev:pid)"));
      EXPECT_THAT(made->named, testing::Contains(testing::Field(&NamedNumber::name, "SCX_ENQ_WAKEUP")));
    }
    expect_ends(image);
    const auto all = compile_user_probes(image, *parse_user_probes("try_to_wake_up(*) -> ret; ?no_such_function(*)"));
    ASSERT_TRUE(all) << all.error().message();
    EXPECT_THAT(all->names,
                ElementsAre("try_to_wake_up(p:pid, state:n, wake_flags:scx_wake_flags)", "try_to_wake_up -> ret"));
    const auto missing = compile_user_probes(image, *parse_user_probes("no_such_function"));
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message(), HasSubstr("no function no_such_function"));
    EXPECT_FALSE(compile_user_probes(image, *parse_user_probes("runqueues"))) << "this is no function";
    EXPECT_FALSE(compile_user_probes(image, *parse_user_probes("try_to_wake_up(p->no_such_member)")));
    EXPECT_FALSE(compile_user_probes(image, *parse_user_probes("try_to_wake_up(p->comm, p->comm, p->pid)")));
  }
}

TEST(ProbeNames, NameWhatATraceHas) {
  ProbeNames names;
  names.follow(probe_placed(1, 1, "simple_enqueue(p->pid)"));
  names.follow(probe_placed(1, 4'000'000'000, "of a guest that lies"));
  const auto event = make_event(2, 0, trace::Probe{.number = 1, .count = 1, .text = 0, .values = {131}});
  EXPECT_EQ(names.text(event), "simple_enqueue(131)");
  EXPECT_EQ(
      names.text(make_event(
          2, 0,
          trace::Probe{
              .number = 7, .count = 9, .text = 0x406, .values = {1, 0x7265776f70657270, 0x31, 0xffff888000000000}})),
      "probe 7(1, prepower1, 0xffff888000000000)");
  names.follow(probe_placed(1, 2, "select_cpu -> ret"));
  const auto ended = [&](std::uint32_t count, std::uint32_t flags, std::uint64_t value, std::uint64_t left) {
    return names.text(make_event(
        2, 0,
        trace::Probe{.number = 2, .count = count, .text = trace::Probe::kEnds | flags, .values = {value, 0, 0, left}}));
  };
  EXPECT_EQ(ended(1, trace::Probe::kSigned, static_cast<std::uint64_t>(-22), 0), "select_cpu -> -22");
  EXPECT_EQ(ended(1, trace::Probe::kSigned, 3, 0), "select_cpu -> 3");
  EXPECT_EQ(ended(1, 0, ~0ULL, 0), "select_cpu -> 0xffffffffffffffff");
  EXPECT_EQ(ended(1, 1, 0x7265776f70657270, 0), "select_cpu -> prepower");
  EXPECT_EQ(ended(0, 0, 0, 0), "select_cpu -> void");
  EXPECT_EQ(ended(1, 0, 3, 0xffffffff81000000), "select_cpu -> ? (goes on at 0xffffffff81000000)");
  EXPECT_EQ(ended(1, 0, 3, control::kSomewhere), "select_cpu -> ? (goes on elsewhere)");
  names.follow(probe_placed(1, 3, "enqueue(p:pid, enq_flags:scx_enq_flags, dsq_id:dsq, mask:cpus)"));
  for (const NamedNumber& one :
       std::vector<NamedNumber>{{"scx_enq_flags", "SCX_ENQ_WAKEUP", 1},
                                {"scx_enq_flags", "SCX_ENQ_HEAD", 16},
                                {"scx_enq_flags", "__SCX_ENQ_INTERNAL_MASK", 0xff00000000000000}})
    names.follow(named_value(1, one));
  const auto called = [&](std::uint64_t flags) {
    return make_event(2, 3,
                      trace::Probe{.number = 3, .count = 4, .text = 0, .values = {131, flags, 1ULL << 63 | 2, 6}});
  };
  EXPECT_EQ(names.text(called(1)), "enqueue(p 131, enq_flags WAKEUP, dsq_id the local queue of CPU 3, mask 1-2)");
  EXPECT_THAT(names.text(called(17 | 1ULL << 32), [](std::int32_t pid) { return fmt::format("load[{}]", pid); }),
              testing::StartsWith("enqueue(p load[131], enq_flags WAKEUP|HEAD|0x100000000, "));
  EXPECT_EQ(names.task_of(called(1)), 131);
  EXPECT_EQ(names.task_of(event), std::nullopt);
  TraceEvent unreadable = event;
  unreadable.unreadable = 0b1000;
  EXPECT_EQ(names.text(unreadable), "simple_enqueue(?)");
}

}  // namespace
}  // namespace ktstr
