// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/stored_request.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "results/object_store.h"
#include "results/run_record_json.h"
#include "wire/mailbox.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

RunRequest some_request() {
  return {.settings = {.test = "two",
                       .args = {"a b", ""},
                       .topology = {1, 2, 2, 1},
                       .duration = 1500ms,
                       .seed = UINT64_MAX,
                       .vary = VarySet::none().with(Vary::kHandover),
                       .quantum = 70us,
                       .checks = {.max_spread_pct = 12.3, .gap_off = true},
                       .memory = Bytes{512} << 20,
                       .icount_shift = 4},
          .test_binary = "/t/tests",
          .include_files = {"/etc/x"},
          .scheduler_include = {"/etc/scx.json"},
          .scheduler_files = {{"/etc/a", "/s/a", ""}, {"/etc/b", "", "b \"1\"\n"}},
          .kernel_arguments = {"nohz=off"},
          .scheduler = "/s/scx -v",
          .declared = "mine, /s/ktstr.toml:3, which sets max_gap = 2s",
          .mode = "det",
          .expect_failure = ExpectedFailure::with_text("stuck", "cg_0"),
          .repeat_command = "tests --filter two",
          .host_limit_scale = 2.5};
}

Job job_of(const RunRequest& request) {
  return {
      .settings = request.settings, .body = {"/ktstr/test/tests", "--body=two"}, .scheduler = {"/ktstr/bin/scx", "-v"}};
}

RunRecord record_of(const RunRequest& request) {
  RunRecord record;
  record.id = "20261124-013855.417-two-3fa2";
  record.mode = "det";
  record.kernel = "7.3.4+deb13-cloud-amd64";
  record.kernel_path = "/k/vmlinux";
  record.tuple = {.test = "two",
                  .seed = request.settings.seed,
                  .vary = request.settings.vary.to_string(),
                  .kernel_sha256 = std::string(64, '7'),
                  .topology = request.settings.topology,
                  .icount_shift = 4,
                  .quantum_ns = 70'000,
                  .memory_bytes = request.settings.memory,
                  .qemu_version = "10.0.2",
                  .inputs = {{"/init", "aa"}, {"/ktstr/bin/scx", "bb"}}};
  return record;
}

PackedInputs some_inputs() {
  PackedInputs packed;
  packed.files = {std::byte{'f'}};
  packed.initramfs = {std::byte{'i'}};
  packed.files_sha256 = sha256(packed.files);
  packed.initramfs_sha256 = sha256(packed.initramfs);
  return packed;
}

std::string some_json() {
  const RunRequest request = some_request();
  return request_to_json(request, record_of(request), job_to_json(job_of(request)), some_inputs());
}

TEST(StoredRequest, ReadsBackWhatDecidesARun) {
  const RunRequest request = some_request();
  const auto stored = request_from_json(some_json());
  ASSERT_TRUE(stored) << stored.error().render();
  EXPECT_EQ(stored->job_json, job_to_json(job_of(request))) << "the guest would read another job";
  EXPECT_EQ(stored->id, record_of(request).id);
  EXPECT_EQ(stored->kernel, "7.3.4+deb13-cloud-amd64");
  EXPECT_EQ(stored->kernel_path, "/k/vmlinux");
  EXPECT_EQ(stored->mailbox_version, mailbox::kVersion);
  EXPECT_EQ(stored->files_sha256, some_inputs().files_sha256);
  EXPECT_EQ(stored->initramfs_sha256, some_inputs().initramfs_sha256);
  EXPECT_EQ(stored->tuple.qemu_version, "10.0.2");
  EXPECT_EQ(stored->tuple.inputs, record_of(request).tuple.inputs);
  // Written again it is the same: nothing of the request got lost.
  RunRecord record = record_of(request);
  record.tuple = stored->tuple;
  EXPECT_EQ(request_to_json(stored->request, record, stored->job_json, some_inputs()), some_json());
  const RunRequest& read = stored->request;
  EXPECT_EQ(read.settings.test, request.settings.test);
  EXPECT_EQ(read.settings.args, request.settings.args);
  EXPECT_EQ(read.settings.topology, request.settings.topology);
  EXPECT_EQ(read.mode, "det");
  EXPECT_EQ(read.scheduler_files, request.scheduler_files);
  EXPECT_EQ(read.kernel_arguments, request.kernel_arguments);
  EXPECT_EQ(read.declared, request.declared);
  EXPECT_EQ(read.settings.seed, request.settings.seed);
  EXPECT_EQ(read.settings.vary, request.settings.vary);
  EXPECT_EQ(read.settings.duration, request.settings.duration);
  EXPECT_EQ(read.settings.memory, request.settings.memory);
  EXPECT_EQ(read.settings.checks.max_spread_pct, 12.3);
  EXPECT_EQ(read.settings.icount_shift, 4);
  EXPECT_EQ(read.settings.quantum, 70us);
}

TEST(StoredRequest, HasTurnsOfThePluginOrAQuantum) {
  auto json = nlohmann::ordered_json::parse(some_json());
  json.erase("sha256");
  json["job"]["turn"] = json["tuple"]["turn_instructions"] = 3125;
  json["tuple"]["cpu_speeds"] = "1=40%";
  json["tuple"]["policy"] = "pct";
  const auto stored = request_from_json(json.dump());
  ASSERT_TRUE(stored) << stored.error().render();
  EXPECT_EQ(stored->request.settings.turn, 3125u);
  EXPECT_EQ(stored->request.settings.quantum, std::nullopt);
  EXPECT_EQ(stored->request.settings.cpu_speeds, (std::vector<CpuSpeed>{{CpuSet{1}, 40}}));
  EXPECT_EQ(stored->request.settings.policy, TurnPolicy::kPct);
  json["tuple"]["policy"] = "fifo";
  EXPECT_FALSE(request_from_json(json.dump()));
  json["tuple"]["policy"] = "pct";
  json["job"]["turn"] = json["tuple"]["turn_instructions"] = 1;
  EXPECT_FALSE(request_from_json(json.dump()));
}

TEST(StoredRequest, HasNoClockOfItsOwnInRealTime) {
  auto json = nlohmann::ordered_json::parse(some_json());
  json["mode"] = "kvm";
  json.erase("sha256");  // as of a run before there were checksums
  const auto stored = request_from_json(json.dump());
  ASSERT_TRUE(stored) << stored.error().render();
  EXPECT_EQ(stored->request.settings.icount_shift, std::nullopt);
  EXPECT_EQ(stored->request.settings.quantum, std::nullopt);
}

TEST(StoredRequest, OfAnotherWorkTypeIsNotTheSame) {
  RunRequest request = some_request();
  request.settings.work_type = "YieldHeavy";
  RunRecord record = record_of(request);
  EXPECT_EQ(tuple_of(request.settings).work_type, "YieldHeavy");
  record.tuple.work_type = "YieldHeavy";
  const auto stored = request_from_json(request_to_json(request, record, job_to_json(job_of(request)), some_inputs()));
  ASSERT_TRUE(stored) << stored.error().render();
  EXPECT_EQ(stored->request.settings.work_type, "YieldHeavy");
  record.tuple.work_type = "";
  const auto edited = request_from_json(request_to_json(request, record, job_to_json(job_of(request)), some_inputs()));
  ASSERT_FALSE(edited);
  EXPECT_THAT(edited.error().message(), HasSubstr("work type of swappable cgroups"));
}

TEST(StoredRequest, SaysWhatIsWrong) {
  const auto changed = [](const char* pointer, nlohmann::ordered_json value) {
    auto json = nlohmann::ordered_json::parse(some_json());
    json[nlohmann::ordered_json::json_pointer(pointer)] = std::move(value);
    return json.dump();
  };
  const std::pair<std::string, std::string> cases[] = {{"", "it is not JSON at line 1, column 1"},
                                                       {"[]", "it must be an object"},
                                                       {"{}", "it has no 'version'"},
                                                       {changed("/version", 2), "request version 2"},
                                                       {changed("/version", 1e300), "request version 1e+300"},
                                                       {R"({"version": 1e999})", "the number 1e999 is too large"},
                                                       {changed("/job/seed", 1e30), "the job's seed is 1e+30"},
                                                       {changed("/job/seed", -1), "the job's seed is -1; accepted"},
                                                       {changed("/job/limits/body_ms", 0.5), "body_ms is 0.5"},
                                                       {changed("/tuple/seed", "x"), "tuple.seed"},
                                                       {changed("/job/seed", "x"), "the job's seed is \"x\""},
                                                       {changed("/job/body", 1), "the job is malformed"},
                                                       {changed("/objects", 1), "it must be an object"},
                                                       {changed("/mailbox_version", -1), "mailbox_version"},
                                                       {changed("/job/duration_ns", -5), "duration in ns is -5"},
                                                       {changed("/tuple/memory_bytes", 1ULL << 60), "memory in bytes"},
                                                       {changed("/tuple/icount_shift", 77), "shift is 77"},
                                                       {changed("/request/host_limit_scale", 0), "scale"},
                                                       {changed("/request/args", 1), "edited"}};
  for (const auto& [text, wanted] : cases) {
    const auto stored = request_from_json(text);
    EXPECT_THAT(stored ? "accepted" : stored.error().message(), HasSubstr(wanted)) << text.substr(0, 60);
  }
}

TEST(StoredRequest, OneThatWasEditedIsNoReplay) {
  const auto edited = [](const char* pointer, nlohmann::ordered_json value) {
    auto json = nlohmann::ordered_json::parse(some_json());
    json[nlohmann::ordered_json::json_pointer(pointer)] = std::move(value);
    const auto stored = request_from_json(json.dump());
    return stored ? "accepted" : stored.error().message();
  };
  EXPECT_THAT(edited("/job/seed", 123), HasSubstr("edited: the seed is"));
  EXPECT_THAT(edited("/job/topology", "1n1l4c1t"), HasSubstr("and 1n1l4c1t in its job"));
  EXPECT_THAT(edited("/request/scheduler", "scx_other"), HasSubstr("edited: its checksum"));
}

class StoredRuns : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-stored");
    ASSERT_TRUE(dir);
    state_.emplace(*std::move(dir));
    fs::create_directories(run());
  }
  fs::path run() const { return state_->path() / "runs/run"; }
  std::optional<TempDir> state_;
};

TEST_F(StoredRuns, AreLoadedWithTheirInputs) {
  ASSERT_TRUE(write_text(run() / kRequestFile, some_json()));
  const PackedInputs packed = some_inputs();
  const ObjectStore objects(state_->path());
  ASSERT_TRUE(objects.keep(packed.files_sha256, packed.files, run()));
  auto stored = load_stored_run(run());
  ASSERT_TRUE(stored) << stored.error().render();
  EXPECT_FALSE(stored->record);
  EXPECT_EQ(load_inputs(*stored, state_->path()).error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(objects.keep(packed.initramfs_sha256, packed.initramfs, run()));
  const auto inputs = load_inputs(*stored, state_->path());
  ASSERT_TRUE(inputs) << inputs.error().render();
  EXPECT_EQ((*inputs)->files, packed.files);
  EXPECT_EQ((*inputs)->initramfs, packed.initramfs);
  EXPECT_EQ((*inputs)->scheduler, (std::vector<std::string>{"/ktstr/bin/scx", "-v"}));
  EXPECT_EQ((*inputs)->job_json, stored->job_json);

  RunRecord record = record_of(some_request());
  record.run_dir = "/elsewhere";
  ASSERT_TRUE(store_run_record(record, run()));
  stored = load_stored_run(run());
  ASSERT_TRUE(stored) << stored.error().render();
  EXPECT_EQ(stored->record->run_dir, run().string());
}

TEST_F(StoredRuns, WithoutARequestSayWhatToDo) {
  const auto stored = load_stored_run(run());
  ASSERT_FALSE(stored);
  EXPECT_THAT(stored.error().message(), HasSubstr("has no request.json"));
  EXPECT_NE(stored.error().hint(), "");
}

}  // namespace
}  // namespace ktstr
