// SPDX-License-Identifier: Apache-2.0
#include "scheduler/build_program.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/file.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class BuildProgram : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "build_program_test");
    ASSERT_TRUE(dir.has_value()) << dir.error().render();
    dir_.emplace(*std::move(dir));
    fs::create_directories(tree() / "src" / "deep");
    source("src/a.c", -60);
    source("src/deep/b.h", -60);
    definition_ = {.name = "mine", .program = "./scx_mine", .build = "echo built >> log; cp src/a.c scx_mine"};
    definition_.sources = {"src"};
    definition_.file = (tree() / "ktstr.toml").string();
    definition_.line = 2;
  }
  fs::path tree() const { return dir_->path() / "tree"; }
  fs::path program() const { return tree() / "scx_mine"; }
  // Of so many seconds from now.
  void source(const char* name, int seconds) {
    EXPECT_TRUE(write_text(tree() / name, "x\n").has_value());
    fs::last_write_time(tree() / name, fs::file_time_type::clock::now() + seconds * 1s);
  }
  Status build() { return build_if_needed(definition_, program(), dir_->path() / "locks"); }
  std::string refusal() {
    const Status built = build();
    if (built) return "none";
    EXPECT_EQ(built.error().code(), ErrorCode::kInvalidArgument);
    return built.error().render();
  }
  int builds() const {
    const auto log = read_text(tree() / "log");
    return log ? static_cast<int>(std::count(log->begin(), log->end(), '\n')) : 0;
  }

  std::optional<TempDir> dir_;
  SchedulerDefinition definition_;
};

TEST_F(BuildProgram, RunsWhenTheProgramIsMissingOrOlder) {
  EXPECT_EQ(refusal(), "none");
  EXPECT_EQ(builds(), 1);
  EXPECT_EQ(refusal(), "none");
  EXPECT_EQ(builds(), 1);
  fs::last_write_time(program(), fs::file_time_type::clock::now() - 120s);
  EXPECT_EQ(refusal(), "none");
  EXPECT_EQ(builds(), 2);
}

TEST_F(BuildProgram, LooksAtFilesDirectoriesAndGlobs) {
  const auto why = [&](std::vector<std::string> sources) {
    definition_.sources = std::move(sources);
    return why_build(definition_, program()).value_or("an error");
  };
  EXPECT_THAT(why({"src"}), HasSubstr("there is no "));
  EXPECT_EQ(refusal(), "none");
  fs::last_write_time(program(), fs::file_time_type::clock::now() + 5s);
  source("src/deep/b.h", 60);
  EXPECT_THAT(why({"src"}), HasSubstr("tree/src/deep/b.h is newer"));
  EXPECT_THAT(why({"src/deep/b.h"}), HasSubstr("is newer"));
  EXPECT_THAT(why({"src/*/*.h"}), HasSubstr("is newer"));
  EXPECT_THAT(why({"src/d*"}), HasSubstr("is newer"));
  EXPECT_EQ(why({"src/a.c", "src/*.c"}), "");
  // The program is no source of itself.
  fs::last_write_time(program(), fs::file_time_type::clock::now() + 90s);
  EXPECT_EQ(why({"."}), "");
}

TEST_F(BuildProgram, AFailureSaysTheLastLinesAndNothingOldIsRun) {
  EXPECT_EQ(refusal(), "none");
  source("src/a.c", 60);
  definition_.build = "seq 1 30; echo a.c:3: error >&2; exit 7";
  EXPECT_THAT(refusal(), AllOf(HasSubstr("ktstr.toml:2: scheduler 'mine': its build `seq 1 30; "),
                               HasSubstr("exited with status 7"), HasSubstr("\n12\n"), HasSubstr("\n30\na.c:3: error"),
                               Not(HasSubstr("\n11\n")), HasSubstr("what was built before is not run, because")));
  definition_.build = "exit 1";
  EXPECT_THAT(refusal(), HasSubstr("it printed nothing"));
}

TEST_F(BuildProgram, ASuccessThatBuildsNothingIsRefused) {
  definition_.build = "true";
  EXPECT_THAT(refusal(), HasSubstr("its build `true` succeeded, and still there is no "));
  EXPECT_TRUE(write_text(program(), "x").has_value());
  source("src/a.c", 60);
  EXPECT_THAT(refusal(), HasSubstr("its build `true` succeeded, and still "));
}

TEST_F(BuildProgram, SourcesThatAreNotThereAreRefused) {
  definition_.sources = {"src", "include/*.h"};
  EXPECT_THAT(refusal(), HasSubstr("tree/include/*.h, which 'sources' names"));
}

}  // namespace
}  // namespace ktstr
