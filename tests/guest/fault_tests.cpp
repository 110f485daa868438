// SPDX-License-Identifier: Apache-2.0
//
// What a real kernel refuses in the middle of a scenario, or does to its processes: each is said in words that name the
// cause, and nothing is left of it.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "cgroup/cgroup_ops.h"
#include "observed.h"
#include "scenario/executor.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

// What was found, with the verdict that each finding has; the test's own claims are about this text.
std::string said_by(const Result<AssertResult>& result) {
  if (!result) return "error: " + result.error().render();
  std::string text;
  for (const Detail& detail : result->details)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", to_string(detail.verdict), detail.message);
  return text;
}

bool says(const Result<AssertResult>& result, Verdict verdict, std::string_view words) {
  return result && std::any_of(result->details.begin(), result->details.end(), [&](const Detail& detail) {
           return detail.verdict == verdict && detail.message.find(words) != std::string::npos;
         });
}

// A test's verdict on how a scenario went wrong.
class Judged {
 public:
  explicit Judged(Ctx& ctx) : ctx_(ctx), before_(what_is_left(ctx)) {}
  Judged& says(const Result<AssertResult>& result, Verdict verdict, const std::string& words) {
    const bool said = ::says(result, verdict, words);
    claims_.claim(said, fmt::format("it says '{}'{}", words, said ? "" : ", and not: " + said_by(result)));
    return *this;
  }
  Judged& that(bool holds, std::string what) {
    claims_.claim(holds, std::move(what));
    return *this;
  }
  AssertResult take() {
    const std::string after = what_is_left(ctx_);
    claims_.claim(after == before_, fmt::format("what there was before is there: {} (seen: {})", before_, after));
    return std::move(claims_);
  }

 private:
  Ctx& ctx_;
  std::string before_;
  AssertResult claims_;
};

int remove_directory(std::string_view cgroup) {
  return ::rmdir(fmt::format("/sys/fs/cgroup/ktstr/{}", cgroup).c_str());
}

}  // namespace

// --- processes that are not the scenario's, or not any more

KTSTR_TEST(a_strangers_process_keeps_a_cgroup_from_removal, {.topology = "1n1l2c1t", .duration = 200ms}) {
  Judged judged(ctx);
  Bystander stranger;
  const auto result = observed(ctx, {}, {{.setup = {CgroupDef::named("a").workers(1)}, .hold = HoldSpec::fixed(20ms)}},
                               [&](int, Observer& see) {
                                 see.that(ctx.cgroups().move_process("a", stranger.pid()).has_value(), "it is in 'a'");
                               });
  judged.says(result, Verdict::kFail,
              fmt::format("cgroup a: cannot remove a: after 2000 ms it still has the processes {} (", stranger.pid()));
  stranger.end();
  judged.that(remove_directory("a") == 0, "it can be removed once the stranger has ended");
  return judged.take();
}

KTSTR_TEST(a_strangers_process_fails_the_op_that_removes, {.topology = "1n1l2c1t", .duration = 200ms}) {
  Judged judged(ctx);
  Bystander stranger;
  KTSTR_TRY_ASSIGN(ExecutorHooks hooks, ExecutorHooks::real(ctx.scheduler_pid()));
  // Before each op: it comes in as soon as there is a cgroup.
  hooks.pause = [&](Nanoseconds) {
    ignore_result(ctx.cgroups().move_process("a", stranger.pid()), "there is none yet");
  };
  const std::vector<Step> steps{held({Op::add_cgroup_def(CgroupDef::named("a").workers(1)), Op::remove_cgroup("a")})};
  const auto result = run_scenario(ctx, {}, steps, ctx.checks(), hooks);
  judged.says(result, Verdict::kFail,
              fmt::format("step 1 failed: remove_cgroup a: cgroup a: cannot remove a: after 2000 ms it still has the "
                          "processes {}",
                          stranger.pid()));
  stranger.end();
  judged.that(remove_directory("a") == 0, "it can be removed once the stranger has ended");
  return judged.take();
}

// The kernel takes a move of a zombie for done; of one that was reaped it knows nothing (ESRCH).
KTSTR_TEST(workers_that_ended_do_not_stop_a_move, {.topology = "1n1l2c1t", .duration = 300ms}) {
  Judged judged(ctx);
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(3), CgroupDef::named("b").no_workers()}};
  std::vector<int> pids, moved;
  const auto result =
      observed(ctx, backdrop, {held({}), held({Op::move_all_tasks("a", "b")})}, [&](int step, Observer& see) {
        if (step == 2) {
          moved = see.pids("b");
          return;
        }
        pids = see.pids("a");
        for (const int pid : {pids.at(0), pids.at(1)}) ::kill(pid, SIGKILL);
        ::waitpid(pids.at(1), nullptr, 0);
      });
  judged.that(moved == std::vector<int>{pids.at(2)}, "the worker that lives was moved");
  judged.says(result, Verdict::kFail, "killed by signal 9");
  judged.says(result, Verdict::kFail, "its status was not ours to read");
  judged.that(!says(result, Verdict::kFail, "step 2 failed"), "the move is no failure");
  return judged.take();
}

KTSTR_TEST(a_move_of_workers_that_are_all_gone_fails_its_step, {.topology = "1n1l2c1t", .duration = 300ms}) {
  Judged judged(ctx);
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(2), CgroupDef::named("b").workers(1)}};
  const auto result =
      observed(ctx, backdrop, {held({}), held({Op::move_all_tasks("a", "b")})}, [&](int, Observer& see) {
        for (const int pid : see.pids("a")) {
          ::kill(pid, SIGKILL);
          ::waitpid(pid, nullptr, 0);
        }
      });
  judged.says(result, Verdict::kFail,
              "step 2 failed: move_all_tasks a -> b: none of the 2 processes was moved: all of them have ended");
  return judged.take();
}

// --- frozen cgroups

KTSTR_TEST(frozen_cgroups_are_torn_down, {.topology = "1n1l2c1t", .duration = 400ms, .payloads = kShell}) {
  Judged judged(ctx);
  const Payload load = shell("load", "while :; do :; done & while :; do :; done");
  const Backdrop backdrop{
      .cgroups = {CgroupDef::named("a").workers(1).workload(load), CgroupDef::named("b").workers(1).workload(load)}};
  const auto result = observed(ctx, backdrop, {held({Op::freeze_cgroup("a")})}, [&](int, Observer& see) {
    // The executor does not know of this one.
    see.that(ctx.cgroups().freeze("b", true).has_value(), "'b' is frozen as well");
  });
  judged.that(result && result->payloads.size() == 2 && result->payloads[0].killed && result->payloads[1].killed,
              "both programs were killed, and reported");
  judged.that(!says(result, Verdict::kFail, "step 1 failed"), "a frozen cgroup is no failure");
  return judged.take();
}

// --- what the kernel says to a knob

KTSTR_TEST(what_the_kernel_refuses_of_a_knob_is_reported, {.topology = "1n1l2c1t", .duration = 200ms}) {
  const struct {
    CgroupDef def;
    const char* words;
  } kRefused[] = {
      // ENODEV
      {CgroupDef::named("a").io_max("99:99 rbps=1048576"), "see /proc/partitions"},
      // EINVAL, for reasons that lie in another file of the group or outside of it
      {CgroupDef::named("a").cpu_quota_pct(10).cpu_burst(20ms), "cpu.max.burst"},
      {CgroupDef::named("a").cpuset_mems({1}), "cpuset.mems"},
      // The kernel takes it, and shows that it does not hold (EIO of our own).
      {CgroupDef::named("a").cpuset_partition("root"), "was set to 'root' and shows 'root invalid"},
  };
  Judged judged(ctx);
  for (const auto& [def, words] : kRefused) {
    const auto result = execute_steps(ctx, {{.setup = {CgroupDef::named("first").workers(1), def}}});
    judged.says(result, Verdict::kFail, "step 1 failed: cgroup 'a'").says(result, Verdict::kFail, words);
  }
  const Backdrop idle{.cgroups = {CgroupDef::named("a").workers(1).cpu_idle(true)}};
  judged.says(execute_scenario(ctx, idle, {held({Op::set_weight("a", 50)})}), Verdict::kFail,
              "what forbids it is another file of the group");
  return judged.take();
}

KTSTR_TEST(a_limit_on_cgroups_is_reported, {.topology = "1n1l2c1t", .duration = 200ms}) {
  Judged judged(ctx);
  KTSTR_TRY(ctx.cgroups().set("", "cgroup.max.descendants", "1"));
  const auto result =
      execute_steps(ctx, {{.setup = {CgroupDef::named("a").workers(1), CgroupDef::named("b").workers(1)}}});
  KTSTR_TRY(ctx.cgroups().set("", "cgroup.max.descendants", "max"));
  judged.says(result, Verdict::kFail, "cannot create cgroup b: a limit on groups is reached; raise cgroup.max.depth");
  return judged.take();
}

// --- what a limit does to programs

KTSTR_TEST(a_program_that_may_not_fork_is_reported, {.topology = "1n1l2c1t", .duration = 400ms, .payloads = kShell}) {
  Judged judged(ctx);
  Payload forks = shell("forks", ": & wait");
  forks.check(PayloadCheck::exit_code(0));
  const Backdrop one{.cgroups = {CgroupDef::named("a").no_workers().pids_max(1)}};
  judged.says(execute_scenario(ctx, one, {held({Op::run_payload_in_cgroup("a", forks), Op::wait_payload("forks")})}),
              Verdict::kFail, "payload 'forks' in cgroup 'a': exit code 0 does not hold");
  const Backdrop full{.cgroups = {CgroupDef::named("a").workers(1).pids_max(1)}};
  judged.says(execute_scenario(ctx, full, {held({Op::run_payload_in_cgroup("a", forks)})}), Verdict::kFail,
              "cannot make a process for /bin/sh");
  return judged.take();
}

KTSTR_TEST(a_program_that_the_kernel_kills_for_its_memory_is_reported,
           {.topology = "1n1l2c1t", .duration = 1s, .payloads = {Payload::program("tail", "tail"), kShell[0]}}) {
  Judged judged(ctx);
  // It looks for the end of a line without end, and keeps all of it.
  Payload grows = Payload::program("grows", "tail").args({"/dev/zero"});
  grows.check(PayloadCheck::exit_code(0));
  const Backdrop small{.cgroups = {CgroupDef::named("a").workers(1).memory_max(8 << 20).memory_swap_max(0)}};
  const auto result =
      execute_scenario(ctx, small, {held({Op::run_payload_in_cgroup("a", grows), Op::wait_payload("grows")})});
  judged.says(result, Verdict::kFail, "it was killed by signal 9 (SIGKILL) by the OOM killer of its cgroup");
  judged.that(result && result->payloads.size() == 1 && !result->payloads[0].killed && result->payloads[0].oom_killed,
              "the scenario did not kill it");
  Payload parent = shell("parent", "tail /dev/zero; exit 0");
  const auto child =
      execute_scenario(ctx, small, {held({Op::run_payload_in_cgroup("a", parent), Op::wait_payload("parent")})});
  judged.says(child, Verdict::kPass, "(tail) was killed by the OOM killer of its cgroup while it ran");
  judged.that(child && child->verdict() == Verdict::kPass, "what it exits with is its own");
  return judged.take();
}
