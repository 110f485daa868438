// SPDX-License-Identifier: Apache-2.0
#include "workload/types/work_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(MakeWorkType, MakesEachTypeByItsNameWithItsDefaults) {
  EXPECT_THAT(work_type_names(), ElementsAre("SpinWait", "YieldHeavy", "Mixed", "Bursty", "PipeIo", "FutexPingPong"));
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

TEST(MakeWorkType, ListsTheNamesThereAre) {
  const auto type = make_work_type("spinwait", {});
  EXPECT_EQ(type.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(type.error().message(),
            "there is no work type 'spinwait'; there are SpinWait, YieldHeavy, Mixed, Bursty, PipeIo, "
            "FutexPingPong");
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
}

TEST(CheckGroupSize, KnowsWhichWorkersComeInPairs) {
  EXPECT_EQ(check_group_size(PipeIo{}, 3).error().message(), "PipeIo needs workers in pairs, not 3");
  EXPECT_FALSE(check_group_size(FutexPingPong{}, 1));
  for (const std::string_view name : work_type_names()) EXPECT_TRUE(check_group_size(*make_work_type(name, {}), 2));
  for (const WorkType& type : {WorkType(SpinWait{}), WorkType(Bursty{})}) EXPECT_TRUE(check_group_size(type, 1));
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
