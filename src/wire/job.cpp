// SPDX-License-Identifier: Apache-2.0
#include "wire/job.h"

#include <nlohmann/json.hpp>

#include "base/json_fault.h"

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;

Json checks_to_json(const Checks& checks) {
  Json json = Json::object();
  if (checks.progress) json["progress"] = *checks.progress;
  if (checks.max_gap) json["max_gap_ms"] = checks.max_gap->count();
  if (checks.max_spread_pct) json["max_spread_pct"] = *checks.max_spread_pct;
  if (checks.isolation) json["isolation"] = *checks.isolation;
  if (checks.scheduler_attached) json["scheduler_attached"] = *checks.scheduler_attached;
  if (checks.scheduler_used) json["scheduler_used"] = *checks.scheduler_used;
  if (checks.kernel_log) json["kernel_log"] = *checks.kernel_log;
  if (!checks.kernel_log_allow.empty()) json["kernel_log_allow"] = checks.kernel_log_allow;
  if (checks.share) json["share"] = *checks.share;
  if (checks.share_tolerance_pct) json["share_tolerance_pct"] = *checks.share_tolerance_pct;
  json["gap_off"] = checks.gap_off;
  json["spread_off"] = checks.spread_off;
  return json;
}

Checks checks_from_json(const Json& json) {
  Checks checks;
  if (json.contains("progress")) checks.progress = json["progress"].get<bool>();
  if (json.contains("max_gap_ms")) checks.max_gap = std::chrono::milliseconds(json["max_gap_ms"].get<std::int64_t>());
  if (json.contains("max_spread_pct")) checks.max_spread_pct = json["max_spread_pct"].get<double>();
  if (json.contains("isolation")) checks.isolation = json["isolation"].get<bool>();
  if (json.contains("scheduler_attached")) checks.scheduler_attached = json["scheduler_attached"].get<bool>();
  if (json.contains("scheduler_used")) checks.scheduler_used = json["scheduler_used"].get<bool>();
  if (json.contains("kernel_log")) checks.kernel_log = json["kernel_log"].get<bool>();
  checks.kernel_log_allow = json.value("kernel_log_allow", std::vector<std::string>());
  if (json.contains("share")) checks.share = json["share"].get<bool>();
  if (json.contains("share_tolerance_pct")) checks.share_tolerance_pct = json["share_tolerance_pct"].get<double>();
  checks.gap_off = json.at("gap_off").get<bool>();
  checks.spread_off = json.at("spread_off").get<bool>();
  return checks;
}

Json limits_to_json(const PhaseLimits& limits) {
  return {{"attach_ms", limits.attach.count()},
          {"dispatch_ms", limits.dispatch.count()},
          {"body_ms", limits.body.count()},
          {"teardown_ms", limits.teardown.count()}};
}

PhaseLimits limits_from_json(const Json& json) {
  auto at = [&](const char* key) { return std::chrono::milliseconds(json.at(key).get<std::int64_t>()); };
  return {
      .attach = at("attach_ms"), .dispatch = at("dispatch_ms"), .body = at("body_ms"), .teardown = at("teardown_ms")};
}

}  // namespace

std::string job_to_json(const Job& job) {
  const Json json = {{"test", job.test},
                     {"body", job.body},
                     {"scenario", job.scenario},
                     {"args", job.args},
                     {"scheduler", job.scheduler},
                     {"payload_path", job.payload_path},
                     {"topology", job.topology.to_string()},
                     {"duration_ns", job.duration.count()},
                     {"seed", job.seed},
                     {"vary", job.vary.to_string()},
                     {"quantum_ns", job.quantum.count()},
                     {"checks", checks_to_json(job.checks)},
                     {"limits", limits_to_json(job.limits)}};
  // Text from the user may hold anything; what is no UTF-8 is replaced rather than thrown at us.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Job> job_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    Job job;
    job.test = json.at("test").get<std::string>();
    job.body = json.at("body").get<std::vector<std::string>>();
    job.scenario = json.at("scenario").get<std::string>();
    job.args = json.at("args").get<std::vector<std::string>>();
    job.scheduler = json.at("scheduler").get<std::vector<std::string>>();
    // Jobs of runs that were stored before there were payloads have none.
    job.payload_path = json.value("payload_path", std::vector<std::string>());
    KTSTR_TRY_ASSIGN(job.topology, Topology::parse(json.at("topology").get<std::string>()));
    job.duration = std::chrono::nanoseconds(json.at("duration_ns").get<std::int64_t>());
    job.seed = json.at("seed").get<std::uint64_t>();
    KTSTR_TRY_ASSIGN(job.vary, VarySet::parse(json.at("vary").get<std::string>()));
    job.quantum = std::chrono::nanoseconds(json.at("quantum_ns").get<std::int64_t>());
    job.checks = checks_from_json(json.at("checks"));
    job.limits = limits_from_json(json.at("limits"));
    return job;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kCorruptData, "the job is malformed: {}", json_fault(error.id, error.what()));
  }
}

std::string attach_job_to_json(const AttachJob& job) {
  const Json json = {
      {"scheduler", job.scheduler}, {"topology", job.topology.to_string()}, {"limit_ms", job.limit.count()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<AttachJob> attach_job_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    AttachJob job;
    job.scheduler = json.at("scheduler").get<std::vector<std::string>>();
    KTSTR_TRY_ASSIGN(job.topology, Topology::parse(json.at("topology").get<std::string>()));
    job.limit = std::chrono::milliseconds(json.at("limit_ms").get<std::int64_t>());
    return job;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kCorruptData, "the attach job is malformed: {}", json_fault(error.id, error.what()));
  }
}

}  // namespace ktstr
