// SPDX-License-Identifier: Apache-2.0
#include "results/run_record_json.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/file.h"

namespace ktstr {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Every field away from its default, so that one that is not carried over shows.
RunRecord full_record() {
  RunRecord r;
  r.id = "20261124-013855.417-two_cgroups-3fa2";
  r.test = "two_cgroups";
  r.outcome = Outcome::kFail;
  r.error = "e";
  r.error_hint = "h";
  r.tuple = {"two_cgroups", UINT64_MAX, "handover", "YieldHeavy", "k256",
             {2, 4, 3, 2},  3,          3125,       "1=40%",      "f+0x1 to g+0x2 until write",
             "pct",         100'000,    1ULL << 40, "10.0.11",    {{"/init", "aa"}, {"scenario", "bb"}}};
  r.mode = "det";
  r.kernel = "7.3.4+deb13-cloud-amd64";
  r.kernel_path = "/boot/x";
  r.turn_ns = 25'000;
  r.cpu_mips = 31.25;
  r.why_quantum = "why";
  r.vcpu_instructions = {1, UINT64_MAX};
  r.idle_guarded = true;
  r.idle_jumps = 5;
  r.idle_refused = 6;
  r.warm_image = "0123456789abcdef0123456789abcdef";
  r.schedulers = {
      {"scx_ktstr -v", "ktstr", "enabled", "disabled", "killed", "scx_bpf_error", "broken", true, 3, 4, 7, {"l"}},
      {"other -v", "other", "enabling", "enabled", "exited", "scx_bpf_exit", "done", true, 5, 6, 8, {"m"}}};
  r.details = {{Verdict::kFail, DetailKind::kStuck, "m", "cg_0", 1, 2, 4012.5, 2000, "ms"}, {}};
  CgroupStats c;
  c.cgroup = "cg_0";
  c.step = 1;
  c.workers = 2;
  c.cpuset = {0, 1, 5};
  c.cpus_used = {0};
  c.iterations = 3, c.work_units = 4, c.migrations = 5;
  c.min_off_cpu_pct = 1.25, c.max_off_cpu_pct = 2.5, c.avg_off_cpu_pct = 1.75, c.spread_pct = 1.25;
  c.max_gap_ns = 6, c.max_gap_cpu = 7, c.cpu_time_ns = 8, c.run_delay_ns = 9;
  c.wakeups = 10, c.wake_p50_ns = 11, c.wake_p99_ns = 12, c.wake_max_ns = 13;
  c.sched_class = "ext", c.weight = 100, c.share_pct = 50.5, c.entitled_pct = 49.5;
  c.latencies = {{.what = "request", .count = 1, .p50_ns = 2, .p90_ns = 3, .p99_ns = 4, .p999_ns = 5, .max_ns = 6}};
  c.counts = {{"hits", 7}};
  r.cgroups = {c};
  r.checked = {{"gap", 2}};
  r.marks = {{StepMark::Kind::kStepEnd, 1, 2, 3, 4, "first", "fingerprint"}};
  r.stimuli = {{1, 2, 3, 4, {"add_cgroup", "set_cpuset"}, 5, 6, UINT64_MAX}};
  PayloadReport p{.name = "fio", .cgroup = "cg_0", .step = 1, .pid = 2, .killed = true, .exit = "exit status 3"};
  p.exit_code = 3, p.wall_time_ns = 4;
  p.metrics = {{"write_iops", 1.5, Polarity::kHigher, "1/s"}, {"lat", 2.5, Polarity::kLower, "ms"}};
  p.missing = {"read_iops: none"};
  p.output_tail = "done\n";
  p.oom_killed = true;
  r.payloads = {p};
  r.captures = {{"before", "cg_0", 1, {101, 102}}};
  WorkerReport w;
  w.cgroup = "cg_0";
  w.index = 1, w.step = 1, w.spec = 2, w.pid = 3;
  w.work_units = 4, w.iterations = 5, w.started_ns = 6, w.cpu_time_ns = 7, w.wall_time_ns = 8, w.run_delay_ns = 9;
  w.timeslices = 10, w.max_gap_ns = 11, w.max_gap_cpu = 12, w.max_gap_at_ns = 13, w.migrations = 14;
  w.cpus_used = {1}, w.cpus_outside = {2};
  w.sleep_ns = 15, w.wakeups = 16, w.wake_max_ns = 17, w.wake_latencies.buckets = {{18, 19}, {1024, 20}};
  w.latencies = {{.what = "request", .max_ns = 5, .times = {{{4, 1}, {5, 2}}}}}, w.counts = {{"hits", 6}},
  w.node_pages = {{1, 7}};
  w.responded = false;
  w.exit = "killed by signal 11 (SIGSEGV)";
  w.held_ns = 20, w.sched_class = "ext", w.nice = -5;
  w.role = "messenger", w.missed = 21, w.could_not = "fork: no";
  r.workers = {w};
  r.last_seen = {{"cg_1", 1, 104, 2, 3, UINT64_MAX, 5}};
  r.unseen_workers = 7;
  r.trace_events = 1290;
  r.trace_source = "plugin";
  r.trace_lost = 3;
  r.why_no_trace = "why not all";
  r.traced = {{DetailKind::kStuck, "cg_0", 1, 2, "m", 101, 3, 4, 5, "the freezer", "in 1 s it waited"}};
  r.body_start_ns = 19;
  r.digest = std::string(64, 'd');
  r.digest_complete = true;
  r.perturbed = {"why"};
  r.body_ns = 20;
  r.host_seconds = 4.5;
  r.phases = {{"boot", 21, 0.5}};
  r.end_of_guest = "hang";
  r.vcpus = {{1, 2, "native_halt+0xe", "halted"}};
  r.new_taint = "W";
  r.kernel_reports = {"WARNING: CPU: 1"};
  r.scheduler_log = {"s"}, r.kernel_log = {"k"}, r.body_log = {"b"}, r.console_tail = {"c"};
  r.run_dir = "/run";
  r.started_at = "2026-11-24T01:38:55Z";
  r.repeat_command = "ktstr run x";
  r.replay_command = "ktstr replay y";
  r.replay_of = "z";
  r.repro = {
      .run = "20261124-013856.000-two_cgroups-3fa3",
      .why_not = "w",
      .digest = "d",
      .det_runs = 3,
      .stack = {"scx_vexit", "ktstr_dispatch"},
      .parts = {{.what = "load/2[106], which the kernel names",
                 .pid = 106,
                 .calls = 7,
                 .lines = {{.at_ns = 5, .cpu = 1, .depth = 2, .words = "f(p 1)", .took_ns = 9, .is_open = true}}}}};
  return r;
}

std::string changed(const std::string& pointer, const nlohmann::ordered_json& value) {
  auto json = nlohmann::ordered_json::parse(to_json(full_record()));
  json[nlohmann::ordered_json::json_pointer(pointer)] = value;
  return json.dump();
}

TEST(RunRecordJson, ReadsRecordsOfBeforeKeysWereAdded) {
  auto json = nlohmann::ordered_json::parse(to_json(full_record()));
  json.erase("replay_command");
  json.erase("replay_of");
  json.erase("warm_image");
  json.erase("stimuli");
  json.erase("payloads");
  json.erase("captures");
  json.erase("last_seen");
  json["marks"][0]["kind"] = "hold_start";
  const auto read = from_json(json.dump());
  ASSERT_TRUE(read) << read.error().render();
  EXPECT_EQ(read->replay_of, "");
  EXPECT_TRUE(read->payloads.empty());
  EXPECT_EQ(read->marks[0].kind, StepMark::Kind::kScenarioResume);
}

TEST(RunRecordJson, ReadsBackWhatItWrote) {
  const std::string text = to_json(full_record());
  const auto read = from_json(text);
  ASSERT_TRUE(read) << read.error().render();
  EXPECT_EQ(to_json(*read), text);
  EXPECT_EQ(read->tuple.seed, UINT64_MAX);
  EXPECT_EQ(read->tuple.topology, (Topology{2, 4, 3, 2}));
  EXPECT_EQ(read->details[0].kind, DetailKind::kStuck);
  EXPECT_EQ(read->details[0].limit, 2000);
  EXPECT_EQ(read->details[1].limit, std::nullopt);
  EXPECT_EQ(read->cgroups[0].cpuset, (CpuSet{0, 1, 5}));
  EXPECT_EQ(read->marks[0].kind, StepMark::Kind::kStepEnd);
  EXPECT_EQ(read->stimuli[0].op_kinds, (std::vector<std::string>{"add_cgroup", "set_cpuset"}));
  EXPECT_EQ(read->stimuli[0].iterations, UINT64_MAX);
  EXPECT_EQ(read->payloads[0].metrics[1].polarity, Polarity::kLower);
  EXPECT_EQ(read->captures[0].pids, (std::vector<int>{101, 102}));
  EXPECT_EQ(read->workers[0].wake_latencies.buckets, (std::vector<LatencyBucket>{{18, 19}, {1024, 20}}));
  EXPECT_EQ(read->workers[0].latencies.at(0).times.count(), 3u);
}

// With no field at its default, a key that is empty, zero or false was not carried over.
TEST(RunRecordJson, CarriesEveryField) {
  const auto leaves = nlohmann::ordered_json::parse(to_json(*from_json(to_json(full_record())))).flatten();
  for (const auto& [path, value] : leaves.items()) {
    if (path.starts_with("/details/1/") || path.ends_with("/responded")) continue;
    EXPECT_THAT(value.dump(), Not(AnyOf("0", "0.0", "-1", "false", "\"\"", "null", "[]", "{}"))) << path;
  }
}

TEST(RunRecordJson, SaysVerdictAndExitCode) {
  const auto json = nlohmann::ordered_json::parse(to_json(full_record()));
  EXPECT_EQ(json["verdict"], "fail");
  EXPECT_EQ(json["exit_code"], 1);
  EXPECT_EQ(json["details"][0]["kind"], "stuck");
}

TEST(RunRecordJson, ListsSeveralRuns) {
  const auto json = nlohmann::ordered_json::parse(to_json(std::vector<RunRecord>{full_record(), full_record()}));
  EXPECT_EQ(json["runs"].size(), 2u);
  EXPECT_EQ(json["digests_equal"], true);
}

TEST(RunRecordJson, SurvivesWhatAGuestPrints) {
  RunRecord record;
  record.console_tail = {std::string("\xff\xfe \x1b[31m \0x", 11)};
  record.cgroups.resize(1);
  record.cgroups[0].spread_pct = std::numeric_limits<double>::quiet_NaN();
  record.payloads.resize(1);
  record.payloads[0].metrics = {{.name = "\xff", .value = std::numeric_limits<double>::infinity()}};
  const auto read = from_json(to_json(record));
  ASSERT_TRUE(read) << read.error().render();
  EXPECT_THAT(read->console_tail[0], HasSubstr("\x1b[31m"));
  EXPECT_NE(read->cgroups[0].spread_pct, read->cgroups[0].spread_pct);
}

TEST(RunRecordJson, NamesTheKeyThatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {changed("/test", 5), "test is not a text"},
      {changed("/verdict", "great"), "verdict is not one of its known texts"},
      {changed("/tuple/seed", -1), "tuple.seed is not an unsigned integer"},
      {changed("/tuple/topology/llcs", 1ULL << 40), "tuple.topology.llcs is not an integer in range"},
      {changed("/tuple/topology/llcs", UINT64_MAX), "tuple.topology.llcs is not an integer in range"},
      {changed("/details/0/worker", 1.5), "details[0].worker is not an integer"},
      {changed("/details/0/kind", nullptr), "details[0].kind is not one of"},
      {changed("/cgroups", "none"), "cgroups is not a list"},
      {changed("/cgroups/0/cpuset", "1-"), "cgroups[0].cpuset is not a list of CPUs"},
      {changed("/stimuli/0/iterations", -1), "stimuli[0].iterations is not an unsigned integer"},
      {changed("/payloads/0/metrics/0/polarity", "up"), "payloads[0].metrics[0].polarity is not one of"},
      {changed("/payloads/0/killed", 1), "payloads[0].killed is not true or false"},
      {changed("/captures/0/pids/1", "x"), "captures[0].pids[1] is not an integer"},
      {changed("/workers/0", 1), "workers[0] is not an object"},
      {changed("/schedulers/1/ops", 1), "schedulers[1].ops is not a text"},
      {changed("/checked/0", "gap"), "checked[0] is not an object"},
      {changed("/tuple/inputs", 1), "tuple.inputs is not an object"},
      {"[]", "the record is not an object"},
      {"{", "it is not JSON at line 1, column 2"},
      {R"({"version": 1e999})", "the number 1e999 is too large"},
      {"{}", "version is missing"},
      {R"({"version": 3})", "id is missing"},
  };
  for (const auto& [text, message] : cases) {
    const auto read = from_json(text);
    ASSERT_FALSE(read) << message;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruptData);
    EXPECT_THAT(read.error().message(), HasSubstr(message));
  }
}

TEST(RunRecordJson, OfAnEarlierProgramVariedEverything) {
  auto json = nlohmann::ordered_json::parse(to_json(full_record()));
  json["tuple"].erase("vary");
  const auto read = from_json(json.dump());
  ASSERT_TRUE(read) << read.error().render();
  EXPECT_EQ(read->tuple.vary, "all");
}

TEST(RunRecordJson, NamesAWorkTypeOnlyWhereOneIsSet) {
  RunRecord record = full_record();
  record.tuple.work_type = record.tuple.policy = "";
  EXPECT_EQ(to_json(record).find("work_type"), std::string::npos);
  record.tuple.work_type = "YieldHeavy";
  const auto read = from_json(to_json(record));
  ASSERT_TRUE(read) << read.error().render();
  EXPECT_EQ(read->tuple.work_type, "YieldHeavy");
}

TEST(RunRecordJson, HasPagesThatWereMigratedOnlyWhereThereAreSuch) {
  RunRecord record = full_record();
  record.numa_pages_migrated = 0;
  EXPECT_EQ(to_json(record).find("numa_pages_migrated"), std::string::npos);
  record.numa_pages_migrated = 42;
  const auto read = from_json(to_json(record));
  ASSERT_TRUE(read) << read.error().render();
  EXPECT_EQ(read->numa_pages_migrated, 42u);
}

TEST(RunRecordJson, RefusesAnotherVersion) {
  const auto read = from_json(changed("/version", 1));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::kUnsupported);
}

TEST(RunRecordJson, IsStoredInTheRunsDirectory) {
  const auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-record");
  ASSERT_TRUE(store_run_record(full_record(), dir->path()));
  for (const fs::path& path : {dir->path(), dir->path() / "result.json"}) {
    const auto read = load_run_record(path);
    ASSERT_TRUE(read) << read.error().render();
    EXPECT_EQ(to_json(*read), to_json(full_record()));
  }
  ASSERT_TRUE(write_text(dir->path() / "other.json", "{}"));
  EXPECT_THAT(load_run_record(dir->path() / "other.json").error().message(),
              HasSubstr("other.json: version is missing"));
  EXPECT_EQ(load_run_record(dir->path() / "none").error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(store_run_record(full_record(), dir->path() / "none"));
}

}  // namespace
}  // namespace ktstr
