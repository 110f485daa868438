// SPDX-License-Identifier: Apache-2.0
#include "payload/payload_program.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PayloadProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-program");
    ASSERT_TRUE(dir);
    dir_.emplace(*std::move(dir));
    for (const char* name : {"a", "b"}) fs::create_directory(dir_->path() / name);
    search_path_ = {(dir_->path() / "a").string(), (dir_->path() / "b").string()};
  }
  void put(const std::string& name, unsigned mode) {
    ASSERT_TRUE(write_atomically(dir_->path() / name, as_byte_span("#!/bin/sh\n"), mode));
  }
  std::optional<TempDir> dir_;
  std::vector<std::string> search_path_;
};

TEST_F(PayloadProgram, IsTheFirstThatCanBeExecutedAlongTheSearchPath) {
  put("a/tool", 0644);
  put("b/tool", 0755);
  EXPECT_EQ(*find_payload_program(Payload::program("t", "tool"), search_path_), dir_->path() / "b/tool");
  put("a/tool", 0755);
  EXPECT_EQ(*find_payload_program(Payload::program("t", "tool"), search_path_), dir_->path() / "a/tool");
}

TEST_F(PayloadProgram, IsFoundByItsLastComponentWhenItsPathWasRelative) {
  put("b/tool", 0755);
  EXPECT_EQ(*find_payload_program(Payload::program("t", "./bench/tool"), search_path_), dir_->path() / "b/tool");
}

TEST_F(PayloadProgram, IsTakenAsItIsWithAnAbsolutePath) {
  EXPECT_EQ(*find_payload_program(Payload::program("t", "/bin/sh"), {}), "/bin/sh");
  const auto missing = find_payload_program(Payload::program("t", "/nonexistent/tool"), search_path_);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message(), HasSubstr("is not there: /nonexistent/tool"));
  EXPECT_THAT(find_payload_program(Payload::program("t", "/etc/passwd"), {}).error().message(),
              HasSubstr("cannot be executed"));
}

TEST_F(PayloadProgram, NamesThePlacesAndTheWayOutWhenItIsNowhere) {
  const auto missing = find_payload_program(Payload::program("t", "tool"), search_path_);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message(), HasSubstr(search_path_[0] + ", " + search_path_[1]));
  EXPECT_THAT(missing.error().hint(), HasSubstr("[[payload]]"));
}

TEST(PayloadEnvironment, HasTheSearchPathInFrontAndTheMarkOnce) {
  ASSERT_EQ(::setenv("KTSTR_MARK_TEST", "old", 1), 0);
  const auto variables = payload_environment({"/opt/a", "/opt/b"}, "KTSTR_MARK_TEST=new");
  ASSERT_EQ(::unsetenv("KTSTR_MARK_TEST"), 0);
  EXPECT_THAT(variables, Contains(StartsWith("PATH=/opt/a:/opt/b")).Times(1));
  EXPECT_THAT(variables, Contains("KTSTR_MARK_TEST=new"));
  EXPECT_THAT(variables, Not(Contains("KTSTR_MARK_TEST=old")));
}

}  // namespace
}  // namespace ktstr
