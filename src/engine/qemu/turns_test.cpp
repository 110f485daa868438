// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/turns.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>

#include "control_page.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(Turn, HasALengthByTheNumberOfCpus) {
  EXPECT_EQ(default_turn(*Topology::parse("1n1l1c1t")), 0u);
  EXPECT_EQ(default_turn(*Topology::parse("1n1l2c1t")), 1000u);
  EXPECT_EQ(default_turn(*Topology::parse("1n2l2c1t")), 3125u);
  EXPECT_EQ(default_turn(*Topology::parse("2n8l4c2t")), 1000u);
}

TEST(Shift, FollowsTheNumberOfCpus) {
  EXPECT_EQ(default_shift(*Topology::parse("1n1l1c1t")), 3);
  EXPECT_EQ(default_shift(*Topology::parse("1n2l2c1t")), 3);
  EXPECT_EQ(default_shift(*Topology::parse("1n2l4c1t")), 2);
  EXPECT_EQ(default_shift(*Topology::parse("2n8l4c2t")), 0);
}

TEST(Shift, IsTheLargestThatGivesEachCpuItsInstructions) {
  const Topology four = *Topology::parse("1n2l2c1t");
  EXPECT_EQ(mips_of(3, 4), 31.25);
  EXPECT_EQ(*shift_for_mips(four, 31.25), 3);
  EXPECT_EQ(*shift_for_mips(four, 31.3), 2);
  EXPECT_EQ(*shift_for_mips(four, 250), 0);
  const auto too_fast = shift_for_mips(four, 251);
  ASSERT_FALSE(too_fast);
  EXPECT_THAT(too_fast.error().message(), HasSubstr("at most 250.0"));
}

TEST(Turn, IsMovedByTheSeedByAFifth) {
  std::uint32_t least = UINT32_MAX, most = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    least = std::min(least, varied_turn(1000, seed));
    most = std::max(most, varied_turn(1000, seed));
  }
  EXPECT_GE(least, 800u);
  EXPECT_LT(least, 810u);
  EXPECT_LE(most, 1200u);
  EXPECT_GT(most, 1190u);
}

class ControlFileTest : public testing::Test {
 protected:
  const control::Page& page() {
    mapping_ = *Mapping::map(*open_file(file_, O_RDWR), 0, control::kPageBytes, true);
    return *reinterpret_cast<const control::Page*>(mapping_.data());
  }
  TempDir directory_ = *TempDir::create(fs::temp_directory_path(), "ktstr-control");
  fs::path file_ = directory_.path() / "control";
  Mapping mapping_;
};

TEST_F(ControlFileTest, LeavesTurnsAloneUntilItOrdersThem) {
  const auto control = ControlFile::create(file_, *Topology::parse("1n1l3c1t"), {0xffffffff81000000, 0x2000});
  ASSERT_TRUE(control) << control.error().message();
  EXPECT_EQ(page().code_start, 0xffffffff81000000);
  EXPECT_EQ(page().code_bytes, 0x2000u);
  EXPECT_FALSE(control->code_marked());
  EXPECT_EQ(page().magic, control::kMagic);
  EXPECT_EQ(page().vcpus, 3u);
  EXPECT_EQ(page().orders, 0u);
  EXPECT_THAT(control->counts().instructions, SizeIs(3));
}

TEST_F(ControlFileTest, PassesItsOrdersOn) {
  auto control = *ControlFile::create(file_, *Topology::parse("1n1l3c1t"));
  control.order({.turn = 1234, .phase_seed = 5, .speed = {100, 40}});
  EXPECT_EQ(page().orders, 1u);
  EXPECT_EQ(page().turn, 1234u);
  EXPECT_EQ(page().phase_seed, 5u);
  EXPECT_EQ(page().speed[1], 40u);
  EXPECT_EQ(page().speed[2], 100u) << "that nothing was said of";
}

TEST_F(ControlFileTest, PassesAPolicyOn) {
  const Topology topology = *Topology::parse("1n1l2c1t");
  auto control = *ControlFile::create(file_, topology);
  TurnSettings settings{.turn = 1000, .phase_seed = 5, .speed = {}};
  control.order(settings);
  EXPECT_EQ(page().policy, static_cast<std::uint32_t>(control::PolicyKind::kEven));
  follow_policy(settings, TurnPolicy::kPct, 5, topology, 3, 80ms);
  control.order(settings);
  EXPECT_EQ(page().policy, static_cast<std::uint32_t>(control::PolicyKind::kPct));
  EXPECT_NE(page().policy_seed, 5u);
  EXPECT_EQ(page().most_away, 100'000u) << "0.8 ms";
  EXPECT_EQ(page().policy_ns, 60'000'000u);
}

TEST(FollowPolicy, KeepsVcpusAwayForSomeRoundsWhereThoseTakeLong) {
  TurnSettings settings{.turn = 1000, .phase_seed = 5, .speed = {}};
  follow_policy(settings, TurnPolicy::kVictim, 5, *Topology::parse("2n14l9c2t"), 0, 1s);
  EXPECT_GE(settings.most_away, 800'000u);
  settings.turn = 10'000'000;
  follow_policy(settings, TurnPolicy::kVictim, 5, *Topology::parse("1n1l2c1t"), 3, 1s);
  EXPECT_EQ(settings.most_away, 40'000'000u);
}

TEST_F(ControlFileTest, HasRoomForSoManyAndNoMore) {
  EXPECT_TRUE(ControlFile::create(file_, *Topology::parse("1n1l512c1t")));
  const auto wide = ControlFile::create(file_, Topology{1, 1, 513, 1});
  ASSERT_FALSE(wide);
  EXPECT_THAT(wide.error().message(), HasSubstr("513 vCPUs; a control page has room for 512"));
}

// Scripts in QEMU's place.
class CheckTurnsPlugin : public testing::Test {
 protected:
  fs::path qemu_that(const std::string& says) {
    const fs::path path = directory_.path() / "qemu";
    EXPECT_TRUE(write_text(path, "#!/bin/sh\n" + says + "\n"));
    ::chmod(path.c_str(), 0755);
    return path;
  }
  Result<PluginSkills> check(const fs::path& qemu) {
    EXPECT_TRUE(write_text(directory_.path() / "ktstr-turns.so", "x"));
    return check_turns_plugin(qemu, directory_.path() / "ktstr-turns.so", directory_.path() / "answers");
  }
  TempDir directory_ = *TempDir::create(fs::temp_directory_path(), "ktstr-turns");
};

TEST_F(CheckTurnsPlugin, TakesOneThatCanEndTurns) {
  const auto skills = check(qemu_that(
      "echo ktstr-turns x86_64 api 2-4 ends turns with cpu_exit, guards idle clocks, takes probes, has policies"));
  ASSERT_TRUE(skills);
  EXPECT_EQ(skills->why_unguarded, "");
  EXPECT_EQ(skills->why_even, "");
}

TEST_F(CheckTurnsPlugin, SaysWhyIdleClocksAreNotGuarded) {
  const auto skills =
      check(qemu_that("echo 'ktstr-turns x86_64 api 2-4 ends turns with cpu_exit, cannot guard idle clocks: no "
                      "rr_kick_vcpu_thread, cannot take probes: no icount_update, has no policies: no icount_get'"));
  ASSERT_TRUE(skills);
  EXPECT_EQ(skills->why_unguarded, "cannot guard idle clocks: no rr_kick_vcpu_thread");
  EXPECT_EQ(skills->why_no_probes, "cannot take probes: no icount_update");
  EXPECT_EQ(skills->why_even, "has no policies: no icount_get");
}

TEST_F(CheckTurnsPlugin, SaysWhatIsMissing) {
  const auto lacks = check(
      qemu_that("echo ktstr-turns x86_64 api 2-4 lacks current_cpu, guards idle clocks, takes probes, has policies"));
  ASSERT_FALSE(lacks);
  EXPECT_THAT(lacks.error().message(), HasSubstr("QEMU cannot end turns: x86_64 api 2-4 lacks current_cpu"));
  const auto refuses = check(qemu_that("echo 'Could not load plugin: it requires API version 9' >&2; exit 1"));
  ASSERT_FALSE(refuses);
  EXPECT_THAT(refuses.error().message(), HasSubstr("does not take the plugin: Could not load plugin: it requires API"));
  EXPECT_FALSE(check(qemu_that("exit 1")));
}

TEST_F(CheckTurnsPlugin, NeedsThePlugin) {
  const auto none = check_turns_plugin(qemu_that(""), directory_.path() / "none.so", directory_.path() / "answers");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ktstr
