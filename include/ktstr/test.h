// SPDX-License-Identifier: Apache-2.0
//
// Declaring a test:
//
//   KTSTR_TEST(two_cgroups, {.topology = "1n2l2c1t", .scheduler = "scx_ktstr", .duration = 2s}) {
//     return execute_defs(ctx, {CgroupDef::named("cg_0").workers(2).cpuset(CpusetSpec::llc(0)),
//                               CgroupDef::named("cg_1").workers(2).cpuset(CpusetSpec::llc(1))});
//   }
//
// The body runs in the guest; `ctx` is its Ctx. It runs at real-time priority, so that no scheduler under test decides
// when the scenario's steps happen: work belongs into workers, not into the body. Link the program with ktstr::main.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "ktstr/cpu_speed.h"
#include "ktstr/expected_failure.h"
#include "ktstr/scenario.h"
#include "ktstr/scheduler.h"

namespace ktstr {

// Of tests that name none, and whose scheduler has none.
inline constexpr const char* kDefaultTopology = "1n1l2c1t";

struct TestAttributes {
  std::string topology = {};
  // "NAME ARGS..." of a definition (KTSTR_SCHEDULER(), or [schedulers.NAME] of ktstr.toml), or "PATH ARGS..." of the
  // scheduler under test; a bare name is looked up beside the test program, then in PATH. Empty: the kernel's own.
  // `--scheduler` overrides it.
  std::string scheduler = {};
  // In place of the configuration of its definition, which must be one of a text.
  std::optional<std::string> scheduler_config = {};
  // Schedulers that ops attach (Op::attach_scheduler, Op::replace_scheduler): brought into the guest. As the ops name
  // them, in the form of `scheduler`.
  std::vector<std::string> staged_schedulers = {};
  // `scheduler` is not attached before the body runs, but by Op::attach_scheduler() without a name.
  bool attach_by_op = false;
  std::chrono::nanoseconds duration = std::chrono::seconds(1);  // guest time
  Bytes memory = 0;                                             // of the guest; 0: by rule
  double cpu_mips =
      0;  // det: what a CPU executes while all are busy, at least: million instructions a guest second; 0: by rule
  std::vector<CpuSpeed> cpu_speeds = {};  // det: CPUs that are slower than the others
  Checks checks = {};
  std::string kernel = {};                      // as --kernel takes it; empty: the default
  std::vector<std::string> include_files = {};  // host paths, delivered to the same path in the guest
  std::vector<Payload> payloads = {};  // whose programs the body runs: brought into the guest with their libraries
  // The result is expected to be this failure: "stuck", or ExpectedFailure::with_text("scheduler_crashed", "boom"); a
  // pass is then a failure. Empty: a pass.
  ExpectedFailure expect_failure = {};
  // A failure is replayed at once, with probes: the report shows the last calls of the scheduler's callbacks, and more.
  bool auto_repro = false;
  // The body runs on this machine, below a cgroup of its own, instead of in a guest. Excludes scheduler and kernel.
  bool host_only = false;
};

using TestBody = Result<AssertResult> (*)(Ctx& ctx);

struct TestEntry {
  std::string name;
  TestAttributes attributes;
  TestBody body;
  const char* file;
  int line;
};

// The tests of this program, in order of registration.
std::vector<TestEntry>& registered_tests();

struct TestRegistration {
  TestRegistration(std::string name, TestBody body, const char* file, int line, TestAttributes attributes = {});
};

}  // namespace ktstr

#define KTSTR_TEST(test_name, ...)                                                                                \
  static ::ktstr::Result<::ktstr::AssertResult> ktstr_body_##test_name(::ktstr::Ctx& ctx);                        \
  static const ::ktstr::TestRegistration ktstr_registration_##test_name(                                          \
      #test_name, &ktstr_body_##test_name, __FILE__, __LINE__ __VA_OPT__(, ::ktstr::TestAttributes __VA_ARGS__)); \
  static ::ktstr::Result<::ktstr::AssertResult> ktstr_body_##test_name([[maybe_unused]] ::ktstr::Ctx& ctx)
