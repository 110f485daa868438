// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/user_probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kernel/cache.h"
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

TEST(UserProbes, MistakesAreNamed) {
  EXPECT_THAT(refusal(""), HasSubstr("names no function"));
  EXPECT_THAT(refusal(" ; "), HasSubstr("names no function"));
  EXPECT_THAT(refusal("f(p->pid"), HasSubstr("')' is missing"));
  EXPECT_THAT(refusal("f()"), HasSubstr("an expression is missing"));
  EXPECT_THAT(refusal("f(a,,b)"), HasSubstr("an expression is missing"));
  EXPECT_THAT(refusal("f*"), HasSubstr("not the name of a function"));
  EXPECT_THAT(refusal("bpf:"), HasSubstr("not the name of a function"));
  EXPECT_THAT(refusal("bpf:*x"), HasSubstr("not the name of a function"));
  EXPECT_THAT(refusal("bpf:f(p)"), HasSubstr("the first argument"));
  EXPECT_THAT(refusal("a b"), HasSubstr("probe 'a b'"));
}

// Against the kernels that this machine has in its cache.
TEST(UserProbes, AreFoundInAKernel) {
  const auto root = default_cache_root(std::getenv("XDG_CACHE_HOME"), std::getenv("HOME"));
  if (!root) GTEST_SKIP();
  int kernels = 0;
  for (CacheEntry& item : KernelCache(*root).list()) {
    if (item.damaged()) continue;
    SCOPED_TRACE(item.entry->key);
    ++kernels;
    const ByteVector image = *read_bytes(item.entry->vmlinux());
    const auto made = compile_user_probes(image, *parse_user_probes("try_to_wake_up(p->pid, p->comm); bpf:*"));
    ASSERT_TRUE(made) << made.error().message();
    ASSERT_EQ(made->of_kernel.size(), 1u);
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < made->of_kernel[0].steps; ++i) kept += made->of_kernel[0].step[i].keep;
    EXPECT_EQ(kept, 7u) << "number, how many, which are text, and the four of the event";
    EXPECT_THAT(made->names, ElementsAre("try_to_wake_up(p->pid, p->comm)"));
    if (item.entry->facts.has_sched_ext) {
      EXPECT_THAT(made->methods_about_tasks, testing::IsSupersetOf({"enqueue", "tick"}));
    }
    const auto missing = compile_user_probes(image, *parse_user_probes("no_such_function"));
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message(), HasSubstr("no function no_such_function"));
    EXPECT_FALSE(compile_user_probes(image, *parse_user_probes("runqueues"))) << "this is no function";
    EXPECT_FALSE(compile_user_probes(image, *parse_user_probes("try_to_wake_up(p->no_such_member)")));
    EXPECT_FALSE(compile_user_probes(image, *parse_user_probes("try_to_wake_up(p->comm, p->comm, p->pid)")));
  }
  if (kernels == 0) GTEST_SKIP() << "no kernel is cached (`ktstr kernel fetch` gets one)";
}

TEST(ProbeNames, NameWhatATraceHas) {
  ProbeNames names;
  names.follow(probe_placed(1, 1, "simple_enqueue(pid)"));
  names.follow(probe_placed(1, 4'000'000'000, "of a guest that lies"));
  const auto event = make_event(2, 0, trace::Probe{.number = 1, .count = 1, .text = 0, .values = {131}});
  EXPECT_EQ(names.text(event), "simple_enqueue(131)");
  EXPECT_EQ(
      names.text(make_event(
          2, 0,
          trace::Probe{
              .number = 7, .count = 9, .text = 0x406, .values = {1, 0x7265776f70657270, 0x31, 0xffff888000000000}})),
      "probe 7(1, prepower1, 0xffff888000000000)");
  TraceEvent unreadable = event;
  unreadable.unreadable = 0b1000;
  EXPECT_EQ(names.text(unreadable), "simple_enqueue(?)");
}

}  // namespace
}  // namespace ktstr
