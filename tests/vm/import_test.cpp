// SPDX-License-Identifier: Apache-2.0
//
// What a run left, imported and run: of its trace, its tasks have the CPU time and the wake-ups that were recorded; of
// the kernel's dump, they stall again.
#include <gmock/gmock.h>

#include <map>

#include "guests.h"

namespace ktstr {
namespace {

class ImportedTrace : public GuestTest {
 protected:
  std::map<std::string, nlohmann::json> tasks_of(const GuestRun& ran) {
    std::map<std::string, nlohmann::json> tasks;
    const nlohmann::json accounts = accounts_of(ran);
    for (const auto& task : accounts.at("tasks")) tasks[task.at("comm").get<std::string>()] = task;
    return tasks;
  }
};

TEST_F(ImportedTrace, DoesWhatWasRecorded) {
  need_kernel("7");
  const fs::path scenario = write("load.toml", R"(topology = "1n1l2c1t"
duration = "300ms"
[[cgroup]]
name = "load"
[[cgroup.work]]
type = "IdleChurn"
burst = "3ms"
[[cgroup.work]]
type = "WakeChain"
wake = "futex"
depth = 3
work_per_hop = "1ms"
)");
  const GuestRun recorded = run({scenario.string(), "--kernel", "7"});
  ASSERT_EQ(recorded.status, 0) << recorded.err << recorded.first_message();
  const fs::path replayed = state_dir() / "replayed.toml";
  Subprocess::Options import = command({});  // for its environment
  import.argv = {KTSTR_PROGRAM, "work", "import", recorded.json.at("run_dir"), "-o", replayed.string()};
  const auto said = run_captured(import, std::chrono::seconds(60));
  ASSERT_TRUE(said && said->status.success()) << (said ? said->err : said.error().render());

  const GuestRun again = run({replayed.string(), "--kernel", "7", "--duration", "300ms"});
  ASSERT_EQ(again.status, 0) << again.err << again.first_message();
  const auto before = tasks_of(recorded), after = tasks_of(again);
  int compared = 0;
  for (const auto& worker : recorded.json.at("workers")) {
    const std::string name = "load/" + worker.at("index").dump();
    ASSERT_TRUE(before.contains(name) && after.contains(name)) << name;
    ++compared;
    const auto of = [&](const auto& tasks, const char* key) { return tasks.at(name).at(key).template get<double>(); };
    // Beside what it takes to begin, some milliseconds of such a short time.
    EXPECT_NEAR(of(after, "ran_ns"), of(before, "ran_ns"), 0.1 * of(before, "ran_ns") + 10e6) << name;
    EXPECT_NEAR(of(after, "wakeups"), of(before, "wakeups"), 0.2 * of(before, "wakeups") + 5) << name;
  }
  EXPECT_EQ(compared, 4);
}

class ImportedDump : public GuestTest {};

TEST_F(ImportedDump, StallsAgainUnderTheSameScheduler) {
  const std::string scheduler = fixture("--stall-after 300 --watchdog-ms 1000");
  const fs::path scenario = write("load.toml", R"(topology = "1n1l2c1t"
duration = "3s"
[[cgroup]]
name = "load"
[[cgroup.work]]
type = "SpinWait"
comm = "render"
nice = -5
workers = 2
[[cgroup.work]]
type = "SpinWait"
comm = "batch"
affinity = "1"
)");
  const GuestRun first = run({scenario.string(), "--scheduler", scheduler});
  ASSERT_EQ(first.status, 1) << first.err;
  ASSERT_EQ(first.failures().at(0), "scheduler_stalled");
  const fs::path again = state_dir() / "again.toml";
  Subprocess::Options import = command({});  // for its environment
  import.argv = {KTSTR_PROGRAM, "work", "import", first.json.at("run_dir"), "--format", "dump", "-o", again.string()};
  const auto said = run_captured(import, std::chrono::seconds(60));
  ASSERT_TRUE(said && said->status.success()) << (said ? said->err : said.error().render());
  const auto made = read_text(again);
  ASSERT_TRUE(made);
  EXPECT_THAT(*made, ::testing::HasSubstr("workers = 2\ncomm = \"render\"\nnice = -5\n"));
  EXPECT_THAT(*made, ::testing::HasSubstr("workers = 1\ncomm = \"batch\"\naffinity = \"1\"\n"));

  const GuestRun second = run({again.string(), "--scheduler", scheduler});
  ASSERT_EQ(second.status, 1) << second.err;
  EXPECT_EQ(second.failures().at(0), "scheduler_stalled");
  EXPECT_THAT(second.first_message(), ::testing::HasSubstr("failed to run for"));
}

}  // namespace
}  // namespace ktstr
