// SPDX-License-Identifier: Apache-2.0
//
// Tests that are declared to run on this machine (TestAttributes::host_only): their body is here and in no guest, and
// what it says is judged as anywhere. Needs root and a cgroup2 mount. Other programs share these CPUs, so how evenly
// the workers ran is not a thing to judge here.
#include <unistd.h>

#include <chrono>

#include "ktstr/ktstr.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

Result<AssertResult> two_workers(Ctx& ctx) { return execute_defs(ctx, {CgroupDef::named("here").workers(2)}); }

}  // namespace

KTSTR_TEST(a_host_only_test_runs_on_this_machine,
           {.duration = 200ms, .checks = {.progress = true, .max_spread_pct = 100}, .host_only = true}) {
  auto result = two_workers(ctx);
  if (!result) return result;
  result->claim(::access(KTSTR_SOURCE_DIR "/CMakeLists.txt", F_OK) == 0,
                "the body sees the machine that it was built on");
  return result;
}

KTSTR_TEST(a_host_only_test_fails_as_any_other, {.duration = 200ms,
                                                 .checks = {.max_spread_pct = 100},
                                                 .expect_failure = ExpectedFailure::with_text("user", "does not hold"),
                                                 .host_only = true}) {
  auto result = two_workers(ctx);
  if (!result) return result;
  result->claim(false, "this does not hold");
  return result;
}
