// SPDX-License-Identifier: Apache-2.0
//
// Tests for host_test.cpp, which runs them on this machine: bodies that go wrong in ways of their own.
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "host/host_body.h"
#include "ktstr/ktstr.h"
#include "scenario/event_sink.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

Result<AssertResult> one_step(Ctx& ctx) { return execute_defs(ctx, {CgroupDef::named("kbroken").workers(2)}); }

}  // namespace

KTSTR_TEST(crashes_after_a_step, {.duration = 200ms, .host_only = true}) {
  const auto result = one_step(ctx);
  if (!result) return result;
  std::abort();
}

KTSTR_TEST(writes_garbage_after_a_step, {.duration = 200ms, .host_only = true}) {
  const auto result = one_step(ctx);
  if (!result) return result;
  constexpr char kGarbage[] = "this is not a record of a body, it is what somebody printed into its descriptor";
  if (::write(std::atoi(std::getenv(kHostRecordsVariable)), kGarbage, sizeof kGarbage) < 0) std::abort();
  ::sleep(60);  // nobody waits for its end
  return result;
}

KTSTR_TEST(leaves_in_the_middle_of_a_record, {.duration = 200ms, .host_only = true}) {
  const auto result = one_step(ctx);
  if (!result) return result;
  constexpr char kHalf[] = {'K', 'T', 'R', 'C', 7, 0};
  if (::write(std::atoi(std::getenv(kHostRecordsVariable)), kHalf, sizeof kHalf) < 0) std::abort();
  ::_exit(3);
}

KTSTR_TEST(reports_too_much_at_once, {.duration = 200ms, .checks = {.max_spread_pct = 100}, .host_only = true}) {
  PayloadReport report{.name = "much"};
  report.missing.assign(20'000, std::string(100, 'm'));
  ctx.events().payload(report);
  return one_step(ctx);
}

KTSTR_TEST(crashes_after_its_result, {.duration = 200ms, .checks = {.max_spread_pct = 100}, .host_only = true}) {
  std::atexit([] { std::abort(); });
  return one_step(ctx);
}
