// SPDX-License-Identifier: Apache-2.0
#include "scheduler/package.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/system/process.h"

namespace ktstr {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;

const fs::path kFixture = KTSTR_FIXTURE_DIR;
const fs::path kFixtureProgram = kFixture / "bin/scheduler_fixture_program";

class Package : public ::testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-package");
    ASSERT_TRUE(dir);
    dir_.emplace(*std::move(dir));
  }
  fs::path file(const std::string& name, std::string_view text, unsigned mode = 0755) {
    EXPECT_TRUE(write_atomically(dir_->path() / name, as_byte_span(text), mode));
    return dir_->path() / name;
  }
  // Lays the archive out as the guest's root.
  fs::path unpacked() {
    const ByteVector bytes = archive_.finish();
    const auto entries = read_newc(bytes);
    EXPECT_TRUE(entries);
    const fs::path root = dir_->path() / "root";
    fs::create_directory(root);
    for (const NewcEntry& entry : *entries) {
      if (S_ISDIR(entry.mode)) fs::create_directories(root / entry.path);
      if (S_ISREG(entry.mode)) {
        EXPECT_TRUE(write_atomically(root / entry.path, entry.contents, entry.mode & 0777));
      }
    }
    return root;
  }

  std::optional<TempDir> dir_;
  NewcWriter archive_;
  std::map<std::string, std::string> inputs_;
};

TEST_F(Package, BringsEverythingThatAProgramNeedsToRun) {
  const auto added = add_program(archive_, *own_executable(), "/ktstr/program", inputs_);
  ASSERT_TRUE(added) << added.error().render();
  const fs::path root = unpacked();
  std::string loader, libraries;
  for (const auto& [path, hash] : inputs_) {
    if (path.find("/ld-linux") != std::string::npos) loader = root.string() + path;
    if (path.find("/libstdc++.so") != std::string::npos)
      libraries = root.string() + fs::path(path).parent_path().string();
    EXPECT_EQ(*sha256_file(root.string() + path), hash) << path;
  }
  ASSERT_FALSE(loader.empty());
  ASSERT_FALSE(libraries.empty());
  const auto run = run_captured({.argv = {loader, "--inhibit-cache", "--library-path", libraries,
                                          (root / "ktstr/program").string(), "--gtest_filter=SplitCommand.*"}},
                                std::chrono::seconds(30));
  ASSERT_TRUE(run) << run.error().render();
  EXPECT_TRUE(run->status.success()) << run->status.describe() << run->err;
}

TEST_F(Package, PutsALibraryBesideTheProgramWhereItsRunpathLooksInTheGuest) {
  const auto added = add_program(archive_, kFixtureProgram, "/opt/s/bin/program", inputs_);
  ASSERT_TRUE(added) << added.error().render();
  EXPECT_THAT(inputs_, Contains(Key("/opt/s/lib/libscheduler_fixture.so")));
  const fs::path root = unpacked();
  const auto run = run_captured({.argv = {(root / "opt/s/bin/program").string()}}, std::chrono::seconds(30));
  ASSERT_TRUE(run) << run.error().render();
  EXPECT_TRUE(run->status.success()) << run->err;
}

TEST_F(Package, NamesTheLibraryThatIsMissingAndWhoNeedsIt) {
  const fs::path lonely = dir_->path() / "bin/lonely";
  fs::create_directory(lonely.parent_path());
  fs::copy_file(kFixtureProgram, lonely);
  const auto added = add_program(archive_, lonely, "/program", inputs_);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(added.error().message(),
              HasSubstr("needed by " + lonely.string() + ": shared library libscheduler_fixture.so"));
  EXPECT_THAT(added.error().message(), HasSubstr((dir_->path() / "lib").string()));
  EXPECT_THAT(added.error().hint(), HasSubstr("LD_LIBRARY_PATH"));
}

TEST_F(Package, BringsTheInterpreterOfAScript) {
  ASSERT_TRUE(add_program(archive_, file("s", "#!/bin/sh -e\nexit 0\n"), "/s", inputs_));
  EXPECT_THAT(inputs_, Contains(Key("/bin/sh")));
  ASSERT_TRUE(add_program(archive_, file("e", "#!/usr/bin/env bash\n"), "/e", inputs_));
  EXPECT_THAT(inputs_, Contains(Key("/usr/bin/env")));
  EXPECT_THAT(inputs_, Contains(Key(find_program("bash")->string())));
}

TEST_F(Package, BringsTheProgramsThatAScriptCallsWhereAsked) {
  file("scx_real", "#!/bin/sh\nsleep 1\n");
  const fs::path script = file("wrap", "#!/bin/sh\nexec \"$(dirname \"$0\")/scx_real\" \"$@\"\nnot_there\n");
  ASSERT_TRUE(add_program(archive_, script, "/ktstr/bin/wrap", inputs_, ScriptCommands::kPack));
  for (const char* path : {"/ktstr/bin/wrap", "/ktstr/bin/dirname", "/ktstr/bin/scx_real", "/ktstr/bin/sleep"})
    EXPECT_THAT(inputs_, Contains(Key(path)));
}

TEST_F(Package, LeavesThemWhereNotAsked) {
  const fs::path script = file("wrap", "#!/bin/sh\nexec sleep 1\n");
  ASSERT_TRUE(add_program(archive_, script, "/ktstr/bin/wrap", inputs_));
  EXPECT_FALSE(archive_.contains("/ktstr/bin/sleep"));
}

TEST_F(Package, GivesTheSameBytesForTheSameProgram) {
  NewcWriter other;
  std::map<std::string, std::string> other_inputs;
  ASSERT_TRUE(add_program(archive_, kFixtureProgram, "/p", inputs_));
  ASSERT_TRUE(add_program(archive_, kFixtureProgram, "/p", inputs_)) << "twice is once";
  ASSERT_TRUE(add_program(other, kFixtureProgram, "/p", other_inputs));
  EXPECT_EQ(archive_.finish(), other.finish());
  EXPECT_EQ(inputs_, other_inputs);
}

TEST_F(Package, RefusesARelativePathInTheGuest) {
  EXPECT_FALSE(add_program(archive_, kFixtureProgram, "program", inputs_));
}

TEST_F(Package, FindsASchedulerBesideTheTestProgramBeforePath) {
  const fs::path own = file("sh", "#!/bin/sh\n");
  EXPECT_EQ(*find_scheduler("sh", dir_->path()), own);
  EXPECT_EQ(find_scheduler("sh", "/nowhere")->filename(), "sh");
  EXPECT_EQ(*find_scheduler(own.string(), "/nowhere"), own);
}

TEST_F(Package, SaysWhatIsWrongWithAScheduler) {
  struct Case {
    std::string program;
    ErrorCode code;
    std::string message;
    std::string hint;
  };
  const std::string bpf_object =
      std::string("\177ELF\2\1\1", 7) + std::string(9, '\0') + std::string("\1\0\367\0", 4) + std::string(44, '\0');
  const Case cases[] = {
      {"no_such_scheduler_anywhere", ErrorCode::kNotFound, "in PATH", "--scheduler ./no_such"},
      {"/nowhere/scx", ErrorCode::kNotFound, "there is no program /nowhere/scx", "path"},
      {dir_->path().string(), ErrorCode::kInvalidArgument, "not a regular file", "directory"},
      {file("plain", "#!/bin/sh\n", 0644).string(), ErrorCode::kInvalidArgument, "not executable", "chmod +x"},
      {file("text", "hello").string(), ErrorCode::kInvalidArgument, "neither a 64-bit ELF program nor a script", ""},
      {file("s.bpf.o", bpf_object, 0644).string(), ErrorCode::kInvalidArgument, "BPF object file", "attaches"},
      {"", ErrorCode::kInvalidArgument, "empty", ""},
  };
  for (const Case& c : cases) {
    const auto found = find_scheduler(c.program, dir_->path());
    ASSERT_FALSE(found) << c.program;
    EXPECT_EQ(found.error().code(), c.code) << c.program;
    EXPECT_THAT(found.error().message(), HasSubstr(c.message));
    EXPECT_THAT(found.error().hint(), HasSubstr(c.hint));
  }
}

}  // namespace
}  // namespace ktstr
