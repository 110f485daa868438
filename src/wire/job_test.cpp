// SPDX-License-Identifier: Apache-2.0
#include "wire/job.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(Job, SurvivesTheTrip) {
  Job job{.test = "two_cgroups",
          .body = {"/ktstr/test/t", "--ktstr-body=two_cgroups"},
          .args = {"a b"},
          .scheduler = {"/ktstr/bin/scx_ktstr", "--slice-us", "5000"},
          .payload_path = {"/usr/bin", "/opt/b c"},
          .topology = {.numa_nodes = 1, .llcs = 2, .cores_per_llc = 2, .threads_per_core = 1},
          .duration = std::chrono::seconds(2),
          .seed = ~0ull,
          .quantum = std::chrono::microseconds(50)};
  job.checks.max_gap = std::chrono::milliseconds(500);
  job.checks.spread_off = true;
  const auto back = job_from_json(job_to_json(job));
  ASSERT_TRUE(back) << back.error().render();
  EXPECT_EQ(back->body, job.body);
  EXPECT_EQ(back->scheduler, job.scheduler);
  EXPECT_EQ(back->payload_path, job.payload_path);
  EXPECT_EQ(back->topology, job.topology);
  EXPECT_EQ(back->seed, job.seed);
  EXPECT_EQ(back->quantum, job.quantum);
  EXPECT_EQ(back->checks.max_gap, job.checks.max_gap);
  EXPECT_FALSE(back->checks.progress.has_value());
  EXPECT_TRUE(back->checks.spread_off);
  EXPECT_EQ(back->limits.body, job.limits.body);
}

TEST(Job, OfARunStoredBeforeThereWerePayloadsHasNoPathForThem) {
  std::string text =
      job_to_json({.test = "t", .topology = {.numa_nodes = 1, .llcs = 1, .cores_per_llc = 1, .threads_per_core = 1}});
  const std::string field = "\"payload_path\":[],";
  ASSERT_NE(text.find(field), std::string::npos) << text;
  text.erase(text.find(field), field.size());
  const auto back = job_from_json(text);
  ASSERT_TRUE(back) << back.error().render();
  EXPECT_TRUE(back->payload_path.empty());
}

TEST(Job, RefusesWhatIsNoJob) {
  for (const char* text : {"", "{", "[]", "{}", R"({"test": 1})"})
    EXPECT_EQ(job_from_json(text).error().code(), ErrorCode::kCorruptData) << text;
}

}  // namespace
}  // namespace ktstr
