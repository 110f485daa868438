// SPDX-License-Identifier: Apache-2.0
//
// What the events of a trace add up to is what the kernel has counted itself: of each task, by its own account of its
// whole life at its end, and of each cgroup, by its cpu.stat once it is empty.
#include <algorithm>
#include <cmath>

#include "guests.h"

namespace ktstr {
namespace {

// The kernel takes what has run since the last tick for the new cgroup's. Debian's have 250 ticks a second or more.
constexpr double kTickNs = 4e6;
// By how much rq.clock may lag behind where a stretch of running begins or ends.
constexpr double kLagNs = 4e6;

class AccountsTest : public GuestTest {
 protected:
  // Of the payload that reads the cgroups' cpu.stat: microseconds by name.
  static nlohmann::json usage_of(const GuestRun& run) {
    for (const auto& payload : run.json.at("payloads"))
      if (payload.at("name") == "usage")
        return nlohmann::json::parse(payload.at("output_tail").get<std::string>(), nullptr, false);
    return {};
  }

  static bool is_of(const nlohmann::json& task, const std::string& cgroup) {
    const auto path = task.at("cgroup").get<std::string>();
    return path.ends_with("/" + cgroup);
  }

  // Nanoseconds by rq.clock, as the kernel counts them.
  static std::uint64_t ran_in(const nlohmann::json& accounts, const std::string& cgroup) {
    std::uint64_t ran = 0;
    for (const auto& task : accounts.at("tasks"))
      if (is_of(task, cgroup)) ran += task.at("ran_by_clock_ns").get<std::uint64_t>();
    return ran;
  }
  static double shown_for(const nlohmann::json& accounts, const std::string& cgroup) {
    for (const auto& [path, ran] : accounts.at("cgroups").items())
      if (path.ends_with("/" + cgroup)) return ran.get<double>();
    return 0;
  }

  static void expect_tasks_agree(const nlohmann::json& accounts, int at_least, std::int64_t late_ns) {
    int compared = 0;
    for (const auto& task : accounts.at("tasks")) {
      if (!task.at("whole_life")) continue;
      ++compared;
      EXPECT_LE(std::abs(task.at("ran_off_ns").get<std::int64_t>()), late_ns) << task;
      EXPECT_EQ(task.at("waited_off_ns"), 0) << task;
    }
    EXPECT_GE(compared, at_least);
  }

  static void expect_usec(std::uint64_t ran_ns, std::uint64_t usec, std::int64_t late_ns, const std::string& who) {
    const auto late = static_cast<std::uint64_t>(late_ns);
    EXPECT_GE(usec, (ran_ns - std::min(ran_ns, late)) / 1000) << who;
    EXPECT_LE(usec, (ran_ns + late) / 1000) << who;
  }
  static void expect_cgroups_agree(const nlohmann::json& accounts, const nlohmann::json& usage, std::int64_t late_ns) {
    ASSERT_TRUE(usage.is_object());
    const auto usec = [&](const char* cgroup) { return usage.at(cgroup).get<std::uint64_t>(); };
    for (const std::string cgroup :
         {"pinned", "sleeping", "limited", "frozen", "realtime", "light", "heavy", "pairs", "forks"}) {
      expect_usec(ran_in(accounts, cgroup), usec(cgroup.c_str()), late_ns, cgroup);
      EXPECT_NEAR(shown_for(accounts, cgroup) / static_cast<double>(usec(cgroup.c_str())), 1000, 100) << cgroup;
    }
    const std::uint64_t one = ran_in(accounts, "one"), two = ran_in(accounts, "two");
    expect_usec(one, usec("nested/one"), late_ns, "nested/one");
    expect_usec(two, usec("nested/two"), late_ns, "nested/two");
    expect_usec(one + two, usec("nested"), 2 * late_ns, "nested");
    // Its worker was moved while it ran.
    const std::uint64_t both = ran_in(accounts, "other");
    EXPECT_NEAR(static_cast<double>(both / 1000), static_cast<double>(usec("moved") + usec("other")),
                1 + static_cast<double>(late_ns) / 1e3);
    for (const char* const cgroup : {"moved", "other"})
      EXPECT_LE(std::abs(shown_for(accounts, cgroup) - 1e3 * static_cast<double>(usec(cgroup))), kTickNs + kLagNs)
          << cgroup;
  }

  // sched_ext has no quotas of its own, and the fixture none.
  static void expect_all_happened(const nlohmann::json& accounts, const nlohmann::json& usage, bool has_quotas) {
    for (const auto& task : accounts.at("tasks")) {
      if (has_quotas && is_of(task, "limited")) {
        EXPECT_GT(task.at("kept_off_ns"), 0);
      }
    }
    for (const char* const cgroup : {"moved", "other", "forks", "frozen"}) EXPECT_GT(usage.at(cgroup), 0) << cgroup;
  }
};

TEST_F(AccountsTest, AgreeWithTheKernelsOwn) {
  for (const std::string kernel : {"7", "6.18", "6.12"}) {
    for (const std::string& scheduler : {std::string(), fixture()}) {
      if (kernel == "6.12" && !scheduler.empty()) continue;  // it has no sched_ext
      SCOPED_TRACE(kernel + " " + scheduler);
      need_kernel(kernel);
      const GuestRun ran = run({KTSTR_SITUATIONS, "--kernel", kernel, "--scheduler", scheduler});
      ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
      const nlohmann::json accounts = accounts_of(ran), usage = usage_of(ran);
      // EEVDF's account of a task that has left its queue is brought up to date until the switch, where something else
      // happens to that queue: not all of that is an event.
      const std::int64_t late_ns = scheduler.empty() ? 1'000'000 : 0;
      expect_tasks_agree(accounts, 10, late_ns);
      expect_cgroups_agree(accounts, usage, late_ns);
      expect_all_happened(accounts, usage, scheduler.empty());
    }
  }
}

}  // namespace
}  // namespace ktstr
