// SPDX-License-Identifier: Apache-2.0
//
// A loop of the test's own.
#include <fmt/ranges.h>

#include "ktstr/custom_work.h"
#include "workload/types/families.h"

namespace ktstr {

namespace {

void run_custom(const Custom& type, WorkerRun& run) {
  WorkLoop loop(run, type.parameters);
  type.loop(loop);
}

Status check_custom(const WorkType& type) {
  const Custom& custom = std::get<Custom>(type);
  if (custom.loop == nullptr) return fail(ErrorCode::kInvalidArgument, "Custom has no loop");
  if (custom.name.empty() || custom.name.size() > Custom::kLongestName)
    return fail(ErrorCode::kInvalidArgument, "Custom: the name '{}' is not valid; accepted: 1 to {} bytes", custom.name,
                Custom::kLongestName);
  return ok();
}

}  // namespace

bool WorkLoop::stopping() const { return run_.stopping(); }
std::size_t WorkLoop::index() const { return run_.index(); }
void WorkLoop::spin(std::uint32_t spins) { run_.spin(spins); }
void WorkLoop::spin_for(std::chrono::nanoseconds cpu_time) { run_.spin_for(cpu_time); }
void WorkLoop::sleep_for(std::chrono::nanoseconds time) { run_.sleep_for(time); }
void WorkLoop::yield() { run_.yield(); }
void WorkLoop::end_unit() { run_.end_unit(); }
void WorkLoop::end_iteration() { run_.end_iteration(); }
std::uint64_t WorkLoop::random(std::uint64_t count) { return run_.random(count); }
void WorkLoop::note(std::chrono::nanoseconds latency) { run_.note(0, static_cast<std::uint64_t>(latency.count())); }
void WorkLoop::count(std::uint64_t more) { run_.count(0, more); }
void WorkLoop::miss() { run_.miss(); }
void WorkLoop::give_up(const char* what, int error) { run_.give_up(what, error); }

std::vector<WorkTypeRow> custom_types() {
  WorkTypeRow custom = measuring(
      work_row<Custom, run_custom>(
          "Custom", "what the test's loop does", "what the test's loop notes and counts",
          "what each call of its loop takes: a unit's end a look at the clock every 16th time, a sleep 3, a yield 1"),
      {"measured"}, {"counted"});
  custom.check = check_custom;
  custom.only_in_code = true;
  custom.describe = [](const WorkType& type) {
    const Custom& custom_type = std::get<Custom>(type);
    return fmt::format("Custom({}; {})", custom_type.name, fmt::join(custom_type.parameters, ", "));
  };
  return {std::move(custom)};
}

}  // namespace ktstr
