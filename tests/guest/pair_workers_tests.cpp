// SPDX-License-Identifier: Apache-2.0
//
// Workers that wake each other, on a real kernel: processes, and threads of one process beside others.
#include <algorithm>

#include "base/file.h"
#include "observed.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

// Of the files that a process has open.
std::ptrdiff_t pipes_of(int pid) {
  const fs::directory_iterator files(fmt::format("/proc/{}/fd", pid));
  return std::count_if(begin(files), end(files),
                       [](const auto& entry) { return fs::read_symlink(entry.path()).string().starts_with("pipe:"); });
}

Result<AssertResult> in_pairs(Ctx& ctx, const WorkType& type, std::ptrdiff_t pipes_of_four) {
  const std::string before = what_is_left(ctx);
  const std::vector<CgroupDef> cgroups = {
      CgroupDef::named("processes").workers(4).work_type(type),
      CgroupDef::named("threads").workers(2).work_type(type).pcomm("server").work({.type = SpinWait{}, .nice = 19})};
  auto result = observed(ctx, {}, {{.setup = cgroups}}, [&](int, Observer& see) {
    // Three more are standard input, output and error, whatever they are.
    const std::ptrdiff_t most = pipes_of_four + 3;
    for (const int pid : see.pids("processes"))
      see.that(pipes_of(pid) >= pipes_of_four && pipes_of(pid) <= most, "each has the pipes of its group");
    for (const int pid : see.pids("threads")) see.that(pipes_of(pid) <= pipes_of_four / 2 + 3, "and of no other");
  });
  if (!result) return result;
  for (const CgroupStats& stats : result->cgroups)
    result->claim(stats.iterations > 100 && stats.wakeups > 0,
                  fmt::format("those of {} wake each other (seen: {} iterations, {} wake-ups)", stats.cgroup,
                              stats.iterations, stats.wakeups));
  const std::string after = what_is_left(ctx);
  result->claim(after == before, fmt::format("nothing is left behind (before: {}; after: {})", before, after));
  return result;
}

}  // namespace

KTSTR_TEST(pipe_io, {.topology = "1n1l2c1t", .duration = 300ms, .checks = {.spread_off = true}}) {
  return in_pairs(ctx, PipeIo{}, 8);
}

KTSTR_TEST(futex_ping_pong, {.topology = "1n1l2c1t", .duration = 300ms, .checks = {.spread_off = true}}) {
  return in_pairs(ctx, FutexPingPong{}, 0);
}

// As processes, and as threads of one process.
KTSTR_TEST(custom_work, {.topology = "1n1l2c1t", .duration = 300ms, .checks = {.spread_off = true}}) {
  const Custom own{.name = "requests",
                   .loop =
                       [](WorkLoop& run) {
                         while (!run.stopping()) {
                           run.sleep_for(std::chrono::microseconds(500 + run.random(1000)));
                           run.spin_for(std::chrono::microseconds(run.parameter(0)));
                           run.note(1ms);
                           run.count(2);
                           run.end_iteration();
                         }
                       },
                   .parameters = {200}};
  auto result = execute_defs(ctx, {CgroupDef::named("processes").workers(2).work_type(own),
                                   CgroupDef::named("threads").workers(2).pcomm("server").work_type(own)});
  if (!result) return result;
  for (const CgroupStats& stats : result->cgroups) {
    // The last sleep of each of the two may have been cut short.
    result->claim(stats.iterations > 100 && stats.wakeups + 2 >= stats.iterations,
                  fmt::format("{} iterations, {} wake-ups in {}", stats.iterations, stats.wakeups, stats.cgroup));
    result->claim(stats.latencies.size() == 1 && stats.latencies[0].count == stats.iterations &&
                      stats.latencies[0].max_ns == 1'000'000,
                  "each is noted in " + stats.cgroup);
    result->claim(stats.counts.size() == 1 && stats.counts[0].count == 2 * stats.iterations,
                  "and counted in " + stats.cgroup);
  }
  return result;
}
