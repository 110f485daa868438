// SPDX-License-Identifier: Apache-2.0
#include "runner/stored_request.h"

#include <nlohmann/json.hpp>

#include "results/object_store.h"
#include "results/run_record_json.h"
#include "wire/mailbox.h"

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;

constexpr Bytes kMostBytes = Bytes{64} << 20;

std::string dumped(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// A tuple is written and read as part of a record (run_record_json.h), which checks every field.
Json tuple_to_json(const RunTuple& tuple) {
  RunRecord record;
  record.tuple = tuple;
  return Json::parse(to_json(record)).at("tuple");
}

Result<RunTuple> tuple_from_json(const Json& json) {
  Json record = Json::parse(to_json(RunRecord{}));
  record["tuple"] = json;
  KTSTR_TRY_ASSIGN(RunRecord read, from_json(dumped(record, -1)));
  return std::move(read.tuple);
}

// What the job and the tuple do not say.
Json asked_to_json(const RunRequest& request) {
  return {{"scheduler", request.scheduler},           {"test_binary", request.test_binary.string()},
          {"include_files", request.include_files},   {"scheduler_include", request.scheduler_include},
          {"expect_failure", request.expect_failure},
          {"repeat_command", request.repeat_command}, {"host_limit_scale", request.host_limit_scale}};
}

RunRequest request_of(const Json& asked, const Job& job, const RunTuple& tuple, std::string mode) {
  RunRequest request{.test = job.test,
                     .scenario_text = job.scenario,
                     .test_binary = asked.at("test_binary").get<std::string>(),
                     .args = job.args,
                     .include_files = asked.at("include_files").get<std::vector<std::string>>(),
                     .scheduler_include = asked.value("scheduler_include", std::vector<std::string>()),
                     .topology = job.topology,
                     .scheduler = asked.at("scheduler").get<std::string>(),
                     .mode = std::move(mode),
                     .seed = job.seed,
                     .vary = job.vary,
                     .duration = job.duration,
                     .memory = tuple.memory_bytes,
                     .checks = job.checks,
                     .expect_failure = asked.at("expect_failure").get<std::string>(),
                     .repeat_command = asked.at("repeat_command").get<std::string>(),
                     .host_limit_scale = asked.at("host_limit_scale").get<double>()};
  if (request.mode == "det") {
    request.icount_shift = tuple.icount_shift;
    request.quantum = job.quantum;
  }
  return request;
}

}  // namespace

std::string request_to_json(const RunRequest& request, const RunRecord& record, std::string_view job_json,
                            const PackedInputs& packed) {
  const Json json = {{"version", kRequestVersion},
                     {"id", record.id},
                     {"mode", record.mode},
                     {"kernel", record.kernel},
                     {"kernel_path", record.kernel_path},
                     {"mailbox_version", mailbox::kVersion},
                     {"tuple", tuple_to_json(record.tuple)},
                     {"request", asked_to_json(request)},
                     {"job", Json::parse(job_json)},
                     {"objects",
                      {{"files", packed.files_sha256},
                       {"scheduler", packed.scheduler_files_sha256},
                       {"initramfs", packed.initramfs_sha256}}}};
  return dumped(json, 1) + "\n";
}

Result<StoredRun> request_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (const int version = json.at("version").get<int>(); version != kRequestVersion)
      return fail(ErrorCode::kUnsupported, "request version {}; this ktstr reads version {}", version, kRequestVersion)
          .with_hint("replay it with the ktstr that ran it");
    StoredRun stored;
    stored.id = json.at("id").get<std::string>();
    stored.kernel = json.at("kernel").get<std::string>();
    stored.kernel_path = json.at("kernel_path").get<std::string>();
    stored.mailbox_version = json.at("mailbox_version").get<std::uint32_t>();
    stored.files_sha256 = json.at("objects").at("files").get<std::string>();
    stored.scheduler_files_sha256 = json.at("objects").at("scheduler").get<std::string>();
    stored.initramfs_sha256 = json.at("objects").at("initramfs").get<std::string>();
    KTSTR_TRY_ASSIGN(stored.tuple, tuple_from_json(json.at("tuple")));
    stored.job_json = dumped(json.at("job"), -1);
    KTSTR_TRY_ASSIGN(const Job job, job_from_json(stored.job_json));
    stored.request = request_of(json.at("request"), job, stored.tuple, json.at("mode").get<std::string>());
    return stored;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kCorruptData, "{}", error.what());
  }
}

Result<StoredRun> load_stored_run(const fs::path& dir) {
  std::error_code error;
  if (!fs::exists(dir / kRequestFile, error))
    return fail(ErrorCode::kNotFound, "{} has no {}: it is no run's directory, or the run's inputs were not kept",
                dir.string(), kRequestFile)
        .with_hint("its report says how to run the same again with the files as they are now");
  KTSTR_TRY_ASSIGN(const std::string text, read_text(dir / kRequestFile, kMostBytes));
  auto stored = request_from_json(text);
  if (!stored) return std::move(stored).context((dir / kRequestFile).string());
  stored->dir = dir;
  if (!fs::exists(dir / "result.json", error)) return stored;
  KTSTR_TRY_ASSIGN(stored->record, load_run_record(dir));
  stored->record->run_dir = dir.string();
  return stored;
}

Result<std::shared_ptr<const PackedInputs>> load_inputs(const StoredRun& stored, const fs::path& state_dir) {
  const ObjectStore objects(state_dir);
  KTSTR_TRY_ASSIGN(const Job job, job_from_json(stored.job_json));
  auto packed = std::make_shared<PackedInputs>();
  KTSTR_TRY_ASSIGN(packed->files, objects.read(stored.files_sha256, stored.dir));
  KTSTR_TRY_ASSIGN(packed->initramfs, objects.read(stored.initramfs_sha256, stored.dir));
  if (!stored.scheduler_files_sha256.empty()) {
    KTSTR_TRY_ASSIGN(packed->scheduler_files, objects.read(stored.scheduler_files_sha256, stored.dir));
  }
  packed->files_sha256 = stored.files_sha256;
  packed->scheduler_files_sha256 = stored.scheduler_files_sha256;
  packed->initramfs_sha256 = stored.initramfs_sha256;
  packed->inputs = stored.tuple.inputs;
  packed->scheduler = job.scheduler;
  packed->body = job.body;
  packed->payload_path = job.payload_path;
  packed->job_json = stored.job_json;
  return std::shared_ptr<const PackedInputs>(std::move(packed));
}

}  // namespace ktstr
