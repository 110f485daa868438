// SPDX-License-Identifier: Apache-2.0
#include "guests.h"

namespace ktstr {
namespace {

class Repeat : public GuestTest {
 protected:
  // Keeps a host CPU busy until it goes out of scope.
  static Subprocess hog() { return *Subprocess::start({.argv = {"sh", "-c", "while :; do :; done"}}); }
  std::vector<std::string> four_cpus(std::vector<std::string> more) const {
    std::vector<std::string> arguments{example("two_cgroups.toml"), "--topology", "1n2l2c1t"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

TEST_F(Repeat, GivesOneDigestOnAQuietAndOnAnOverloadedHostAndAnotherForAnotherSeed) {
  const GuestRun quiet = run(four_cpus({"--scheduler", fixture(), "--repeat", "2"}));
  ASSERT_EQ(quiet.status, 0) << quiet.out << quiet.err;
  EXPECT_EQ(quiet.json["digests_equal"], true);
  const std::string digest = quiet.json["runs"][0]["digest"];
  {
    const Subprocess one = hog(), two = hog();
    const GuestRun loaded = run(four_cpus({"--scheduler", fixture()}));
    ASSERT_EQ(loaded.status, 0) << loaded.out << loaded.err;
    EXPECT_EQ(loaded.json["digest"], digest);
  }
  const GuestRun other = run(four_cpus({"--scheduler", fixture(), "--seed", "2"}));
  ASSERT_EQ(other.status, 0) << other.out << other.err;
  EXPECT_NE(other.json["digest"], digest);
}

TEST_F(Repeat, HoldsForEachSeedWithEverythingVaried) {
  const fs::path file = write("varied.toml",
                              "topology = '1n1l2c1t'\nduration = '200ms'\n"
                              "[[step]]\nhold = 0.5\n"
                              "[[step.cgroup]]\nname = 'a'\ncpuset = 'random:1'\nworkers = 2\n"
                              "[[step]]\n[[step.cgroup]]\nname = 'b'\nworkers = 2\n"
                              "work = { type = 'Bursty', burst = '1ms', sleep = '1ms' }\n");
  std::vector<std::string> digests;
  for (const std::string seed : {"1", "2"}) {
    const GuestRun ran = run({file.string(), "--scheduler", fixture(), "--seed", seed, "--repeat", "2"});
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
    EXPECT_EQ(ran.json["digests_equal"], true) << ran.out;
    digests.push_back(ran.json["runs"][0]["digest"]);
  }
  EXPECT_NE(digests[0], digests[1]);
}

TEST_F(Repeat, HoldsForAFailingRunToo) {
  const GuestRun ran = run(four_cpus({"--scheduler", fixture("--crash-after 300"), "--repeat", "2"}));
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_EQ(ran.json["digests_equal"], true) << ran.out;
}

TEST_F(Repeat, HoldsForTheKernelsOwnScheduler) {
  const GuestRun ran = run(four_cpus({"--repeat", "2"}));
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.json["digests_equal"], true) << ran.out;
}

// All that ends a wait there is guest time: a disk's timer, a softirq, a child's end.
TEST_F(Repeat, HoldsForADiskAndFramesAndTasksThatAreMoved) {
  need_kernel("7");
  std::string text = "topology = '1n1l2c1t'\nduration = '150ms'\n";
  for (const std::string type :
       {"IoSyncWrite", "IoRandRead", "IoConvoy", "NetTraffic", "IrqWake", "CrossAffinityChurn", "CgroupAttachStorm"})
    text += "[[cgroup]]\nname = '" + type + "'\nwork = '" + type + "'\n";
  text += "[[cgroup]]\nname = 'churn'\nworkers = 2\nwork = { type = 'CgroupChurn', cycle = '2ms' }\n";
  const fs::path file = write("waits.toml", text);
  const GuestRun quiet = run({file.string(), "--kernel", "7", "--scheduler", fixture()});
  ASSERT_EQ(quiet.status, 0) << quiet.out << quiet.err;
  const Subprocess one = hog(), two = hog();
  const GuestRun loaded = run({file.string(), "--kernel", "7", "--scheduler", fixture(), "--no-recorder"});
  EXPECT_EQ(loaded.json["digest"], quiet.json["digest"]) << loaded.err;
}

}  // namespace
}  // namespace ktstr
