// SPDX-License-Identifier: Apache-2.0
//
// Parameters of Schbench that its signature (work_types_test.cpp) does not have, as groups of one run: each has a CPU.
#include <map>

#include "guests.h"

namespace ktstr {
namespace {

class SchbenchTest : public GuestTest {
 protected:
  static constexpr double kSeconds = 0.5;

  GuestRun run_groups() {
    const fs::path scenario = write("groups.toml", R"(
topology = "1n1l4c1t"
duration = "500ms"
[checks]
progress = false
[[cgroup]]
name = "paced"
cpuset = "0"
work = { type = "Schbench", worker_threads = 2, cache_footprint_kib = 4, operations = 1, requests_per_second = 200 }
[[cgroup]]
name = "shared"
cpuset = "1"
work = { type = "Schbench", worker_threads = 2, cache_footprint_kib = 16, operations = 4, private_pct = 50, skip_locking = true }
[[cgroup]]
name = "pipe"
cpuset = "2"
work = { type = "Schbench", worker_threads = 2, pipe_bytes = 4096 }
[[cgroup]]
name = "parties"
cpuset = "3"
work = { type = "Schbench", message_threads = 2, worker_threads = 2, cache_footprint_kib = 4, operations = 1 }
)");
    return run({scenario.string(), "--kernel", "7"});
  }

  static nlohmann::json group(const GuestRun& ran, const std::string& name) {
    for (const auto& each : ran.json.at("cgroups"))
      if (each.at("cgroup") == name) return each;
    return {};
  }
  static nlohmann::json latency(const nlohmann::json& group, const std::string& what) {
    for (const auto& each : group.at("latencies"))
      if (each.at("what") == what) return each;
    return {};
  }
  static double requests(const nlohmann::json& of) {
    for (const auto& each : of.at("counts"))
      if (each.at("what") == "requests") return each.at("count").get<double>();
    return 0;
  }
  // Of that role, in their order.
  static std::vector<nlohmann::json> workers(const GuestRun& ran, const std::string& cgroup, const std::string& role) {
    std::vector<nlohmann::json> found;
    for (const auto& each : ran.json.at("workers"))
      if (each.at("cgroup") == cgroup && each.at("role") == role) found.push_back(each);
    return found;
  }
};

TEST_F(SchbenchTest, IsPacedSharesWritesPagesAndHasSeveralMessengers) {
  need_kernel("7");
  const GuestRun ran = run_groups();
  ASSERT_EQ(ran.status, 0) << ran.err << ran.first_message();

  // By turns, at even intervals; nothing waits for anything.
  const auto paced = group(ran, "paced");
  EXPECT_NEAR(requests(paced), 200 * kSeconds, 4);
  for (const auto& worker : workers(ran, "paced", "worker")) EXPECT_NEAR(requests(worker), 100 * kSeconds, 3);
  for (const auto& messenger : workers(ran, "paced", "messenger")) EXPECT_EQ(messenger.at("missed"), 0);
  EXPECT_NEAR(latency(paced, "message").at("count").get<double>(), requests(paced), 2);

  // Four products of 18 rows, two of them of memory that both have; of 26 rows, all their own, they take three times as
  // long.
  const auto shared = group(ran, "shared");
  for (const auto& worker : workers(ran, "shared", "worker")) {
    ASSERT_GT(requests(worker), 10);
    EXPECT_GT(worker.at("cpu_time_ns").get<double>() / requests(worker), 4e6);
    EXPECT_LT(worker.at("cpu_time_ns").get<double>() / requests(worker), 10e6);
  }

  // No work but the pages: a request is over at once, what takes its time is the message.
  const auto pipe = group(ran, "pipe");
  EXPECT_GT(requests(pipe), 500);
  EXPECT_LT(latency(pipe, "request").at("p50_ns").get<double>(), 10e3);
  EXPECT_GT(latency(pipe, "message").at("p50_ns").get<double>(), 20e3);

  // Each messenger wakes its own.
  const auto messengers = workers(ran, "parties", "messenger");
  ASSERT_EQ(messengers.size(), 2u);
  ASSERT_EQ(workers(ran, "parties", "worker").size(), 4u);
  for (const auto& messenger : messengers) {
    EXPECT_GT(messenger.at("iterations"), 20);
    double served = 0;
    for (const auto& worker : workers(ran, "parties", "worker"))
      if (worker.at("index").get<int>() / 3 == messenger.at("index").get<int>() / 3) served += requests(worker);
    EXPECT_GT(served, 40);
  }
}

}  // namespace
}  // namespace ktstr
