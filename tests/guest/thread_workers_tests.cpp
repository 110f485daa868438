// SPDX-License-Identifier: Apache-2.0
//
// Workers that are threads of one process, on a real kernel.
#include <sched.h>
#include <signal.h>

#include <algorithm>

#include "base/file.h"
#include "observed.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

// Of the process, the leader first.
std::vector<int> tasks_of(int process) {
  std::vector<int> tids;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/task", process)))
    tids.push_back(std::stoi(entry.path().filename().string()));
  std::sort(tids.begin(), tids.end());
  return tids;
}

std::size_t lines_of(Observer& see, std::string_view group, std::string_view file) {
  const std::string text = see.cgroup(group, file);
  return text.empty() ? 0 : static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
}

// Two groups of workers in one process, and one worker by itself.
CgroupDef web(const std::string& cgroup) {
  return CgroupDef::named(cgroup).workers(2).pcomm("web").work(
      {.type = Bursty{.burst = 1ms, .sleep = 2ms}, .nice = 5, .comm = "log", .policy = SchedPolicy::batch()});
}

}  // namespace

// What is observed keeps a CPU busy for more than 0.1 s, with one of the workers pinned to it perhaps.
KTSTR_TEST(threads_of_one_process, {.topology = "2n2l2c1t", .duration = 600ms, .checks = {.spread_off = true}}) {
  CgroupDef def = web("a").uid(1000);
  def.work({.comm = "far", .affinity = AffinityIntent::exact({3}), .mem_policy = MemPolicy::bind({1})});
  def.work({.comm = "alone", .pcomm = "db", .uid = 1001});
  return observed(ctx, {}, {{.setup = {def}, .hold = HoldSpec::fixed(400ms)}}, [](int, Observer& see) {
    const std::vector<int> processes = see.pids("a");
    see.that(processes.size() == 2, "two processes");
    see.that(lines_of(see, "a", "cgroup.threads") == 7, "seven tasks: two leaders and five workers");
    const auto comm = [&](int tid) { return see.file(fmt::format("/proc/{}/comm", tid)); };
    const auto found = std::find_if(processes.begin(), processes.end(), [&](int pid) { return comm(pid) == "web"; });
    see.that(found != processes.end(), "a process is called 'web'");
    if (found == processes.end()) return;
    const std::vector<int> tasks = tasks_of(*found);
    see.that(tasks.size() == 5, "it has a leader and four workers");
    if (tasks.size() != 5) return;
    const char* const names[] = {"web", "a/0", "a/1", "log", "far"};
    for (std::size_t i = 0; i < 5; ++i) {
      see.equal("comm", comm(tasks[i]), names[i]);
      see.equal("uid", see.status(tasks[i], "Uid"), "1000\t1000\t1000\t1000");
      see.that(::sched_getscheduler(tasks[i]) == (i == 3 ? SCHED_BATCH : SCHED_OTHER), "policy of each");
      see.equal("CPUs", see.status(tasks[i], "Cpus_allowed_list"), i == 4 ? "3" : "0-3");
    }
    const std::string memory = see.file(fmt::format("/proc/{}/numa_maps", tasks[4]));
    see.that(memory.find(" bind:1 ") != std::string::npos, "its memory policy is the thread's own");
    see.that(see.file(fmt::format("/proc/{}/numa_maps", tasks[1])).find(" bind:1 ") == std::string::npos,
             "and no other thread's");
  });
}

KTSTR_TEST(threads_change_move_and_freeze, {.topology = "1n2l2c1t", .duration = 600ms}) {
  const Backdrop backdrop{
      .cgroups = {web("a").cpuset(CpusetSpec::llc(0)), CgroupDef::named("b").no_workers().cpuset(CpusetSpec::llc(1))}};
  return observed(ctx, backdrop,
                  {held({Op::set_nice("a", 7), Op::set_affinity("a", AffinityIntent::single_cpu())}),
                   held({Op::set_affinity("a", AffinityIntent::inherit()), Op::move_all_tasks("a", "b")}),
                   held({Op::freeze_cgroup("b")}), held({Op::unfreeze_cgroup("b"), Op::signal_storm("b", 3, 2ms)})},
                  [](int step, Observer& see) {
                    const std::string home = step == 1 ? "a" : "b";
                    const std::vector<int> processes = see.pids(home);
                    see.that(processes.size() == 1 && lines_of(see, home, "cgroup.threads") == 4, "all are in " + home);
                    if (processes.size() != 1) return;
                    const std::vector<int> tasks = tasks_of(processes[0]);
                    see.equal("CPUs", see.status(tasks.at(1), "Cpus_allowed_list"), step == 1 ? "0" : "2-3");
                    see.that(see.cgroup(home, "cgroup.freeze") == (step == 3 ? "1" : "0"), "frozen in the third step");
                    for (const int tid : tasks)
                      see.that(see.status(tid, "State").front() != 'T', "nobody is left stopped by the storm");
                  });
}

// They are killed before every one of them has had a CPU.
KTSTR_TEST(threads_are_killed_by_the_scenario,
           {.topology = "1n1l2c1t", .duration = 300ms, .checks = {.progress = false}}) {
  const Backdrop backdrop{.cgroups = {web("a"), CgroupDef::named("b").workers(1)}};
  return observed(ctx, backdrop, {held({Op::kill_cgroup("a")})},
                  [](int, Observer& see) { see.that(see.pids("a").empty(), "nobody is left in a"); });
}

KTSTR_TEST(threads_beyond_pids_max_are_contained,
           {.topology = "1n1l2c1t", .duration = 300ms, .expect_failure = "step_failed"}) {
  const std::string before = what_is_left(ctx);
  auto result = execute_steps(ctx, {{.setup = {CgroupDef::named("a").workers(5).pcomm("web").pids_max(2)}}});
  if (!result) return result;
  result->claim(what_is_left(ctx) == before, "nothing is left behind: " + what_is_left(ctx));
  result->claim(result->details.at(0).message.find("process 'web' of a cannot start its threads") != std::string::npos,
                "the reason is reported: " + result->details.at(0).message);
  return result;
}

KTSTR_TEST(a_thread_that_dies_takes_all_along, {.topology = "1n1l2c1t",
                                                .duration = 300ms,
                                                .checks = {.progress = false},
                                                .expect_failure = "worker_died"}) {
  auto result = observed(ctx, {}, {{.setup = {web("a")}, .hold = HoldSpec::fixed(100ms)}}, [](int, Observer& see) {
    const std::vector<int> tasks = tasks_of(see.pids("a").at(0));
    see.that(::tgkill(tasks.at(0), tasks.at(2), SIGSEGV) == 0, "a thread gets a fault");
  });
  if (!result) return result;
  const auto reported = std::count_if(result->details.begin(), result->details.end(), [](const Detail& detail) {
    return detail.message.find("process 'web': killed by signal 11 (SIGSEGV)") != std::string::npos;
  });
  result->claim(reported == 3, fmt::format("each of three workers is reported (seen: {})", reported));
  return result;
}
