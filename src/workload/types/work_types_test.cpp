// SPDX-License-Identifier: Apache-2.0
#include "workload/types/work_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ktstr/custom_work.h"
#include "workload/types/families.h"

namespace ktstr {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;
using namespace std::chrono_literals;

TEST(MakeWorkType, MakesEachTypeByItsNameWithItsDefaults) {
  EXPECT_THAT(work_type_names(), IsSupersetOf({"SpinWait", "Bursty", "PipeIo", "ThunderingHerd", "ForkExit"}));
  for (const std::string_view name : work_type_names()) {
    const auto type = make_work_type(name, {});
    ASSERT_TRUE(type) << type.error().render();
    EXPECT_EQ(name_of(*type), name);
  }
  EXPECT_EQ(*make_work_type("Bursty", {}), WorkType(Bursty{}));
}

TEST(MakeWorkType, ReadsParameters) {
  EXPECT_EQ(*make_work_type("Bursty", {{"sleep", "1.5ms"}, {"burst", "200us"}}),
            WorkType(Bursty{.burst = 200us, .sleep = 1500us}));
  EXPECT_EQ(*make_work_type("Mixed", {{"spins", "7"}}), WorkType(Mixed{.spins = 7}));
}

TEST(WorkTypes, AreReadBackFromTheirDescription) {
  for (const WorkType& type :
       {WorkType(SpinWait{}), WorkType(Mixed{.spins = 7}), WorkType(Bursty{.burst = 1500us, .sleep = 3ms})}) {
    const auto read = work_type_from(describe(type));
    ASSERT_TRUE(read) << describe(type) << ": " << read.error().render();
    EXPECT_EQ(*read, type);
  }
  EXPECT_EQ(*work_type_from("Bursty"), WorkType(Bursty{}));
  EXPECT_EQ(*work_type_from("Bursty(sleep=1ms)"), WorkType(Bursty{.sleep = 1ms}));
  for (const char* text : {"", "(", ")", "Bursty(", "Bursty(sleep)", "Bursty(=)", "Bursty(,)", "Bursty(sleep=1ms",
                           "Lazy", "SpinWait(spins=1)"})
    EXPECT_FALSE(work_type_from(text)) << text;
}

TEST(MakeWorkType, SaysWhereTheNamesAre) {
  const auto type = make_work_type("spinwait", {});
  EXPECT_EQ(type.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(type.error().message(), "there is no work type 'spinwait'; 'ktstr work list' shows all there are");
}

TEST(MakeWorkType, ListsTheParametersOfTheType) {
  EXPECT_EQ(make_work_type("Bursty", {{"spins", "7"}}).error().message(),
            "Bursty has no parameter 'spins'; it takes burst, sleep");
  EXPECT_EQ(make_work_type("SpinWait", {{"spins", "7"}}).error().message(),
            "SpinWait has no parameter 'spins'; it takes none");
}

TEST(MakeWorkType, RefusesValuesThatCannotWork) {
  EXPECT_THAT(make_work_type("Bursty", {{"burst", "50"}}).error().message(),
              HasSubstr("Bursty: burst: '50' is not a duration"));
  EXPECT_THAT(make_work_type("Bursty", {{"sleep", "0s"}}).error().message(), HasSubstr("sleep is 0s, must be longer"));
  EXPECT_THAT(make_work_type("Bursty", {{"sleep", "3601s"}}).error().message(), HasSubstr("at most an hour"));
  EXPECT_THAT(make_work_type("Mixed", {{"spins", "0"}}).error().message(), HasSubstr("spins is 0, must be at least 1"));
  for (const char* value : {"", "x", "-1", "4294967296", "1.5", "7 "})
    EXPECT_FALSE(make_work_type("Mixed", {{"spins", value}})) << value;
}

TEST(CheckWorkType, JudgesStructsAsItJudgesText) {
  EXPECT_TRUE(check_work_type(Bursty{}));
  EXPECT_FALSE(check_work_type(Bursty{.burst = -1ms}));
  EXPECT_FALSE(check_work_type(Mixed{.spins = 0}));
  EXPECT_FALSE(check_work_type(NiceSweep{.from = 5, .to = 0}));
  EXPECT_TRUE(check_work_type(NiceSweep{.from = 5, .to = 5}));
}

TEST(Custom, IsForCodeAlone) {
  EXPECT_EQ(make_work_type("Custom", {}).error().message(), "Custom is for tests in C++; a file cannot name it");
  EXPECT_THAT(work_type_names(), testing::Not(testing::Contains("Custom")));
  EXPECT_EQ(check_work_type(Custom{}).error().message(), "Custom has no loop");
  Custom own{.name = "own", .loop = [](WorkLoop&) {}, .parameters = {1, 2}};
  EXPECT_TRUE(check_work_type(own));
  EXPECT_EQ(describe(own), "Custom(own; 1, 2, 0, 0)");
  own.name = std::string(Custom::kLongestName + 1, 'x');
  EXPECT_FALSE(check_work_type(own));
}

TEST(CheckGroupSize, KnowsWhichWorkersComeInPairs) {
  EXPECT_EQ(check_group_size(PipeIo{}, 3).error().message(), "PipeIo needs workers in pairs, not 3");
  EXPECT_FALSE(check_group_size(FutexPingPong{}, 1));
  EXPECT_EQ(check_group_size(ThunderingHerd{.waiters = 3}, 6).error().message(),
            "ThunderingHerd needs workers in groups of 4, not 6");
  for (const std::string_view name : work_type_names()) {
    const WorkType type = *make_work_type(name, {});
    const int least = fitting_workers(type, 1);
    EXPECT_TRUE(check_group_size(type, least)) << name;
    // Any number above the least, or whole groups.
    if (name == "CrossAffinityChurn") continue;
    EXPECT_EQ(fitting_workers(type, least + 1), least == 1 ? 2 : 2 * least) << name;
  }
  for (const WorkType& type : {WorkType(SpinWait{}), WorkType(Bursty{})}) EXPECT_TRUE(check_group_size(type, 1));
}

// Of every parameter there is: what is no value at all, and what is below its least.
TEST(MakeWorkType, RefusesWhatIsOutOfRangeOfEachParameter) {
  int parameters = 0;
  for (const auto family : kFamilies)
    for (const WorkTypeRow& row : family())
      for (const WorkParameter& parameter : row.parameters) {
        ++parameters;
        const std::string name = std::string(row.name), key = std::string(parameter.name);
        EXPECT_FALSE(make_work_type(name, {{key, "nonsense"}})) << name << " " << key;
        if (parameter.least > 0) {
          EXPECT_FALSE(make_work_type(name, {{key, "0"}})) << name << " " << key;
        }
        if (parameter.most < UINT32_MAX && key != "target_nodes") {
          EXPECT_FALSE(make_work_type(name, {{key, std::to_string(parameter.most + 1)}})) << name << " " << key;
        }
      }
  EXPECT_GT(parameters, 60);
}

TEST(MakeWorkType, ReadsPhasesNamesAndLists) {
  const auto phases =
      make_work_type("Sequence", {{"phases", "spin:1ms+sleep:2ms+yield:3ms+alu:4ms+run:5ms+timer:6ms"}});
  ASSERT_TRUE(phases) << phases.error().render();
  EXPECT_EQ(describe(*phases), "Sequence(phases=spin:1ms+sleep:2ms+yield:3ms+alu:4ms+run:5ms+timer:6ms)");
  EXPECT_EQ(*work_type_from(describe(*phases)), *phases);
  for (const char* text : {"", "spin", "spin:", "spin:0s", "walk:1ms", "spin:1ms++", "+"})
    EXPECT_FALSE(make_work_type("Sequence", {{"phases", text}})) << text;
  EXPECT_EQ(*make_work_type("WakeChain", {{"wake", "futex"}}), WorkType(WakeChain{.wake = WakeBy::kFutex}));
  EXPECT_EQ(make_work_type("WakeChain", {{"wake", "phone"}}).error().message(),
            "WakeChain: wake: there is no 'phone'; there are pipe, futex");
  EXPECT_EQ(*make_work_type("NumaWorkingSetSweep", {{"target_nodes", "0+2"}}),
            WorkType(NumaWorkingSetSweep{.target_nodes = {0, 2}}));
  EXPECT_EQ(*make_work_type("NiceSweep", {{"from", "-5"}}), WorkType(NiceSweep{.from = -5}));
}

TEST(CheckBeside, RefusesWhatATypeDecidesItself) {
  EXPECT_TRUE(check_beside({.type = RtStarvation{}}));
  EXPECT_FALSE(check_beside({.type = RtStarvation{}, .policy = SchedPolicy::batch()}));
  EXPECT_FALSE(check_beside({.type = ForkExit{}, .pcomm = "threads"}));
}

TEST(CheckGroupSize, KnowsWhoNeedsAnother) {
  EXPECT_EQ(check_group_size(CrossAffinityChurn{}, 1).error().message(),
            "CrossAffinityChurn needs at least 2 workers, not 1");
  EXPECT_TRUE(check_group_size(CrossAffinityChurn{}, 3));
}

TEST(WorkModules, AreWhatADiskNeeds) {
  EXPECT_EQ(work_modules(IoConvoy{}), (std::vector<std::string_view>{"configfs", "null_blk"}));
  EXPECT_TRUE(work_modules(NetTraffic{}).empty());
  EXPECT_EQ(work_controllers(CgroupChurn{}), std::vector<std::string_view>{"cpu"});
}

TEST(WorkRole, TellsTheParts) {
  const WorkType herd = ThunderingHerd{.waiters = 2};
  EXPECT_EQ(work_role(herd, 0), "messenger");
  EXPECT_EQ(work_role(herd, 2), "receiver");
  EXPECT_EQ(work_role(herd, 3), "messenger");
  EXPECT_EQ(work_role(Schbench{.message_threads = 2, .worker_threads = 1}, 2), "messenger");
  EXPECT_EQ(work_role(Taobench{}, 3), "slow");
  EXPECT_EQ(work_role(SpinWait{}, 0), "");
  EXPECT_EQ(work_policy(PriorityInversion{}, 0), SchedPolicy::fifo(30));
  EXPECT_EQ(work_policy(PriorityInversion{}, 2), SchedPolicy::fifo(10));
  EXPECT_EQ(work_policy(SpinWait{}, 0), std::nullopt);
}

TEST(CheckWorkType, RefusesWhatServersCannotDo) {
  EXPECT_TRUE(check_work_type(Schbench{.private_pct = 50}));
  EXPECT_EQ(check_work_type(Schbench{.cache_footprint_kib = 1, .private_pct = 99}).error().message(),
            "Schbench: 99 % of 1 KiB has no room for three matrices");
  EXPECT_TRUE(check_work_type(Taobench{.slow_path_p99 = 1ms}));
  EXPECT_EQ(check_work_type(Taobench{.slow_path_p99 = 100us}).error().message(),
            "Taobench: slow_path_p99 is 100us, must be 0 or above slow_path_sleep, which is 100us");
  EXPECT_FALSE(check_work_type(Taobench{.slow_path_sleep = 0us, .slow_path_p99 = 100us}));
}

TEST(WorkTypes, SayWhatTheyAreFor) {
  for (const std::string_view name : work_type_names()) EXPECT_NE(work_pressure(*make_work_type(name, {})), "") << name;
}

TEST(WorkTypes, SayWhatTheirAccountsCost) {
  for (const auto family : kFamilies)
    for (const WorkTypeRow& row : family()) EXPECT_NE(row.cost, "") << row.name;
}

TEST(Describe, ShowsTheParameters) {
  EXPECT_EQ(describe(SpinWait{}), "SpinWait");
  EXPECT_EQ(describe(Bursty{}), "Bursty(burst=50ms, sleep=100ms)");
  EXPECT_EQ(describe(Mixed{.spins = 64}), "Mixed(spins=64)");
  EXPECT_EQ(describe(PipeIo{}), "PipeIo(burst_iters=1024)");
  EXPECT_EQ(describe(FutexPingPong{.spin_iters = 7}), "FutexPingPong(spin_iters=7)");
}

}  // namespace
}  // namespace ktstr
