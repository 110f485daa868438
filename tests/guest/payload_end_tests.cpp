// SPDX-License-Identifier: Apache-2.0
//
// How payloads end on a real kernel, and what is said of it: by themselves, for want of time, by an op, and all of them
// however many they are. And that nothing that a test starts keeps its body from running, or lives in its stead.
#include <sys/stat.h>

#include "base/file.h"
#include "observed.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

CgroupDef load() { return CgroupDef::named("a").workers(1).work_type(Bursty{.burst = 1ms, .sleep = 4ms}); }

void claim_verdict(AssertResult& claims, const Result<AssertResult>& result, Verdict verdict, std::string_view words) {
  std::string seen = result ? "" : result.error().render();
  bool said = words.empty();
  for (const Detail& detail : result ? result->details : std::vector<Detail>()) {
    seen += detail.message + "; ";
    said |= detail.verdict == verdict && detail.message.find(words) != std::string::npos;
  }
  claims.claim(result && said && result->verdict() == verdict,
               fmt::format("{}: '{}' (seen: {})", to_string(verdict), words, seen));
}

std::string oom_score_adj(const std::string& process) {
  return read_text("/proc/" + process + "/oom_score_adj").value_or("unreadable\n");
}

}  // namespace

KTSTR_TEST(a_payload_that_fails_is_a_failure_without_a_check,
           {.topology = "1n1l2c1t", .duration = 300ms, .payloads = kShell}) {
  AssertResult claims;
  const auto run = [&](const Payload& payload, std::vector<Op> more) {
    std::vector<Op> ops{Op::run_payload(payload)};
    ops.insert(ops.end(), more.begin(), more.end());
    return execute_scenario(ctx, {.cgroups = {load()}}, {held(std::move(ops))});
  };
  const Op wait = Op::wait_payload("p"), kill = Op::kill_payload("p");
  claim_verdict(claims, run(shell("p", "exit 0"), {wait}), Verdict::kPass, "");
  claim_verdict(claims, run(shell("p", "exit 3"), {wait}), Verdict::kFail, "payload 'p' exited with status 3");
  claim_verdict(claims, run(shell("p", "exit 3").check(PayloadCheck::exit_code(3)), {wait}), Verdict::kPass, "");
  claim_verdict(claims, run(shell("p", "kill -SEGV $$"), {wait}), Verdict::kFail, "killed by signal 11 (SIGSEGV)");
  const std::string endless = "while :; do :; done";
  claim_verdict(claims, run(shell("p", endless), {}), Verdict::kPass, "");
  claim_verdict(claims, run(shell("p", endless), {kill}), Verdict::kPass, "");
  claim_verdict(claims, run(shell("p", endless).check(PayloadCheck::exit_code(0)), {}), Verdict::kInconclusive,
                "cannot be judged: it still ran when its time was over");
  claim_verdict(claims, run(shell("p", endless), {wait}), Verdict::kInconclusive, "still ran when the scenario's");
  claim_verdict(claims, run(shell("p", endless), {Op::wait_payload("p", 20ms)}), Verdict::kFail, "did not end within");
  return claims;
}

KTSTR_TEST(a_payload_that_ends_with_its_cgroup_is_not_blamed,
           {.topology = "1n1l2c1t", .duration = 200ms, .payloads = kShell}) {
  AssertResult claims;
  const auto result = execute_scenario(
      ctx, {.cgroups = {load()}},
      {held({Op::run_payload_in_cgroup("a", shell("p", "while :; do :; done")), Op::kill_cgroup("a")})});
  claim_verdict(claims, result, Verdict::kPass, "");
  return claims;
}

// More than are killed at a time. (More than there may be open files: unit tests of src/payload.)
KTSTR_TEST(a_payload_of_many_processes_ends, {.topology = "1n1l2c1t", .duration = 10s, .payloads = kShell}) {
  AssertResult claims;
  if (::mkfifo("/tmp/many", 0600) != 0) return fail_errno("cannot make /tmp/many");
  const Payload many = shell("many",
                             "i=0; while [ $i -lt 200 ]; do { read x </tmp/many; } & i=$((i + 1)); done; "
                             "echo >/tmp/made; wait");
  const Payload made = shell("made", "until [ -e /tmp/made ]; do :; done");
  const std::string before = what_is_left(ctx);
  const auto result = execute_scenario(
      ctx, {.cgroups = {load()}}, {held({Op::run_payload(many), Op::run_payload(made), Op::wait_payload("made")})});
  claim_verdict(claims, result, Verdict::kPass, "");
  const std::string after = what_is_left(ctx);
  claims.claim(after == before, fmt::format("nothing is left of it: {} (seen: {})", before, after));
  return claims;
}

// Its session, environment and parent do not tell whose such a daemon is.
KTSTR_TEST(daemons_of_another_session_without_environment_end_with_their_payload,
           {.topology = "1n1l2c1t",
            .duration = 2s,
            .payloads = {kShell[0], Payload::program("setsid", "setsid"), Payload::program("env", "env")}}) {
  AssertResult claims;
  for (const char* fifo : {"/tmp/there", "/tmp/nobody_writes"})
    if (::mkfifo(fifo, 0600) != 0) return fail_errno("cannot make {}", fifo);
  const std::string daemon =
      "(setsid env -i /bin/sh -c 'echo >/tmp/there; read x </tmp/nobody_writes' &); read x </tmp/there; ";
  const std::string before = what_is_left(ctx);
  const auto nothing_is_left = [&](std::string_view when) {
    const std::string after = what_is_left(ctx);
    claims.claim(after == before, fmt::format("nothing is left {}: {} (seen: {})", when, before, after));
  };
  const auto run = [&](std::vector<Op> ops) {
    return execute_scenario(ctx, {.cgroups = {load()}}, {held(std::move(ops), HoldSpec::fixed(300ms))});
  };
  const Payload leaves = shell("leaves", daemon + "exit 0");
  claim_verdict(claims, run({Op::run_payload(leaves), Op::wait_payload("leaves")}), Verdict::kPass, "");
  nothing_is_left("of one that ended by itself");
  const Payload stays = shell("stays", daemon + "read x </tmp/nobody_writes");
  claim_verdict(claims, run({Op::run_payload_in_cgroup("a", stays)}), Verdict::kPass, "");
  nothing_is_left("of one that was killed");
  return claims;
}

KTSTR_TEST(a_payload_that_forks_without_end_ends, {.topology = "1n1l2c1t", .duration = 1s, .payloads = kShell}) {
  AssertResult claims;
  const std::string before = what_is_left(ctx);
  const auto result =
      execute_scenario(ctx, {.cgroups = {load()}},
                       {held({Op::run_payload(shell("bomb", "f() { (f) & f; }; f"))}, HoldSpec::fixed(50ms))});
  claims.claim(result && result->payloads.size() == 1 && result->payloads[0].killed, "it ran until it was killed");
  const std::string after = what_is_left(ctx);
  claims.claim(after == before, fmt::format("nothing is left of it: {} (seen: {})", before, after));
  return claims;
}

KTSTR_TEST(the_oom_killer_may_take_workers_and_payloads_and_not_the_body,
           {.topology = "1n1l2c1t", .duration = 300ms, .payloads = kShell}) {
  AssertResult claims;
  claims.claim(oom_score_adj("self") == "-1000\n", "the body is protected");
  const Payload payload = shell("p", "read x </proc/$$/oom_score_adj; exit $x").check(PayloadCheck::exit_code(0));
  const auto result = observed(ctx, {.cgroups = {load(), CgroupDef::named("t").workers(1).pcomm("threads")}},
                               {held({Op::run_payload(payload), Op::wait_payload("p")})}, [&](int, Observer& see) {
                                 for (const char* group : {"a", "t"})
                                   for (const int pid : see.pids(group))
                                     see.that(oom_score_adj(std::to_string(pid)) == "0\n", "a worker is not protected");
                               });
  claim_verdict(claims, result, Verdict::kPass, "");
  return claims;
}

KTSTR_TEST(real_time_workers_on_every_cpu_do_not_keep_the_body_from_its_end,
           {.topology = "1n1l2c1t", .duration = 300ms, .checks = {.scheduler_used = false, .spread_off = true}}) {
  AssertResult claims;
  for (const SchedPolicy& policy : {SchedPolicy::fifo(97), SchedPolicy::deadline_of(9ms, 10ms, 10ms)}) {
    const auto result = execute_scenario(ctx, {.cgroups = {CgroupDef::named("hog").workers(2).sched_policy(policy)}},
                                         {held({}, HoldSpec::full())});
    claim_verdict(claims, result, Verdict::kPass, "");
  }
  return claims;
}
