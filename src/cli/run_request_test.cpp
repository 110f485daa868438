// SPDX-License-Identifier: Apache-2.0
#include "cli/run_request.h"

#include <gmock/gmock.h>

#include "base/file.h"

namespace ktstr::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

RunOptions given(const std::vector<std::pair<const char*, const char*>>& flags) {
  RunOptions options;
  for (const auto& [flag, text] : flags) EXPECT_TRUE(options.give(setting_of(flag), text)) << flag;
  return options;
}

class RequestForFile : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "run_request_test");
    ASSERT_TRUE(dir.has_value()) << dir.error().render();
    dir_.emplace(*std::move(dir));
  }
  fs::path write(std::string_view text) {
    const fs::path file = dir_->path() / "two.toml";
    EXPECT_TRUE(write_text(file, text).has_value());
    return file;
  }
  std::optional<TempDir> dir_;
};

constexpr std::string_view kScenario = R"(
topology = "1n2l2c1t"
scheduler = "scx_simple -v"
duration = "2s"
seed = 7
memory = "512M"
[checks]
max_gap = "300ms"
[[cgroup]]
name = "cg_0"
workers = 2
cpuset = "llc:1"
)";

TEST_F(RequestForFile, TakesWhatTheFileSays) {
  const auto request = request_for_file(write(kScenario), {});
  ASSERT_TRUE(request.has_value()) << request.error().render();
  EXPECT_EQ(request->settings.test, "two");
  EXPECT_EQ(request->scenario_text, kScenario);
  EXPECT_TRUE(request->test_binary.empty());
  EXPECT_EQ(request->settings.topology.to_string(), "1n2l2c1t");
  EXPECT_EQ(request->scheduler, "scx_simple -v");
  EXPECT_EQ(request->settings.duration, 2s);
  EXPECT_EQ(request->settings.seed, 7U);
  EXPECT_EQ(request->settings.memory, Bytes{512} << 20);
  EXPECT_EQ(request->settings.checks.max_gap, 300ms);
  EXPECT_EQ(request->mode, "det");
}

TEST_F(RequestForFile, FlagsWinOverTheFile) {
  RunOptions options = given({{"--scheduler", ""},
                              {"--topology", "1n4l1c1t"},
                              {"--kernel", "7.3"},
                              {"--mode", "tcg"},
                              {"--seed", "0"},
                              {"--duration", "1s"},
                              {"--memory", "1G"},
                              {"--shift", "2"},
                              {"--quantum", "60us"},
                              {"--work-type", "Bursty"}});
  options.args = {"a"};
  const auto request = request_for_file(write(kScenario), options);
  ASSERT_TRUE(request.has_value()) << request.error().render();
  EXPECT_EQ(request->scheduler, "");
  EXPECT_EQ(request->settings.topology.to_string(), "1n4l1c1t");
  EXPECT_EQ(request->kernel, "7.3");
  EXPECT_EQ(request->mode, "tcg");
  EXPECT_EQ(request->settings.seed, 0U);
  EXPECT_EQ(request->settings.duration, 1s);
  EXPECT_EQ(request->settings.memory, Bytes{1} << 30);
  EXPECT_EQ(request->settings.icount_shift, 2);
  EXPECT_EQ(request->settings.quantum, 60us);
  EXPECT_EQ(request->settings.work_type, describe(Bursty{}));
  EXPECT_THAT(request->settings.args, ElementsAre("a"));
}

TEST_F(RequestForFile, ChecksTheFileAgainstATopologyOfTheCommandLine) {
  const RunOptions options = given({{"--topology", "1n1l1c1t"}});
  const auto request = request_for_file(write(kScenario), options);
  ASSERT_FALSE(request.has_value());
  EXPECT_EQ(request.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(request.error().message(), HasSubstr("llc"));
}

TEST_F(RequestForFile, ChecksTheFileAgainstADurationOfTheCommandLine) {
  const auto with = [&](std::string_view holds, const char* duration) {
    const auto request = request_for_file(write(holds), given({{"--duration", duration}}));
    return request ? "none" : request.error().message();
  };
  constexpr std::string_view kFixed = "[[step]]\nhold = '300ms'\n[[step]]\nhold = '300ms'\n";
  EXPECT_EQ(with(kFixed, "301ms"), "none");
  EXPECT_EQ(with(kFixed, "300ms"), (dir_->path() / "two.toml").string() +
                                       ":4:8: no time is left for this step: the holds before it take all of the "
                                       "scenario's 300ms; make them shorter, or the duration longer");
  constexpr std::string_view kFractions = "[[step]]\nhold = 0.5\n[[step]]\nhold = 0.5\n";
  EXPECT_EQ(with(kFractions, "1ms"), "none");
}

TEST_F(RequestForFile, AMissingFileIsNotFoundByItsPath) {
  const auto request = request_for_file(dir_->path() / "none.toml", {});
  ASSERT_FALSE(request.has_value());
  EXPECT_EQ(request.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(request.error().message(), HasSubstr("none.toml"));
}

Result<AssertResult> nothing(Ctx&) { return AssertResult::pass(); }

TEST(RequestForTest, TakesTheAttributes) {
  const TestEntry test{.name = "t",
                       .attributes = {.topology = "1n2l1c1t",
                                      .scheduler = "scx_ktstr",
                                      .duration = 3s,
                                      .memory = Bytes{1} << 29,
                                      .checks = {.max_gap = 100ms},
                                      .kernel = "6.12",
                                      .include_files = {"/etc/hosts"},
                                      .expect_failure = "stuck"},
                       .body = nothing,
                       .file = "t.cpp",
                       .line = 3};
  const auto request = request_for_test(test, "/opt/tests", {});
  ASSERT_TRUE(request.has_value()) << request.error().render();
  EXPECT_EQ(request->settings.test, "t");
  EXPECT_EQ(request->test_binary, "/opt/tests");
  EXPECT_TRUE(request->scenario_text.empty());
  EXPECT_EQ(request->settings.topology.to_string(), "1n2l1c1t");
  EXPECT_EQ(request->scheduler, "scx_ktstr");
  EXPECT_EQ(request->settings.duration, 3s);
  EXPECT_EQ(request->settings.memory, Bytes{1} << 29);
  EXPECT_EQ(request->settings.checks.max_gap, 100ms);
  EXPECT_EQ(request->kernel, "6.12");
  EXPECT_THAT(request->include_files, ElementsAre("/etc/hosts"));
  EXPECT_EQ(request->expect_failure.kind, "stuck");
}

TEST(RequestForTest, NamesTheTestsPlaceWhenAnAttributeCannotWork) {
  TestEntry test{.name = "t", .attributes = {.topology = "1n3l0c1t"}, .body = nothing, .file = "t.cpp", .line = 3};
  auto request = request_for_test(test, "/opt/tests", {});
  ASSERT_FALSE(request.has_value());
  EXPECT_THAT(request.error().message(), HasSubstr("t.cpp:3: test t"));
  test.attributes = {.expect_failure = "stucked"};
  request = request_for_test(test, "/opt/tests", {});
  ASSERT_FALSE(request.has_value());
  EXPECT_THAT(request.error().message(), HasSubstr("'stucked'"));
}

TEST(Resolve, AMissingSchedulerIsNotFound) {
  RunRequest request;
  request.scheduler = "/nowhere/scx_missing -v";
  const Status resolved = resolve(request, {}, "/nowhere");
  ASSERT_FALSE(resolved.has_value());
  EXPECT_EQ(resolved.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(resolved.error().message(), HasSubstr("/nowhere/scx_missing"));
}

}  // namespace
}  // namespace ktstr::cli
