// SPDX-License-Identifier: Apache-2.0
//
// That the clock of an idle guest does not depend on when the host lets QEMU's threads run.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "guests.h"

namespace ktstr {
namespace {

class IdleClock : public GuestTest {
 protected:
  // Idle a thousand times a second.
  std::vector<std::string> arguments(const char* topology, std::vector<std::string> more = {}) const {
    std::vector<std::string> all{
        write("idle.toml",
              "duration = '100ms'\nmemory = '256M'\n[checks]\nmax_spread_pct = false\nmax_gap = false\n"
              "[[cgroup]]\nname = 'a'\nworkers = 2\nwork = { type = 'Bursty', burst = '300us', sleep = '500us' }\n"
              "[[cgroup]]\nname = 'b'\nworkers = 2\nwork = { type = 'Bursty', burst = '100us', sleep = '700us' }\n")
            .string(),
        "--topology", topology};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  // A QEMU whose threads are held up at random.
  std::string delayed_qemu() const {
    const fs::path script =
        write("qemu", "#!/bin/sh\nLD_PRELOAD=" KTSTR_THREAD_DELAYS " exec qemu-system-x86_64 \"$@\"\n");
    ::chmod(script.c_str(), 0755);
    return "KTSTR_QEMU=" + script.string();
  }
};

TEST_F(IdleClock, IsTheSameHoweverLateQemusThreadsRun) {
  std::uint64_t refused = 0;
  // On a loaded host a delay may miss what it is for: then there are more rounds.
  for (int round = 0; round < 5 && refused == 0; ++round) {
    for (const char* topology : {"1n1l1c1t", "1n1l4c1t"}) {
      const GuestRun quiet = run(arguments(topology));
      ASSERT_EQ(quiet.status, 0) << quiet.out << quiet.err;
      const GuestRun delayed = run(arguments(topology, {"--repeat", "2"}), {delayed_qemu()});
      ASSERT_EQ(delayed.status, 0) << delayed.out << delayed.err;
      for (const auto& record : delayed.json["runs"]) {
        EXPECT_EQ(record["digest"], quiet.json["digest"]) << topology;
        EXPECT_EQ(record["idle_guarded"], true);
        EXPECT_GT(record["idle_jumps"].get<std::uint64_t>(), 20u);
        refused += record["idle_refused"].get<std::uint64_t>();
      }
    }
  }
  EXPECT_GT(refused, 0u) << "the delays were not where they matter";
}

TEST_F(IdleClock, IsNotWithoutThePlugin) {
  // A boot with threads that are held up takes minutes: the image is there before.
  const GuestRun quiet = run(arguments("1n1l1c1t"), {"KTSTR_TURNS=quantum"});
  ASSERT_EQ(quiet.status, 0) << quiet.out << quiet.err;
  const GuestRun delayed = run(arguments("1n1l1c1t", {"--repeat", "4"}), {delayed_qemu(), "KTSTR_TURNS=quantum"});
  ASSERT_EQ(delayed.json["runs"].size(), 4u) << delayed.out << delayed.err;
  EXPECT_EQ(delayed.json["runs"][0]["idle_guarded"], false);
  EXPECT_EQ(delayed.json["digests_equal"], false) << "QEMU no longer needs the guard, or the delays are too short";
}

}  // namespace
}  // namespace ktstr
