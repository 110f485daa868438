// SPDX-License-Identifier: Apache-2.0
#include "scheduler/package_payloads.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "base/system/process.h"

namespace ktstr {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;

class PackagePayloads : public ::testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-payloads");
    ASSERT_TRUE(dir);
    dir_.emplace(*std::move(dir));
  }
  std::string file(const std::string& name, std::string_view text, unsigned mode = 0644) {
    const fs::path path = dir_->path() / name;
    fs::create_directories(path.parent_path());
    EXPECT_TRUE(write_atomically(path, as_byte_span(text), mode));
    return path.string();
  }
  Error refusal(const Payload& payload) {
    const auto added = add_payloads(archive_, {payload}, inputs_);
    return added ? Error(ErrorCode::kInternal, "was packed") : added.error();
  }
  std::optional<TempDir> dir_;
  NewcWriter archive_;
  std::map<std::string, std::string> inputs_;
};

TEST_F(PackagePayloads, BringsAProgramOfPathWithItsLibrariesToWhereItIs) {
  const std::string sleep = find_program("sleep")->string();
  const auto search_path = add_payloads(archive_, {Payload::program("s", "sleep")}, inputs_);
  ASSERT_TRUE(search_path) << search_path.error().render();
  EXPECT_THAT(*search_path, ElementsAre(fs::path(sleep).parent_path().string()));
  EXPECT_TRUE(archive_.contains(sleep));
  EXPECT_THAT(inputs_, Contains(Key(sleep)));
  EXPECT_THAT(inputs_, Contains(Key(HasSubstr("/libc.so"))));
  EXPECT_THAT(inputs_, Contains(Key(HasSubstr("/ld-linux"))));
}

TEST_F(PackagePayloads, GivesTheDirectoriesInTheOrderOfThePayloadsEachOnce) {
  const std::string b = file("b/one", "#!/bin/sh\n", 0755), b2 = file("b/two", "#!/bin/sh\n", 0755);
  const std::string a = file("a/one", "#!/bin/sh\n", 0755);
  const auto search_path = add_payloads(
      archive_,
      {Payload::program("1", b), Payload::program("2", a), Payload::program("3", b2), Payload::program("4", b)},
      inputs_);
  ASSERT_TRUE(search_path) << search_path.error().render();
  EXPECT_THAT(*search_path, ElementsAre((dir_->path() / "b").string(), (dir_->path() / "a").string()));
  EXPECT_THAT(inputs_, Contains(Key("/bin/sh"))) << "a script's interpreter";
  EXPECT_THAT(*add_payloads(archive_, {}, inputs_), IsEmpty());
}

TEST_F(PackagePayloads, BringsIncludedFilesAndDirectoriesAndTheLibrariesOfProgramsAmongThem) {
  const std::string script = file("run", "#!/bin/sh\nexec tool\n", 0755), job = file("jobs/a/seq.fio", "[seq]\n", 0640);
  fs::create_directory(dir_->path() / "jobs/empty");
  const std::string tool = (dir_->path() / "jobs/tool").string();
  fs::copy_file(*find_program("cat"), tool);
  const auto added = add_payloads(
      archive_, {Payload::program("p", script).include({(dir_->path() / "jobs").string(), "/etc/passwd"})}, inputs_);
  ASSERT_TRUE(added) << added.error().render();
  EXPECT_EQ(inputs_[job], *sha256_file(job));
  EXPECT_THAT(inputs_, Contains(Key(tool)));
  EXPECT_THAT(inputs_, Contains(Key("/etc/passwd")));
  EXPECT_TRUE(archive_.contains((dir_->path() / "jobs/empty").string()));
  const ByteVector bytes = archive_.finish();
  const auto entries = read_newc(bytes);
  ASSERT_TRUE(entries);
  const auto delivered =
      std::find_if(entries->begin(), entries->end(), [&](const NewcEntry& entry) { return "/" + entry.path == job; });
  ASSERT_NE(delivered, entries->end());
  EXPECT_EQ(delivered->mode & 0777, 0640u);
}

TEST_F(PackagePayloads, NamesThePayloadWhoseProgramCannotBeBrought) {
  const Error missing = refusal(Payload::program("p", "no-such-program-ktstr"));
  EXPECT_EQ(missing.code(), ErrorCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr("payload 'p': no program 'no-such-program-ktstr' in PATH"));
  EXPECT_THAT(missing.hint(), HasSubstr("./no-such-program-ktstr"));
  const Error nowhere = refusal(Payload::program("p", "/nowhere/fio"));
  EXPECT_EQ(nowhere.code(), ErrorCode::kNotFound);
  EXPECT_THAT(nowhere.hint(), HasSubstr("payload's program"));
  const Error plain = refusal(Payload::program("p", file("plain", "#!/bin/sh\n", 0644)));
  EXPECT_EQ(plain.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(plain.hint(), HasSubstr("chmod +x"));
  EXPECT_THAT(refusal(Payload::program("p", file("text", "hello", 0755))).hint(), Not(HasSubstr("scheduler")));
}

TEST_F(PackagePayloads, RefusesAnIncludedFileThatIsNotThereOrIsNone) {
  const Error missing = refusal(Payload::program("p", "sleep").include({"/nowhere/job.fio"}));
  EXPECT_EQ(missing.code(), ErrorCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr("payload 'p': the included file /nowhere/job.fio is not there"));
  EXPECT_EQ(refusal(Payload::program("p", "sleep").include({"/dev/null"})).code(), ErrorCode::kInvalidArgument);
  file("loop/file", "");
  fs::create_directory_symlink(dir_->path() / "loop", dir_->path() / "loop/again");
  EXPECT_THAT(refusal(Payload::program("p", "sleep").include({(dir_->path() / "loop").string()})).message(),
              HasSubstr("leads to a directory"));
}

TEST_F(PackagePayloads, RefusesWhatIsNoPayload) {
  EXPECT_THAT(refusal(Payload::scheduler("s", "sleep")).hint(), HasSubstr("--scheduler"));
  EXPECT_EQ(refusal(Payload::program("p", "sleep").check(PayloadCheck::exists("x"))).code(),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace ktstr
