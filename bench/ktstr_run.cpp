// SPDX-License-Identifier: Apache-2.0
#include "ktstr_run.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/process.h"

namespace ktstr::bench {

namespace {

constexpr std::chrono::minutes kLimit{20};

constexpr const char* kScenario = R"(name = "bench"
duration = "1s"

[[cgroup]]
name = "cg_0"
workers = 1
work = "SpinWait"

[[cgroup]]
name = "cg_1"
workers = 1
work = "SpinWait"
)";

// The first phase that the host saw after the boot. Without a scheduler `attach` is shorter than the host's look every
// 4 ms and mostly goes unseen; `dispatch`, which follows it at once, stands for it then.
Result<double> boot_seconds(const std::string& record) {
  const auto json = nlohmann::json::parse(record, nullptr, false);
  if (json.is_discarded()) return fail(ErrorCode::kCorruptData, "ktstr's --json is no JSON: {}", record.substr(0, 200));
  const auto phases = json.find("phases");
  if (phases != json.end() && phases->is_array())
    for (const auto& phase : *phases)
      if (phase.value("phase", "boot") != "boot") return phase.value("host_seconds", 0.0);
  return fail(ErrorCode::kCorruptData, "ktstr's record has no phase after the boot");
}

}  // namespace

Result<KtstrRun> ktstr_run(const GuestSpec& spec, const std::string& scheduler, const fs::path& scratch) {
  const fs::path scenario = scratch / "bench.toml";
  KTSTR_TRY(write_text(scenario, kScenario));
  Subprocess::Options options;
  options.argv = {KTSTR_BENCH_KTSTR, "run", scenario.string(), "--json", "--mode", "det"};
  options.argv.insert(options.argv.end(), {"--topology", spec.topology.to_string(), "--kernel", spec.kernel.string()});
  if (!scheduler.empty()) options.argv.insert(options.argv.end(), {"--scheduler", scheduler});
  options.env = {"XDG_STATE_HOME=" + scratch.string()};
  const Stopwatch stopwatch;
  KTSTR_TRY_ASSIGN(const CapturedOutput output, run_captured(options, kLimit).context("run ktstr"));
  KtstrRun run{.whole = stopwatch.taken()};
  if (!output.status.success())
    return fail(ErrorCode::kGuestLost, "ktstr {}: {}{}", output.status.describe(), output.err, output.out);
  KTSTR_TRY_ASSIGN(run.boot_seconds, boot_seconds(output.out));
  return run;
}

}  // namespace ktstr::bench
