// SPDX-License-Identifier: Apache-2.0
//
// Schedulers that are declared in ktstr.toml and named by a scenario: built, found, configured, and replayed without
// their definition. The scheduler is a script that looks at what it was given and then is the fixture.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

class Declared : public GuestTest {
 protected:
  // Exits at once, and so fails the run, unless CONFIG holds TEXT, and its first argument names CONFIG.
  static std::string script(const std::string& config, const std::string& text) {
    return "#!/bin/sh\nread -r text < " + config + "\n[ \"$text\" = '" + text +
           "' ] || { echo \"read $text\"; exit 3; }\n" + "[ \"$1\" = --config=" + config +
           " ] || { echo \"given $*\"; exit 3; }\nshift\nexec " + fixture() + " \"$@\"\n";
  }
  fs::path scenario(const std::string& lines) const {
    return write("t.toml", "duration = '50ms'\n" + lines + "\n[[cgroup]]\nname = 'cg_0'\nworkers = 2\n");
  }
};

// In one run: a build, a text that a test gives, a topology, a check, words for the kernel, settings of the machine,
// and arguments of both.
TEST_F(Declared, IsBuiltConfiguredAndReplayedWithoutItsDefinition) {
  std::string checking = script("/etc/checked.conf", "of the test");
  checking.insert(checking.find("shift"),
                  "read -r swappiness < /proc/sys/vm/swappiness\n[ \"$swappiness\" = 7 ] || exit 3\n"
                  "read -r stat < /proc/sys/vm/stat_interval\n[ \"$stat\" = 9 ] || exit 4\n"
                  "[ -e /sys/fs/cgroup/sched/inner/cpuset.cpus ] || exit 5\n");
  write("script", checking);
  write("ktstr.toml",
        "[schedulers.checked]\nprogram = './checked'\nbuild = 'cp script checked; chmod +x checked'\n"
        "sources = ['script']\nargs = ['--slice-us', '3000']\ntopology = '1n1l2c1t'\nchecks = { max_gap = '700ms' }\n"
        "kernel_args = ['sysctl.vm.swappiness=7']\nsysctls = ['vm.stat_interval=9']\ncgroup_parent = '/sched/inner'\n"
        "config = { text = 'of the definition', path = '/etc/checked.conf', arg = '--config={file}' }\n");
  const std::string file =
      scenario("scheduler = 'checked --watchdog-ms 1500'\nscheduler_config = 'of the test'").string();
  const GuestRun first = run({file});
  ASSERT_EQ(first.status, 0) << first.out << first.err;
  EXPECT_EQ(first.json["schedulers"].back()["command"],
            (state_dir() / "checked").string() + " --config=/etc/checked.conf --slice-us 3000 --watchdog-ms 1500");
  EXPECT_EQ(first.json["schedulers"].back()["ops"], "ktstr");
  EXPECT_EQ(first.json["tuple"]["topology"]["cores_per_llc"], 2);
  EXPECT_THAT(first.json["checked"].dump(), HasSubstr("limit 700 ms"));
  EXPECT_THAT(first.json["repeat_command"].get<std::string>(), HasSubstr("--scheduler 'checked --watchdog-ms 1500'"));

  const GuestRun again = run({file});
  EXPECT_EQ(again.json["digest"], first.json["digest"]);
  EXPECT_EQ(again.json["tuple"], first.json["tuple"]);

  for (const char* gone : {"ktstr.toml", "script", "checked", "t.toml"}) fs::remove(state_dir() / gone);
  const GuestRun replayed = replay({"last"});
  EXPECT_EQ(replayed.status, 0) << replayed.out << replayed.err;
  EXPECT_EQ(replayed.json["same_digest"], true) << replayed.out;
}

// Without a program it is the kernel's own scheduler. What its kernel does not have is a mistake of the user's.
TEST_F(Declared, IsTheKernelsOwnWithSettings) {
  const std::string tables =
      "[schedulers.no-lag]\nwrites = ['/sys/kernel/debug/sched/features=NO_PLACE_LAG']\n"
      "[schedulers.typo]\nsysctls = ['kernel.no_such_thing=1']\n";
  const GuestRun ran = run({scenario("scheduler = 'no-lag'\n" + tables).string()});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_TRUE(ran.json["schedulers"].empty());
  EXPECT_THAT(ran.json["declared"].get<std::string>(), testing::StartsWith("no-lag, "));
  EXPECT_TRUE(ran.json["tuple"]["inputs"].contains("machine_setup"));
  const GuestRun replayed = replay({"last"});
  EXPECT_EQ(replayed.json["same_digest"], true) << replayed.out;

  const GuestRun wrong = run({scenario("scheduler = 'typo'\n" + tables).string()});
  EXPECT_EQ(wrong.status, 64) << wrong.out << wrong.err;
  EXPECT_THAT(wrong.out + wrong.err, HasSubstr("refuses '1' in /proc/sys/kernel/no_such_thing: No such file"));
}

// The program is the environment's, the configuration a fixed file; another text in it is another run.
TEST_F(Declared, IsFoundByTheEnvironmentAndHasAFixedFile) {
  const std::string program = write("anywhere", script("/ktstr/scheduler/fixed.conf", "fixed")).string();
  fs::permissions(program, fs::perms::owner_all);
  write("fixed.conf", "fixed\n");
  const std::string file = scenario(
                               "scheduler = 'my-sched'\n[schedulers.my-sched]\nprogram = './not_there'\n"
                               "config = { file = 'fixed.conf', arg = '--config={file}' }")
                               .string();
  const std::string variable = "KTSTR_SCHEDULER_MY_SCHED=" + program;
  const GuestRun first = run({file}, {variable});
  ASSERT_EQ(first.status, 0) << first.out << first.err;
  EXPECT_THAT(first.json["repeat_command"].get<std::string>(), HasSubstr(variable + " "));
  EXPECT_TRUE(first.json["tuple"]["inputs"].contains("/ktstr/scheduler/fixed.conf")) << first.out;

  write("fixed.conf", "other\n");
  const GuestRun other = run({file}, {variable});
  EXPECT_EQ(other.status, 1) << other.out << other.err;
  EXPECT_THAT(other.out, HasSubstr("read other"));
  EXPECT_NE(other.json["tuple"], first.json["tuple"]);

  const GuestRun without = run({file});
  EXPECT_EQ(without.status, 64);
  EXPECT_THAT(without.err, HasSubstr("looked for KTSTR_SCHEDULER_MY_SCHED (not set), KTSTR_SCHEDULER (not set), "
                                     "'./not_there' in " +
                                     state_dir().string()));
}

// A BPF object alone.
TEST_F(Declared, IsABpfObjectThatOurLoaderAttaches) {
  fs::copy_file(KTSTR_PLAIN_OBJECT, state_dir() / "plain.bpf.o");
  const std::string file = scenario(
                               "topology = '1n1l2c1t'\nscheduler = 'plain'\n[schedulers.plain]\n"
                               "program = 'plain.bpf.o'")
                               .string();
  const GuestRun ran = run({file});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.json["schedulers"].back()["ops"], "plain");
  EXPECT_TRUE(ran.json["tuple"]["inputs"].contains("/ktstr/scheduler/plain.bpf.o")) << ran.out;
  const GuestRun with_words = run({file, "--scheduler", "plain -v"});
  EXPECT_EQ(with_words.status, 64);
  EXPECT_THAT(with_words.err, HasSubstr("is a BPF object, which takes no arguments: '-v'"));
}

}  // namespace
}  // namespace ktstr
