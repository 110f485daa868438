// SPDX-License-Identifier: Apache-2.0
#include "wire/job.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

Job some_job() {
  return {.settings = {.test = "two_cgroups",
                       .args = {"a b"},
                       .payload_path = {"/usr/bin", "/opt/b c"},
                       .topology = {.numa_nodes = 1, .llcs = 2, .cores_per_llc = 2, .threads_per_core = 1},
                       .duration = std::chrono::seconds(2),
                       .seed = ~0ull,
                       .quantum = std::chrono::microseconds(50),
                       .checks = {.max_gap = std::chrono::milliseconds(500),
                                  .kernel_log_allow = {"foo.c"},
                                  .spread_off = true}},
          .body = {"/ktstr/test/t", "--ktstr-body=two_cgroups"},
          .scheduler = {"/ktstr/bin/scx_ktstr", "--slice-us", "5000"}};
}

TEST(Job, HasTheBytesThatItAlwaysHad) {
  EXPECT_EQ(job_to_json(some_job()),
            R"({"test":"two_cgroups","body":["/ktstr/test/t","--ktstr-body=two_cgroups"],"scenario":"","args":["a b"],)"
            R"("scheduler":["/ktstr/bin/scx_ktstr","--slice-us","5000"],"payload_path":["/usr/bin","/opt/b c"],)"
            R"("topology":"1n2l2c1t","duration_ns":2000000000,"seed":18446744073709551615,"vary":"all","turn":0,)"
            R"("quantum_ns":50000,"checks":{"max_gap_ms":500,"kernel_log_allow":["foo.c"],"gap_off":false,)"
            R"("spread_off":true},"limits":{"attach_ms":60000,"dispatch_ms":20000,"body_ms":60000,)"
            R"("teardown_ms":20000}})");
}

TEST(Job, SurvivesTheTrip) {
  const Job job = some_job();
  const auto back = job_from_json(job_to_json(job));
  ASSERT_TRUE(back) << back.error().render();
  EXPECT_EQ(back->body, job.body);
  EXPECT_EQ(back->scheduler, job.scheduler);
  const RunSettings& settings = back->settings;
  EXPECT_EQ(settings.payload_path, job.settings.payload_path);
  EXPECT_EQ(settings.topology, job.settings.topology);
  EXPECT_EQ(settings.seed, job.settings.seed);
  EXPECT_EQ(settings.turn, std::nullopt);
  EXPECT_EQ(settings.quantum, job.settings.quantum);
  EXPECT_EQ(settings.checks.max_gap, job.settings.checks.max_gap);
  EXPECT_FALSE(settings.checks.progress.has_value());
  EXPECT_TRUE(settings.checks.spread_off);
  EXPECT_EQ(back->limits.body, job.limits.body);
}

TEST(Job, SaysOnlyWhereTheyAreSetWhatWorkersDo) {
  Job job = some_job();
  EXPECT_EQ(job_to_json(job).find("work_type"), std::string::npos);
  job.settings.workers_per_cgroup = 3;
  job.settings.work_type = "Bursty(burst=1.5ms)";
  const auto back = job_from_json(job_to_json(job));
  ASSERT_TRUE(back) << back.error().render();
  EXPECT_EQ(back->settings.workers_per_cgroup, 3);
  EXPECT_EQ(back->settings.work_type, job.settings.work_type);
}

TEST(Job, OfARunStoredBeforeThereWerePayloadsHasNoPathForThem) {
  std::string text = job_to_json({.settings = {.test = "t", .topology = {1, 1, 1, 1}}});
  const std::string field = "\"payload_path\":[],";
  ASSERT_NE(text.find(field), std::string::npos) << text;
  text.erase(text.find(field), field.size());
  const auto back = job_from_json(text);
  ASSERT_TRUE(back) << back.error().render();
  EXPECT_TRUE(back->settings.payload_path.empty());
}

TEST(Job, RefusesWhatIsNoJob) {
  for (const char* text : {"", "{", "[]", "{}", R"({"test": 1})"})
    EXPECT_EQ(job_from_json(text).error().code(), ErrorCode::kCorruptData) << text;
}

}  // namespace
}  // namespace ktstr
