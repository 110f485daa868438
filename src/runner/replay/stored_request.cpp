// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/stored_request.h"

#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/text/json_fault.h"
#include "engine/qemu/turns.h"
#include "results/object_store.h"
#include "results/run_record_json.h"
#include "trace/probes/holds.h"
#include "wire/mailbox.h"

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;

constexpr Bytes kMostBytes = Bytes{64} << 20;

std::string dumped(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json files_to_json(const std::vector<GuestFile>& files) {
  Json list = Json::array();
  for (const GuestFile& each : files) list.push_back({{"path", each.path}, {"file", each.file}, {"text", each.text}});
  return list;
}

std::vector<GuestFile> files_from(const Json& list) {
  std::vector<GuestFile> files;
  for (const Json& each : list)
    files.push_back(
        {each.at("path").get<std::string>(), each.at("file").get<std::string>(), each.at("text").get<std::string>()});
  return files;
}

Json staged_to_json(const std::map<std::string, StagedScheduler>& staged) {
  Json json = Json::object();
  for (const auto& [name, each] : staged) json[name] = {{"command", each.command}, {"copies", each.copies}};
  return json;
}

std::map<std::string, StagedScheduler> staged_from(const Json& asked) {
  std::map<std::string, StagedScheduler> staged;
  if (asked.contains("staged"))
    for (const auto& [name, each] : asked.at("staged").items())
      staged[name] = {.command = each.at("command").get<std::string>(), .copies = each.at("copies").get<int>()};
  return staged;
}

// What the job and the tuple do not say.
Json asked_to_json(const RunRequest& request) {
  return {{"scheduler", request.scheduler},
          {"attach_by_op", request.attach_by_op},
          {"staged", staged_to_json(request.staged)},
          {"test_binary", request.test_binary.string()},
          {"include_files", request.include_files},
          {"scheduler_include", request.scheduler_include},
          {"scheduler_files", files_to_json(request.scheduler_files)},
          {"kernel_arguments", request.kernel_arguments},
          {"writes", request.setup.writes},
          {"cgroups", request.setup.cgroups},
          {"declared", request.declared},
          {"kernel_modules", request.kernel_modules},
          {"expect_failure", request.expect_failure.kind},
          {"expect_text", request.expect_failure.text},
          {"expect_pattern", request.expect_failure.pattern},
          {"repeat_command", request.repeat_command},
          {"host_limit_scale", request.host_limit_scale}};
}

// Over all the rest: whoever edits a stored request makes another run of it, which is not the one that is replayed.
constexpr const char* kChecksum = "sha256";

std::string checksum_of(Json json) {
  json.erase(kChecksum);
  const std::string text = dumped(json, -1);
  return sha256(as_byte_span(text));
}

Error edited(const std::string& what) {
  return fail(ErrorCode::kCorruptData, "it was edited: {}", what)
      .with_hint("'ktstr run' with other flags makes another run; a replay is of the run as it was");
}

// What the tuple and the job both say. The tuple's is what the report shows, the job's what the guest does.
Status compare_with_job(const RunTuple& tuple, const Job& job) {
  const auto differ = [](std::string_view what, const auto& in_tuple, const auto& in_job) -> Status {
    if (in_tuple == in_job) return ok();
    return edited(fmt::format("the {} is {} in its tuple and {} in its job", what, in_tuple, in_job));
  };
  const RunTuple in_job = tuple_of(job.settings);
  KTSTR_TRY(differ("test", tuple.test, in_job.test));
  KTSTR_TRY(differ("seed", tuple.seed, in_job.seed));
  KTSTR_TRY(differ("topology", tuple.topology.to_string(), in_job.topology.to_string()));
  KTSTR_TRY(differ("choice of what the seed varies", tuple.vary, in_job.vary));
  KTSTR_TRY(differ("work type of swappable cgroups", tuple.work_type, in_job.work_type));
  KTSTR_TRY(differ("turn in instructions", tuple.turn_instructions, job.settings.turn.value_or(0)));
  const auto quantum = job.settings.quantum.value_or(std::chrono::nanoseconds(0));
  return differ("quantum in ns", tuple.quantum_ns, static_cast<std::uint64_t>(quantum.count()));
}

Status in_range(std::string_view what, double value, double least, double most) {
  if (value >= least && value <= most) return ok();  // not for what is not a number
  return fail(ErrorCode::kCorruptData, "its {} is {}; accepted: {} to {}", what, value, least, most);
}

Result<TurnPolicy> policy_in(const RunTuple& tuple) {
  return tuple.policy.empty() ? TurnPolicy::kEven : turn_policy_from(tuple.policy);
}

// Also of a request whose checksum was made anew: nothing that it says may stop us or take what is not ours.
Status check_ranges(const RunTuple& tuple, const Job& job, double host_limit_scale) {
  constexpr double kDay = 86400e9, kMostMemory = 1ULL << 46;
  KTSTR_TRY(in_range("duration in ns", static_cast<double>(job.settings.duration.count()), 1, kDay));
  if (const auto turn = job.settings.turn) KTSTR_TRY(in_range("turn in instructions", *turn, kLeastTurn, kLongestTurn));
  if (const auto quantum = job.settings.quantum)
    KTSTR_TRY(in_range("quantum in ns", static_cast<double>(quantum->count()), 0, kDay));
  for (const auto limit : {job.limits.attach, job.limits.dispatch, job.limits.body, job.limits.teardown})
    KTSTR_TRY(in_range("limit of a phase in ms", static_cast<double>(limit.count()), 1, 2 * kDay / 1e6));
  if (const auto speeds = cpu_speeds_from(tuple.cpu_speeds); !speeds)
    return fail(ErrorCode::kCorruptData, "its speeds of CPUs: {}", speeds.error().message());
  if (const auto schedule = parse_schedule(tuple.schedule); !schedule)
    return fail(ErrorCode::kCorruptData, "its schedule: {}", schedule.error().message());
  if (const auto policy = policy_in(tuple); !policy)
    return fail(ErrorCode::kCorruptData, "its policy: {}", policy.error().message());
  KTSTR_TRY(in_range("memory in bytes", static_cast<double>(tuple.memory_bytes), 1 << 20, kMostMemory));
  KTSTR_TRY(in_range("instruction-count shift", tuple.icount_shift, 0, 10));
  return in_range("scale of limits in host time", host_limit_scale, 1e-3, 1e6);
}

ExpectedFailure expected_in(const Json& asked) {
  ExpectedFailure expected(asked.at("expect_failure").get<std::string>());
  expected.text = asked.value("expect_text", std::string());
  expected.pattern = asked.value("expect_pattern", std::string());
  return expected;
}

RunRequest request_of(const Json& asked, const Job& job, const RunTuple& tuple, std::string mode) {
  RunRequest request{.settings = job.settings,
                     .scenario_text = job.scenario,
                     .test_binary = asked.at("test_binary").get<std::string>(),
                     .include_files = asked.at("include_files").get<std::vector<std::string>>(),
                     .scheduler_include = asked.value("scheduler_include", std::vector<std::string>()),
                     .scheduler_files = files_from(asked.value("scheduler_files", Json::array())),
                     .kernel_arguments = asked.value("kernel_arguments", std::vector<std::string>()),
                     .setup = {.writes = asked.value("writes", std::vector<std::string>()),
                               .cgroups = asked.value("cgroups", std::vector<std::string>())},
                     .kernel_modules = asked.value("kernel_modules", std::vector<std::string>()),
                     .scheduler = asked.at("scheduler").get<std::string>(),
                     .attach_by_op = asked.value("attach_by_op", false),
                     .staged = staged_from(asked),
                     .declared = asked.value("declared", std::string()),
                     .mode = std::move(mode),
                     .expect_failure = expected_in(asked),
                     .repeat_command = asked.at("repeat_command").get<std::string>(),
                     .host_limit_scale = asked.at("host_limit_scale").get<double>(),
                     .trace = job.traced.value_or(false)};
  RunSettings& settings = request.settings;
  settings.memory = tuple.memory_bytes;
  if (request.mode == "det") {
    settings.icount_shift = tuple.icount_shift;
    settings.cpu_speeds = cpu_speeds_from(tuple.cpu_speeds).value_or(std::vector<CpuSpeed>());
    request.schedule = tuple.schedule;
    settings.policy = policy_in(tuple).value_or(TurnPolicy::kEven);
    if (!settings.quantum) settings.quantum = std::chrono::nanoseconds(0);  // as asked for: turns without a limit
    if (settings.turn) settings.quantum.reset();
  } else {
    settings.turn.reset();
    settings.quantum.reset();
  }
  return request;
}

Result<std::uint32_t> mailbox_version_in(const Json& json) {
  if (json.is_number_unsigned() && json.get<std::uint64_t>() <= UINT32_MAX) return json.get<std::uint32_t>();
  return fail(ErrorCode::kCorruptData, "its mailbox_version is not a number from 0 to {}", UINT32_MAX);
}

}  // namespace

std::string request_to_json(const RunRequest& request, const RunRecord& record, std::string_view job_json,
                            const PackedInputs& packed) {
  Json json = {{"version", kRequestVersion},
               {"id", record.id},
               {"mode", record.mode},
               {"kernel", record.kernel},
               {"kernel_path", record.kernel_path},
               {"mailbox_version", mailbox::kVersion},
               {"tuple", Json::parse(to_json(record.tuple))},
               {"request", asked_to_json(request)},
               {"job", Json::parse(job_json)},
               {"objects",
                {{"files", packed.files_sha256},
                 {"scheduler", packed.scheduler_files_sha256},
                 {"initramfs", packed.initramfs_sha256}}}};
  json[kChecksum] = checksum_of(json);
  return dumped(json, 1) + "\n";
}

Result<StoredRun> request_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (const Json& version = json.at("version"); version != kRequestVersion)
      return fail(ErrorCode::kUnsupported, "request version {}; this ktstr reads version {}", dumped(version, -1),
                  kRequestVersion)
          .with_hint("replay it with the ktstr that ran it");
    StoredRun stored;
    stored.id = json.at("id").get<std::string>();
    stored.kernel = json.at("kernel").get<std::string>();
    stored.kernel_path = json.at("kernel_path").get<std::string>();
    KTSTR_TRY_ASSIGN(stored.mailbox_version, mailbox_version_in(json.at("mailbox_version")));
    stored.files_sha256 = json.at("objects").at("files").get<std::string>();
    stored.scheduler_files_sha256 = json.at("objects").at("scheduler").get<std::string>();
    stored.initramfs_sha256 = json.at("objects").at("initramfs").get<std::string>();
    KTSTR_TRY_ASSIGN(stored.tuple, tuple_from_json(dumped(json.at("tuple"), -1)));
    stored.job_json = dumped(json.at("job"), -1);
    KTSTR_TRY_ASSIGN(const Job job, job_from_json(stored.job_json));
    stored.request = request_of(json.at("request"), job, stored.tuple, json.at("mode").get<std::string>());
    KTSTR_TRY(check_ranges(stored.tuple, job, stored.request.host_limit_scale));
    KTSTR_TRY(compare_with_job(stored.tuple, job));
    if (json.contains(kChecksum) && json.at(kChecksum).get<std::string>() != checksum_of(json))
      return edited("its checksum is not that of its contents");
    return stored;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kCorruptData, "{}", json_fault(error.id, error.what()));
  }
}

Result<StoredRun> load_stored_run(const fs::path& dir) {
  std::error_code error;
  if (!fs::exists(dir / kRequestFile, error))
    return fail(ErrorCode::kNotFound, "{} has no {}: it is not a run's directory, or the run's inputs were not kept",
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
  packed->staged = job.staged;
  packed->body = job.body;
  packed->payload_path = job.settings.payload_path;
  packed->job_json = stored.job_json;
  return std::shared_ptr<const PackedInputs>(std::move(packed));
}

}  // namespace ktstr
