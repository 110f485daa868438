// SPDX-License-Identifier: Apache-2.0
#include "wire/job.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text/json_fault.h"

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

// json.get() would cut off a fraction, and what the type does not hold.
template <typename T>
Result<T> whole(const Json& json, const char* key) {
  const Json& value = json.at(key);
  const bool is_unsigned = value.is_number_unsigned();
  if (value.is_number_integer() && (is_unsigned ? std::in_range<T>(value.template get<std::uint64_t>())
                                                : std::in_range<T>(value.template get<std::int64_t>())))
    return value.template get<T>();
  return fail(ErrorCode::kCorruptData, "the job's {} is {}; accepted: a whole number from {} to {}", key,
              value.dump(-1, ' ', false, Json::error_handler_t::replace), std::numeric_limits<T>::min(),
              std::numeric_limits<T>::max());
}

Result<Checks> checks_from_json(const Json& json) {
  Checks checks;
  if (json.contains("progress")) checks.progress = json["progress"].get<bool>();
  if (json.contains("max_gap_ms")) {
    KTSTR_TRY_ASSIGN(const auto max_gap_ms, whole<std::int64_t>(json, "max_gap_ms"));
    checks.max_gap = std::chrono::milliseconds(max_gap_ms);
  }
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

Result<PhaseLimits> limits_from_json(const Json& json) {
  PhaseLimits limits;
  for (auto& [key, limit] : {std::pair("attach_ms", &limits.attach), std::pair("dispatch_ms", &limits.dispatch),
                             std::pair("body_ms", &limits.body), std::pair("teardown_ms", &limits.teardown)}) {
    KTSTR_TRY_ASSIGN(const auto ms, whole<std::int64_t>(json, key));
    *limit = std::chrono::milliseconds(ms);
  }
  return limits;
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
                     {"turn", job.turn},
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
    KTSTR_TRY_ASSIGN(const auto duration_ns, whole<std::int64_t>(json, "duration_ns"));
    job.duration = std::chrono::nanoseconds(duration_ns);
    KTSTR_TRY_ASSIGN(job.seed, whole<std::uint64_t>(json, "seed"));
    KTSTR_TRY_ASSIGN(job.vary, VarySet::parse(json.at("vary").get<std::string>()));
    // Jobs that were stored before there was a plugin have none.
    job.turn = json.value("turn", std::uint32_t{0});
    KTSTR_TRY_ASSIGN(const auto quantum_ns, whole<std::int64_t>(json, "quantum_ns"));
    job.quantum = std::chrono::nanoseconds(quantum_ns);
    KTSTR_TRY_ASSIGN(job.checks, checks_from_json(json.at("checks")));
    KTSTR_TRY_ASSIGN(job.limits, limits_from_json(json.at("limits")));
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
    KTSTR_TRY_ASSIGN(const auto limit_ms, whole<std::int64_t>(json, "limit_ms"));
    job.limit = std::chrono::milliseconds(limit_ms);
    return job;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kCorruptData, "the attach job is malformed: {}", json_fault(error.id, error.what()));
  }
}

}  // namespace ktstr
