// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/scenario_size.h"

#include <gmock/gmock.h>

#include "scenario/testing/fake_world.h"
#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

constexpr Bytes kMiB = Bytes{1} << 20;

TEST(ScenarioSize, IsTheLargestStepsWithTheBackdrops) {
  FakeWorld world;
  const Ctx ctx = world.ctx();
  ScenarioPlan plan;
  plan.backdrop.cgroups = {{.name = "base", .work = {{.workers = 3}}}};
  plan.backdrop_payloads = {Payload::program("p", "p")};
  plan.steps = {
      {.cgroups = {{.name = "a", .work = {{.workers = 5}, {.workers = 6}}}, {.name = "b"}}},
      {.ops = {Op::add_cgroup_def(CgroupDef::named("c").workers(9)), Op::spawn_workers("base", {.workers = 4}),
               Op::add_cgroup("d"), Op::run_payload(Payload::program("q", "q"))}}};
  const ScenarioSize size = size_of(ctx, plan);
  EXPECT_EQ(size.tasks, 3 + 1 + 14);
  EXPECT_EQ(size.processes, 3 + 1 + 14);
  EXPECT_EQ(size.cgroups, 1 + 2);
  plan.steps[1].ops.push_back(Op::remove_cgroup("c"));
  EXPECT_EQ(size_of(ctx, plan).tasks, 3 + 1 + 11) << "what is there at one time is not known then";
}

TEST(ScenarioSize, IsRefusedWhereTheKernelCannotHaveSoManyTasks) {
  EXPECT_TRUE(check_size({.tasks = 2048, .cgroups = 100}, 256 * kMiB, 2));
  const Status refused = check_size({.tasks = 2049}, 256 * kMiB, 2);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("2049 workers and payloads at a time: a guest with 256 MiB can hold "
                                                   "2048, one task per 128 KiB"));
  EXPECT_THAT(refused.error().hint(), HasSubstr("more than 257M of memory"));
  EXPECT_THAT(check_size({.tasks = 100 * 4096}, 1024 * 1024 * kMiB, 2).error().message(), HasSubstr("kernel.pid_max"));
  EXPECT_TRUE(check_size({.tasks = 40'000}, 1024 * 1024 * kMiB, 64));
}

TEST(ScenarioSize, IsRefusedWithMoreCgroupsThanThereIsTimeFor) {
  EXPECT_TRUE(check_size({.cgroups = 2048}, 256 * kMiB, 2));
  EXPECT_THAT(check_size({.cgroups = 2049}, 256 * kMiB, 2).error().message(),
              HasSubstr("2049 cgroups at a time; at most 2048"));
}

TEST(ScenarioSize, IsRefusedWithMoreProcessesThanThereIsMemoryOrTimeFor) {
  EXPECT_TRUE(check_size({.tasks = 640, .processes = 640}, 256 * kMiB, 2));
  EXPECT_TRUE(check_size({.tasks = 1, .processes = 1}, 64 * kMiB, 2)) << "a small guest is nobody's mistake";
  const Status refused = check_size({.tasks = 641, .processes = 641}, 256 * kMiB, 2);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("641 processes at a time: a guest with 256 MiB has no room"));
  EXPECT_THAT(refused.error().hint(), HasSubstr("257M"));
  EXPECT_THAT(check_size({.tasks = 1001, .processes = 1001}, 4096 * kMiB, 2).error().hint(), HasSubstr("pcomm"));
}

TEST(ScenarioSize, IsAskedOfAFileWithTheGuestsMemory) {
  const auto file = parse_scenario("[[cgroup]]\nname = 'a'\nworkers = 4096\npcomm = 'p'\n", "t.toml");
  ASSERT_TRUE(file);
  const RunSettings settings{.topology = {1, 1, 2, 1}};
  EXPECT_TRUE(check_against(*file, settings, 512 * kMiB));
  const Status refused = check_against(*file, settings, 256 * kMiB);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message(), HasSubstr("4096 workers and payloads at a time"));
}

}  // namespace
}  // namespace ktstr
