// SPDX-License-Identifier: Apache-2.0
#include "ktstr_run.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace ktstr::bench {

namespace {

using Json = nlohmann::json;

constexpr std::chrono::minutes kLimit{20};

constexpr const char* kScenario = R"(name = "bench"

[[cgroup]]
name = "cg_0"
workers = 1
work = "SpinWait"

[[cgroup]]
name = "cg_1"
workers = 1
work = "SpinWait"
)";

Result<Json> record_of(const Subprocess::Options& options) {
  KTSTR_TRY_ASSIGN(const CapturedOutput output, run_captured(options, kLimit).context("run ktstr"));
  if (!output.status.success())
    return fail(ErrorCode::kGuestLost, "ktstr {}: {}{}", output.status.describe(), output.err, output.out);
  Json json = Json::parse(output.out, nullptr, false);
  if (json.is_array() && !json.empty()) json = Json(json.front());
  if (!json.is_object())
    return fail(ErrorCode::kCorruptData, "ktstr's --json is no record: {}", output.out.substr(0, 200));
  return json;
}

struct BodySeen {
  double begin = 0, end = 0;  // host seconds since QEMU was started
};

Result<BodySeen> body_of(const Json& record) {
  const Json phases = record.value("phases", Json::array());
  for (std::size_t i = 0; i + 1 < phases.size(); ++i)
    if (phases[i].value("phase", "") == "body")
      return BodySeen{phases[i].value("host_seconds", 0.0), phases[i + 1].value("host_seconds", 0.0)};
  return fail(ErrorCode::kCorruptData, "ktstr's record has no body");
}

}  // namespace

Result<Subprocess::Options> ktstr_command(const KtstrAsked& asked, const fs::path& scratch) {
  const fs::path scenario = scratch / "bench.toml";
  if (!fs::exists(scenario)) KTSTR_TRY(write_text(scenario, kScenario));
  Subprocess::Options options;
  options.argv = {KTSTR_BENCH_KTSTR, "run", scenario.string(), "--json", "--mode", "det"};
  options.argv.insert(options.argv.end(), {"--topology", asked.topology, "--kernel", asked.kernel});
  options.argv.insert(options.argv.end(), {"--duration", asked.duration});
  if (asked.cold) options.argv.emplace_back("--cold");
  if (!asked.scheduler.empty()) options.argv.insert(options.argv.end(), {"--scheduler", asked.scheduler});
  options.env = {"XDG_STATE_HOME=" + scratch.string()};
  return options;
}

Result<KtstrRun> ktstr_run(const KtstrAsked& asked, const fs::path& scratch) {
  KTSTR_TRY_ASSIGN(const Subprocess::Options options, ktstr_command(asked, scratch));
  const Stopwatch stopwatch;
  KTSTR_TRY_ASSIGN(const Json record, record_of(options));
  KtstrRun run{.whole = stopwatch.taken()};
  KTSTR_TRY_ASSIGN(const BodySeen body, body_of(record));
  run.to_body_seconds = body.begin;
  run.around_body_seconds = run.whole.wall_seconds - (body.end - body.begin);
  return run;
}

Result<std::map<std::string, double>> guest_notes(const KtstrAsked& asked, const std::string& test,
                                                  const std::string& quantum, const fs::path& scratch) {
  Subprocess::Options options;
  options.argv = {KTSTR_BENCH_WAKE, "--filter", test, "--json", "--mode", "det"};
  options.argv.insert(options.argv.end(), {"--topology", asked.topology, "--kernel", asked.kernel});
  if (!quantum.empty()) options.argv.insert(options.argv.end(), {"--quantum", quantum});
  options.env = {"XDG_STATE_HOME=" + scratch.string()};
  KTSTR_TRY_ASSIGN(const Json record, record_of(options));
  std::map<std::string, double> notes;
  for (const auto& detail : record.value("details", Json::array())) {
    const std::string message = detail.value("message", "");
    if (const auto measured = detail.find("measured"); measured != detail.end() && measured->is_number())
      notes[message.substr(0, message.find(':'))] = measured->get<double>();
  }
  return notes;
}

}  // namespace ktstr::bench
