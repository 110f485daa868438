// SPDX-License-Identifier: Apache-2.0
#include "scheduler/find_definition.h"

#include <gmock/gmock.h>

#include <map>

#include "base/file.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class FindDefinition : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "find_definition_test");
    ASSERT_TRUE(dir.has_value()) << dir.error().render();
    dir_.emplace(*std::move(dir));
    fs::create_directories(tree() / "build");
    fs::create_directories(beside());
    definition_.name = "my-sched";
    definition_.program = "build/scx_mine";
    definition_.file = (tree() / "ktstr.toml").string();
    definition_.line = 4;
  }
  fs::path tree() const { return dir_->path() / "tree"; }
  fs::path beside() const { return dir_->path() / "bin"; }
  fs::path make(const fs::path& program) const {
    EXPECT_TRUE(write_text(program, "#!/bin/sh\n").has_value());
    fs::permissions(program, fs::perms::owner_all);
    return program;
  }
  Result<DefinedProgram> find() {
    return find_program_of(definition_, beside(), [this](const char* name) -> const char* {
      const auto found = environment_.find(name);
      return found != environment_.end() ? found->second.c_str() : nullptr;
    });
  }
  std::string refusal() {
    const auto found = find();
    if (found) return "found " + found->path.string();
    EXPECT_EQ(found.error().code(), ErrorCode::kInvalidArgument);
    return found.error().render();
  }

  std::optional<TempDir> dir_;
  std::map<std::string, std::string> environment_;
  SchedulerDefinition definition_;
};

TEST_F(FindDefinition, APathBeginsWhereTheDefinitionStands) {
  const fs::path program = make(tree() / "build" / "scx_mine");
  const auto found = find();
  ASSERT_TRUE(found.has_value()) << found.error().render();
  EXPECT_EQ(found->path, program);
  EXPECT_EQ(found->variable, "");
}

TEST_F(FindDefinition, ABareNameIsBesideTheDefinitionOrTheProgramOrInPath) {
  definition_.program = "scx_mine";
  const fs::path program = make(beside() / "scx_mine");
  fs::create_directories(tree() / "scx_mine");  // its sources, say
  ASSERT_TRUE(find().has_value());
  EXPECT_EQ(find()->path, program);
  fs::remove(tree() / "scx_mine");
  const fs::path as_written = make(tree() / "scx_mine");
  EXPECT_EQ(find()->path, as_written);
  definition_.program = "sh";
  ASSERT_TRUE(find().has_value());
  EXPECT_EQ(find()->path.filename(), "sh");
}

TEST_F(FindDefinition, TheEnvironmentNamesAnotherOneItsOwnVariableFirst) {
  make(tree() / "build" / "scx_mine");
  const fs::path own = make(dir_->path() / "own"), all = make(dir_->path() / "all");
  environment_["KTSTR_SCHEDULER"] = all.string();
  ASSERT_TRUE(find().has_value());
  EXPECT_EQ(find()->path, all);
  EXPECT_EQ(find()->variable, "KTSTR_SCHEDULER=" + all.string());
  environment_["KTSTR_SCHEDULER_MY_SCHED"] = own.string();
  EXPECT_EQ(find()->path, own);
  EXPECT_EQ(find()->variable, "KTSTR_SCHEDULER_MY_SCHED=" + own.string());
  environment_["KTSTR_SCHEDULER_MY_SCHED"] = "";  // as if it were not set
  EXPECT_EQ(find()->path, all);
}

TEST_F(FindDefinition, AMissingOneSaysAllThatWasLookedFor) {
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("ktstr.toml:4: scheduler 'my-sched': no program: there is no program " +
                              (tree() / "build" / "scx_mine").string()),
                    HasSubstr("looked for KTSTR_SCHEDULER_MY_SCHED (not set), KTSTR_SCHEDULER (not set), "
                              "'build/scx_mine' in " +
                              tree().string()),
                    HasSubstr("hint: build it, correct 'program', or name it: KTSTR_SCHEDULER_MY_SCHED=/path/of/it")));
  definition_.program = "scx_not_anywhere";
  EXPECT_THAT(refusal(), HasSubstr("no program: there is none; looked for KTSTR_SCHEDULER_MY_SCHED (not set), "
                                   "KTSTR_SCHEDULER (not set), 'scx_not_anywhere' in " +
                                   tree().string() + ", " + beside().string() + " and PATH"));
}

// What the environment names is meant: nothing else is taken in its place.
TEST_F(FindDefinition, AMissingOneOfTheEnvironmentIsNotPassedOver) {
  make(tree() / "build" / "scx_mine");
  environment_["KTSTR_SCHEDULER"] = "/nowhere/scx";
  EXPECT_THAT(refusal(), HasSubstr("no program: there is no program /nowhere/scx; give the path of the scheduler's "
                                   "program, or build it first; looked for KTSTR_SCHEDULER_MY_SCHED (not set), "
                                   "KTSTR_SCHEDULER=/nowhere/scx"));
  environment_["KTSTR_SCHEDULER"] = "scx_not_anywhere";
  EXPECT_THAT(refusal(), HasSubstr("no program: there is none"));
}

TEST_F(FindDefinition, WhatIsNoProgramIsRefused) {
  EXPECT_TRUE(write_text(tree() / "build" / "scx_mine", "#!/bin/sh\n").has_value());
  EXPECT_THAT(refusal(), HasSubstr("is not executable"));
}

TEST_F(FindDefinition, TheCommandIsTheConfigurationTheArgumentsAndWhatATestAdds) {
  definition_.args = {"--slice", "3 ms"};
  EXPECT_THAT(command_of(definition_, "/p", {"-v"}), ElementsAre("/p", "--slice", "3 ms", "-v"));
  definition_.config = SchedulerConfig{.text = "x", .path = "/etc/my x", .arg = "-c  --config={file} "};
  EXPECT_THAT(command_of(definition_, "/p", {}), ElementsAre("/p", "-c", "--config=/etc/my x", "--slice", "3 ms"));
  definition_.config->arg = "";
  EXPECT_THAT(command_of(definition_, "/p", {}), ElementsAre("/p", "--slice", "3 ms"));
}

}  // namespace
}  // namespace ktstr
