// SPDX-License-Identifier: Apache-2.0
//
// Random scenarios on a real kernel, most of them with trouble: a knob that the kernel refuses, a cgroup that cannot be
// removed, programs that die or are not there, workers that are killed, a scheduler that goes away. After each there is
// what there was before. The run's seed decides all of it.
#include <signal.h>
#include <unistd.h>

#include <map>

#include "base/file.h"
#include "base/splitmix.h"
#include "cgroup/cgroup_fs.h"
#include "observed.h"
#include "scenario/event_sink.h"
#include "scenario/executor.h"
#include "scenario/plan/plan.h"
#include "scenario/testing/random_scenario.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

constexpr int kScenarios = 20;
constexpr std::chrono::milliseconds kDuration = 400ms;
const fs::path kMount = "/sys/fs/cgroup";
constexpr const char* kRoot = "random";

enum class Trouble { kNone, kRefusedKnob, kBystander, kKilledWorker, kSchedulerEnds };

ScenarioParts parts_of(const Ctx& ctx) {
  return {.llcs = static_cast<int>(ctx.topology().llcs.size()),
          .most_workers = 2,
          .held = 0.1,
          .payloads = {shell("p", "exit 3"), shell("p", "while :; do :; done & while :; do :; done"),
                       shell("q", "kill -9 $$"), Payload::program("q", "/nowhere/q")},
          .loop_interval = 100ms};
}

// The marks and reports of all scenarios in one record would only hide what this test says itself.
class NoSink final : public EventSink {
 public:
  void mark(const StepMark&) override {}
  void stimulus(const Stimulus&) override {}
  void worker(const WorkerReport&) override {}
  void payload(const PayloadReport&) override {}
};

class RandomRun {
 public:
  RandomRun(Ctx& outer, std::uint64_t seed)
      : outer_(outer),
        seed_(seed),
        trouble_(static_cast<Trouble>(choose(0, 4))),
        scenario_(random_scenario(parts_of(outer), seed)) {
    if (trouble_ == Trouble::kRefusedKnob && !scenario_.backdrop.cgroups.empty())
      scenario_.steps.back().ops.push_back(
          Op::set_knob(scenario_.backdrop.cgroups.front().name(), Knob::kIoMax, "99:99 rbps=1048576"));
  }

  bool has_mistakes() {
    ScenarioPlan plan;
    return !plan_scenario(context(outer_.cgroups(), 0), scenario_.backdrop, scenario_.steps, plan).empty();
  }

  Result<AssertResult> run() {
    KTSTR_TRY_ASSIGN(CgroupFs cgroups, CgroupFs::create(kMount, kRoot, {.remove_timeout = 60ms}));
    if (trouble_ == Trouble::kSchedulerEnds) scheduler_.emplace(choose(1, 200) * 1ms);
    Ctx ctx = context(cgroups, scheduler_ ? scheduler_->pid() : 0);
    KTSTR_TRY_ASSIGN(const ExecutorHooks hooks, hooks_for(ctx));
    KTSTR_TRY_ASSIGN(AssertResult result, run_scenario(ctx, scenario_.backdrop, scenario_.steps, ctx.checks(), hooks));
    KTSTR_TRY(clear_away(result));
    KTSTR_TRY(cgroups.close());
    return result;
  }

  std::string describe() const {
    constexpr const char* kNames[] = {"no trouble", "a refused knob", "a bystander", "killed workers",
                                      "a scheduler that ends"};
    return fmt::format("the random scenario of seed {} with {}", seed_, kNames[static_cast<int>(trouble_)]);
  }

 private:
  std::uint64_t choose(std::uint64_t what, std::uint64_t most) const {
    return pick_up_to(splitmix64(seed_ ^ splitmix64(what)), most);
  }

  // Checks that need more time than there is would fail nearly all of them.
  Ctx context(CgroupOps& cgroups, int scheduler_pid) {
    return Ctx({.topology = &outer_.topology(),
                .cgroups = &cgroups,
                .events = &sink_,
                .settings = {.payload_path = outer_.payload_path(),
                             .duration = kDuration,
                             .seed = seed_,
                             .checks = {.progress = false, .spread_off = true}},
                .scheduler_pid = scheduler_pid});
  }

  // The trouble begins with one of the first holds.
  Result<ExecutorHooks> hooks_for(Ctx& ctx) {
    KTSTR_TRY_ASSIGN(ExecutorHooks hooks, ExecutorHooks::real(ctx.scheduler_pid()));
    hooks.hold_until = [this, &ctx, hold = hooks.hold_until, left = choose(2, 1)](int pid, Nanoseconds until) mutable {
      if (left-- == 0) make_trouble(ctx.cgroups());
      return hold(pid, until);
    };
    return hooks;
  }

  void make_trouble(CgroupOps& cgroups) {
    for (const auto& entry : fs::directory_iterator(kMount / kRoot)) {
      if (!entry.is_directory()) continue;
      const std::string group = entry.path().filename();
      if (trouble_ == Trouble::kBystander && !bystander_) {
        bystander_.emplace();
        stuck_ = cgroups.move_process(group, bystander_->pid()) ? group : "";
      }
      const auto pids = cgroups.processes(group);
      if (trouble_ == Trouble::kKilledWorker && pids && !pids->empty()) ::kill(pids->front(), SIGKILL);
    }
  }

  // What could not be removed is there, and that was said; it goes once the bystander has.
  Status clear_away(const AssertResult& result) {
    scheduler_.reset();
    bystander_.reset();
    if (stuck_.empty() || !fs::exists(kMount / kRoot / stuck_)) return ok();
    for (const Detail& detail : result.details) {
      if (detail.message.find("cannot remove " + stuck_) == std::string::npos) continue;
      if (::rmdir((kMount / kRoot / stuck_).c_str()) != 0) return fail_errno("cannot remove {}", stuck_);
      return ok();
    }
    return fail(ErrorCode::kInternal, "cgroup {} was left behind, and nothing says so", stuck_);
  }

  Ctx& outer_;
  std::uint64_t seed_;
  Trouble trouble_;
  RandomScenario scenario_;
  NoSink sink_;
  std::optional<Bystander> scheduler_, bystander_;
  std::string stuck_;  // where the bystander is
};

}  // namespace

KTSTR_TEST(random_scenarios,
           {.topology = "1n2l1c1t", .duration = 10s, .payloads = {Payload::program("sh", "/bin/sh")}}) {
  AssertResult all;
  const std::string before = what_is_left(ctx);
  std::map<Verdict, int> verdicts;
  int ran = 0;
  for (std::uint64_t number = 0; ran < kScenarios; ++number) {
    RandomRun run(ctx, splitmix64(splitmix64(ctx.seed()) ^ number));
    if (run.has_mistakes()) continue;
    ++ran;
    const auto result = run.run();
    if (!result) return AssertResult::fail(fmt::format("{}: {}", run.describe(), result.error().render()));
    if (const std::string after = what_is_left(ctx); after != before)
      return AssertResult::fail(fmt::format("{} left something; before: {}; after: {}", run.describe(), before, after));
    ++verdicts[result->verdict()];
  }
  all.claim(ran == kScenarios, fmt::format("{} scenarios left what they found", ran));
  // Trouble that never came, or came always, would prove nothing.
  all.claim(verdicts[Verdict::kPass] > 0, fmt::format("{} of them passed", verdicts[Verdict::kPass]));
  all.claim(verdicts[Verdict::kFail] > 2, fmt::format("{} of them failed", verdicts[Verdict::kFail]));
  return all;
}
