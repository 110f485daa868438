// SPDX-License-Identifier: Apache-2.0
#include "cli/use_definition.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "base/file.h"
#include "cli/repeat_command.h"
#include "cli/run_request.h"

namespace ktstr::cli {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

RunOptions with_flags(const std::vector<std::pair<const char*, const char*>>& flags) {
  RunOptions options;
  for (const auto& [flag, text] : flags) EXPECT_TRUE(options.give(setting_of(flag), text)) << flag;
  return options;
}

constexpr std::string_view kMine = R"([schedulers.mine]
program = "build/scx_mine"
args = ["--slice", "3"]
topology = "1n2l2c1t"
[schedulers.mine.checks]
max_gap = "500ms"
max_moves = 7
[schedulers.mine.constraints]
min_llcs = 2
)";

class UseDefinition : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "use_definition_test");
    ASSERT_TRUE(dir.has_value()) << dir.error().render();
    dir_.emplace(*std::move(dir));
    fs::create_directories(tree() / "build");
    fs::create_directories(tree() / "tests");
    EXPECT_TRUE(write_text(tree() / "build" / "scx_mine", "#!/bin/sh\n").has_value());
    fs::permissions(tree() / "build" / "scx_mine", fs::perms::owner_all);
  }
  void TearDown() override { ::unsetenv("KTSTR_DEFINITIONS"); }
  fs::path tree() const { return dir_->path() / "tree"; }
  fs::path file() const { return tree() / "tests" / "t.toml"; }
  void declare(std::string_view text) const { EXPECT_TRUE(write_text(tree() / "ktstr.toml", text).has_value()); }
  // Of a scenario file with `lines` at its top.
  Result<RunRequest> request(std::string_view lines, const RunOptions& options = {}) const {
    const std::string text = fmt::format("{}\n[[cgroup]]\nname = \"a\"\n", lines);
    EXPECT_TRUE(write_text(file(), text).has_value());
    return request_for_file(file(), options);
  }
  std::string refusal(std::string_view lines, const RunOptions& options = {}) const {
    const auto made = request(lines, options);
    if (made) return "none";
    EXPECT_EQ(made.error().code(), ErrorCode::kInvalidArgument);
    return made.error().render();
  }
  static RunnerEnvironment nowhere(const fs::path& dir) { return {.cache_dir = dir / "cache"}; }
  std::optional<TempDir> dir_;
};

TEST_F(UseDefinition, TheFirstWordNamesIt) {
  declare(kMine);
  auto made = request("scheduler = 'mine --more \"a b\"'");
  ASSERT_TRUE(made.has_value()) << made.error().render();
  ASSERT_TRUE(made->definition.has_value());
  EXPECT_EQ(made->definition->definition.name, "mine");
  EXPECT_EQ(made->settings.topology.to_string(), "1n2l2c1t");
  EXPECT_EQ(made->settings.checks.max_gap, 500ms);
  ASSERT_TRUE(resolve_definition(*made, nowhere(dir_->path()), {}).has_value());
  EXPECT_EQ(made->scheduler, (tree() / "build" / "scx_mine").string() + " --slice 3 --more 'a b'");
  EXPECT_THAT(made->definition->variables, IsEmpty());
  // The command that makes it again names it as well, and so has all that comes with it.
  EXPECT_THAT(repeat_command({"/bin/ktstr", {"run", "/t.toml"}, {}}, *made, {}),
              HasSubstr("ktstr run /t.toml --scheduler 'mine --more \"a b\"' --topology 1n2l2c1t"));
}

TEST_F(UseDefinition, OtherNamesAndPathsAreAsWithoutDefinitions) {
  declare(kMine);
  for (const char* scheduler : {"sh -v", "./mine", "/bin/mine"}) {
    const auto made = request(fmt::format("scheduler = '{}'", scheduler));
    ASSERT_TRUE(made.has_value()) << made.error().render();
    EXPECT_FALSE(made->definition.has_value()) << scheduler;
    EXPECT_EQ(made->scheduler, scheduler);
  }
  declare("nonsense");
  EXPECT_EQ(refusal("scheduler = './mine'"), "none");
  EXPECT_EQ(refusal(""), "none");
  EXPECT_THAT(refusal("scheduler = 'mine'"), HasSubstr("ktstr.toml:1:"));
}

TEST_F(UseDefinition, ANameOfNobodyIsSaidWithThoseThatAreDeclared) {
  declare(kMine);
  const auto made = request("scheduler = 'mime'");
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(made.error().render(),
              AllOf(HasSubstr("t.toml:1:13: there is no scheduler 'mime' beside the test program ("),
                    HasSubstr(") or in PATH, and no definition of that name; did you mean 'mine'?"),
                    HasSubstr("hint: definitions: mine")));
}

TEST_F(UseDefinition, TheFlagNamesItAsWell) {
  declare(kMine);
  const auto made = request("scheduler = './other'", with_flags({{"--scheduler", "mine"}}));
  ASSERT_TRUE(made.has_value()) << made.error().render();
  EXPECT_TRUE(made->definition.has_value());
  EXPECT_EQ(made->settings.topology.to_string(), "1n2l2c1t");
}

TEST_F(UseDefinition, TheFilesOwnComeBeforeThoseOfKtstrToml) {
  declare(kMine);
  const auto made =
      request("topology = '1n4l1c1t'\nscheduler = 'mine'\n[schedulers.mine]\nprogram = '../build/scx_mine'");
  ASSERT_TRUE(made.has_value()) << made.error().render();
  EXPECT_THAT(made->definition->definition.args, IsEmpty());
  EXPECT_EQ(made->definition->definition.file, file().string());
  EXPECT_EQ(made->settings.checks.max_moves, std::nullopt);
}

TEST_F(UseDefinition, ATestsOwnChecksAndTopologyWin) {
  declare(kMine);
  const auto made = request("topology = '1n4l1c1t'\nscheduler = 'mine'\n[checks]\nmax_gap = '100ms'\nmax_wait = '2s'");
  ASSERT_TRUE(made.has_value()) << made.error().render();
  EXPECT_EQ(made->settings.topology.to_string(), "1n4l1c1t");
  EXPECT_EQ(made->settings.checks.max_gap, 100ms);
  EXPECT_EQ(made->settings.checks.max_wait, 2s);
  EXPECT_EQ(made->settings.checks.max_moves, 7);
}

TEST_F(UseDefinition, AMachineOutsideOfItsConstraintsIsRefused) {
  declare(kMine);
  EXPECT_THAT(refusal("topology = '1n1l4c1t'\nscheduler = 'mine'"),
              AllOf(HasSubstr("t.toml:2:13: scheduler 'mine' needs at least 2 LLCs, and topology 1n1l4c1t has 1 LLC"),
                    HasSubstr("hint: see 'constraints' of its definition, ")));
  EXPECT_THAT(refusal("scheduler = 'mine'", with_flags({{"--topology", "1n1l1c1t"}})), HasSubstr("at least 2 LLCs"));
}

TEST_F(UseDefinition, ATestsConfigurationAndADefinitionsBelongTogether) {
  const auto with = [&](std::string_view config) {
    declare(fmt::format("[schedulers.mine]\nprogram = 'build/scx_mine'\n{}\n", config));
  };
  constexpr std::string_view kText = "scheduler = 'mine'\nscheduler_config = 'x = 1'";
  with("");
  EXPECT_THAT(refusal(kText), HasSubstr("t.toml:2:20: 'scheduler_config' is given, and the scheduler 'mine' takes no "
                                        "configuration"));
  with("config = { file = 'x.json', arg = '{file}' }");
  EXPECT_THAT(refusal(kText), HasSubstr("the configuration of 'mine' is the fixed file x.json"));
  with("config = { path = '/etc/x', arg = '{file}' }");
  EXPECT_EQ(refusal(kText), "none");
  EXPECT_THAT(refusal("scheduler = 'mine'"),
              HasSubstr("t.toml:1:13: the scheduler 'mine' takes a configuration, and there is none"));
  with("config = { text = 'y', path = '/etc/x', arg = '{file}' }");
  EXPECT_EQ(refusal("scheduler = 'mine'"), "none");
  EXPECT_THAT(refusal("scheduler = 'min'\nscheduler_config = 'x'"),
              AllOf(HasSubstr("the scheduler 'min' has no definition; did you mean 'mine'?"),
                    HasSubstr("hint: definitions: mine")));
  EXPECT_THAT(refusal("scheduler_config = 'x'"), HasSubstr("there is no scheduler"));
  // Without one on purpose: there is nothing to configure.
  EXPECT_EQ(refusal(kText, with_flags({{"--scheduler", ""}})), "none");
}

TEST_F(UseDefinition, TheConfigurationGoesToItsPath) {
  const auto files = [&](std::string_view config, std::string_view lines) {
    declare(fmt::format("[schedulers.mine]\nprogram = 'build/scx_mine'\ninclude = ['data']\n{}\n", config));
    auto made = request(lines);
    EXPECT_TRUE(made.has_value()) << made.error().render();
    EXPECT_TRUE(resolve_definition(*made, nowhere(dir_->path()), {}).has_value());
    EXPECT_THAT(made->scheduler_include, ElementsAre((tree() / "data").string()));
    return made->scheduler_files;
  };
  constexpr std::string_view kNamed = "scheduler = 'mine'";
  EXPECT_THAT(files("config = { file = 'conf/x.json', arg = '{file}' }", kNamed),
              ElementsAre(GuestFile{"/ktstr/scheduler/x.json", (tree() / "conf" / "x.json").string(), ""}));
  EXPECT_THAT(files("config = { text = 'y', path = '/etc/x' }", kNamed), ElementsAre(GuestFile{"/etc/x", "", "y"}));
  EXPECT_THAT(files("config = { text = 'y', path = '/etc/x' }", "scheduler = 'mine'\nscheduler_config = 'z'"),
              ElementsAre(GuestFile{"/etc/x", "", "z"}));
  EXPECT_THAT(files("config = { path = '/etc/x' }", "scheduler = 'mine'\nscheduler_config = ''"),
              ElementsAre(GuestFile{"/etc/x", "", ""}));
}

TEST_F(UseDefinition, WhatOnlyTheEnvironmentFindsIsRepeatedWithIt) {
  declare(kMine);
  const std::string variable = "KTSTR_DEFINITIONS=" + (tree() / "ktstr.toml").string();
  ::setenv("KTSTR_DEFINITIONS", (tree() / "ktstr.toml").c_str(), 1);
  const auto known = known_definitions({.directory = "/"});
  ASSERT_TRUE(known.has_value()) << known.error().render();
  EXPECT_EQ(known->variable, variable);
  const auto made = request("scheduler = 'mine'");
  ASSERT_TRUE(made.has_value()) << made.error().render();
  EXPECT_THAT(repeat_command({"/bin/ktstr", {"run", "/t.toml"}, {}}, *made, {}),
              testing::StartsWith(variable + " /bin/ktstr run"));
  ::setenv("KTSTR_DEFINITIONS", "/nowhere/ktstr.toml", 1);
  EXPECT_THAT(known_definitions({}).error().message(), HasSubstr("/nowhere/ktstr.toml"));
}

Result<AssertResult> no_body(Ctx&) { return AssertResult::pass(); }

TEST_F(UseDefinition, OfATestProgram) {
  SchedulerDefinition definition{.name = "mine", .program = "build/scx_mine", .topology = "1n2l1c1t"};
  definition.config = SchedulerConfig{.path = "/etc/x", .arg = "{file}"};
  definition.file = (tree() / "t.cpp").string();
  TestEntry test{.name = "t", .attributes = {.scheduler = "mine -v"}, .body = no_body, .file = "t.cpp", .line = 9};
  auto made = request_for_test(test, "/opt/tests", {}, {definition});
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message(), HasSubstr("t.cpp:9: test t: the scheduler 'mine' takes a configuration"));
  test.attributes.scheduler_config = "x";
  made = request_for_test(test, "/opt/tests", {}, {definition});
  ASSERT_TRUE(made.has_value()) << made.error().render();
  EXPECT_EQ(made->settings.topology.to_string(), "1n2l1c1t");
  ASSERT_TRUE(resolve_definition(*made, nowhere(dir_->path()), {}).has_value());
  EXPECT_EQ(made->scheduler, (tree() / "build" / "scx_mine").string() + " /etc/x -v");
  test.attributes.topology = "1n1l1c1t";
  EXPECT_EQ(request_for_test(test, "/opt/tests", {}, {definition})->settings.topology.to_string(), "1n1l1c1t");
  definition.build = "make";
  made = request_for_test(test, "/opt/tests", {}, {definition});
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message(), AllOf(HasSubstr("t.cpp:"), HasSubstr("'build' needs 'sources'")));
  definition.build = "";
  SchedulerDefinition alike = definition;
  alike.name = "MINE";
  made = request_for_test(test, "/opt/tests", {}, {definition, alike});
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message(), HasSubstr("named by KTSTR_SCHEDULER_MINE, as that of 'mine'"));
}

TEST_F(UseDefinition, ItsProgramIsBuiltBeforeItRuns) {
  declare(
      "[schedulers.mine]\nprogram = 'build/scx_new'\nsources = ['ktstr.toml']\nbuild = 'cp build/scx_mine "
      "build/scx_new'\n");
  auto made = request("scheduler = 'mine'");
  ASSERT_TRUE(made.has_value()) << made.error().render();
  const Status resolved = resolve_definition(*made, nowhere(dir_->path()), {});
  ASSERT_TRUE(resolved.has_value()) << resolved.error().render();
  EXPECT_THAT(made->scheduler, HasSubstr("build/scx_new"));
}

}  // namespace
}  // namespace ktstr::cli
