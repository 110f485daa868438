// SPDX-License-Identifier: Apache-2.0
#include "ktstr/payload.h"

#include <gmock/gmock.h>

#include <limits>
#include <stdexcept>

namespace ktstr {
namespace {

using ::testing::HasSubstr;

Payload fio() { return Payload::program("fio", "fio").output(Payload::Output::kJson).metric({.name = "iops"}); }

TEST(PayloadModel, RefusesNamesThatCannotWorkWhereTheyAreWritten) {
  EXPECT_THROW(Payload::program("", "fio"), std::invalid_argument);
  EXPECT_THROW(Payload::program("fio", ""), std::invalid_argument);
  EXPECT_THROW(Payload::program("f\nio", "fio"), std::invalid_argument);
  EXPECT_THROW(Payload::program("fio", "f\x7fio"), std::invalid_argument);
  EXPECT_THROW(Payload::scheduler("", "scx"), std::invalid_argument);
  EXPECT_NO_THROW(Payload::program("größe 1", "./fio"));
}

TEST(PayloadModel, RefusesAMetricWithoutANameOrWithAnothersName) {
  Payload payload = fio();
  EXPECT_THROW(payload.metric({.name = ""}), std::invalid_argument);
  EXPECT_THROW(payload.metric({.name = "iops", .path = "other"}), std::invalid_argument);
  EXPECT_THROW(payload.file_limit(0), std::invalid_argument);
}

TEST(PayloadModel, IsValidWithChecksOnItsMetricsAndItsExit) {
  const auto valid = fio().check(PayloadCheck::min("iops", 1)).check(PayloadCheck::exit_code(3)).validate();
  EXPECT_TRUE(valid) << valid.error().render();
}

TEST(PayloadModel, RefusesACheckOnAMetricThatIsNotDeclaredAndNamesThoseThatAre) {
  const Status invalid = fio().check(PayloadCheck::exists("ipos")).validate();
  ASSERT_FALSE(invalid);
  EXPECT_EQ(invalid.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(invalid.error().message(), HasSubstr("payload 'fio': the check \"ipos exists\" is on the metric 'ipos'"));
  EXPECT_THAT(invalid.error().message(), HasSubstr("declared: iops"));
}

TEST(PayloadModel, RefusesLimitsThatNothingCanMeet) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const PayloadCheck& check : {PayloadCheck::range("iops", 2, 1), PayloadCheck::min("iops", nan),
                                    PayloadCheck::exit_code(256), PayloadCheck::exit_code(-1)})
    EXPECT_FALSE(fio().check(check).validate()) << check.describe();
  EXPECT_TRUE(fio().check(PayloadCheck::range("iops", 1, 1)).validate());
}

TEST(PayloadModel, RefusesMetricsOfAnOutputThatIsNotRead) {
  const Status invalid = Payload::program("p", "p").metric({.name = "x"}).validate();
  ASSERT_FALSE(invalid);
  EXPECT_THAT(invalid.error().hint(), HasSubstr("kJson"));
}

TEST(PayloadModel, RefusesKnownFlagsThatAreNoLongFlags) {
  for (const char* flag : {"runtime", "-t", "--", "--runtime=5"})
    EXPECT_FALSE(fio().known_flags({flag}).validate()) << flag;
  EXPECT_TRUE(fio().known_flags({"--runtime"}).validate());
}

TEST(PayloadModel, LooksAtLongFlagsOfAnOpOnly) {
  const Payload payload = fio().known_flags({"--runtime", "--rw"});
  EXPECT_TRUE(payload.check_args({"--runtime=5", "--rw", "write", "-x", "--", "-", "job.fio"}));
  const Status refused = payload.check_args({"--rw=write", "--runtme=5"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message(), HasSubstr("--runtme (argument '--runtme=5'); it knows: --runtime, --rw"));
}

TEST(PayloadModel, TakesEveryFlagWhenItDeclaresNoneAndNoFlagWhenTheListIsEmpty) {
  EXPECT_TRUE(fio().check_args({"--whatever"}));
  EXPECT_FALSE(fio().known_flags({}).check_args({"--whatever"}));
}

TEST(PayloadModel, RefusesANulInAnArgument) {
  const std::string nul("a\0b", 3);
  EXPECT_FALSE(fio().check_args({nul}));
  EXPECT_FALSE(fio().args({nul}).validate());
}

TEST(PayloadModel, RefusesArgumentsThatExecveDoesNotTake) {
  const auto with = [](std::size_t bytes, std::size_t count) {
    return Payload::program("p", "p").args(std::vector<std::string>(count, std::string(bytes, 'x')));
  };
  EXPECT_TRUE(with(131071, 1).validate());
  const Status longer = with(131072, 1).validate();
  ASSERT_FALSE(longer);
  EXPECT_THAT(longer.error().message(), HasSubstr("has 131072 bytes; at most 131071"));
  EXPECT_TRUE(with(131071, 13).validate());
  EXPECT_FALSE(with(131071, 14).validate());
  EXPECT_FALSE(with(131071, 13).check_args({std::string(131071, 'y')})) << "those of the op are added";
}

}  // namespace
}  // namespace ktstr
