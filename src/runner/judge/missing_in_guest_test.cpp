// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/missing_in_guest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;

GuestStory ended(std::string exit, std::vector<std::string> log) {
  GuestStory story;
  story.scheduler().exited = SchedulerRecord{.kind = SchedulerRecord::Kind::kExited, .exit = std::move(exit)};
  story.scheduler_log = std::move(log);
  return story;
}

RunRecord record_with(std::map<std::string, std::string> inputs = {}, std::string command = "/s/scx -v") {
  RunRecord record;
  record.kernel = "7.3.4";
  record.scheduler().command = std::move(command);
  record.tuple.inputs = std::move(inputs);
  return record;
}

std::string said(const GuestStory& story, const RunRecord& record = record_with()) {
  const auto error = missing_in_guest(story, record);
  return error ? error->message() : "";
}

TEST(MissingInGuest, NamesWhatAShellDidNotFind) {
  for (const char* line :
       {"/ktstr/bin/x.sh: 2: scx_real: not found", "/ktstr/bin/x.sh: line 2: scx_real: command not found",
        "/ktstr/bin/x.sh: line 2: exec: scx_real: not found"})
    EXPECT_EQ(said(ended("exited with status 127", {"starting", line})),
              "the scheduler's script calls scx_real, which is not in the guest");
  EXPECT_THAT(said(ended("exited with status 127", {"x.sh: line 2: ./scx_real: No such file or directory"})),
              HasSubstr("calls ./scx_real,"));
  EXPECT_THAT(said(ended("exited with status 127", {})), HasSubstr("a program that is not in the guest"));
  EXPECT_EQ(said(ended("exited with status 1", {"scx: 2 CPUs: not found"})), "");
}

TEST(MissingInGuest, NamesALibraryThatTheLoaderDidNotFind) {
  EXPECT_THAT(
      said(ended("exited with status 127", {"scx: error while loading shared libraries: libx.so.1: cannot open shared "
                                            "object file: No such file or directory"})),
      HasSubstr("needs the library libx.so.1,"));
}

TEST(MissingInGuest, SaysThatTheKernelsConfigurationIsNotKnown) {
  const GuestStory story = ended("exited with status 1", {"libbpf: failed to open system Kconfig", "Failed to load"});
  const auto error = missing_in_guest(story, record_with());
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message(), HasSubstr("none is known of kernel 7.3.4"));
  EXPECT_THAT(error->hint(), HasSubstr("config-7.3.4"));
  EXPECT_EQ(said(story, record_with({{"/boot/config-7.3.4", "x"}})), "") << "it was there";
}

TEST(MissingInGuest, NamesAFileOfThisMachineThatStayedHere) {
  const auto dir = *TempDir::create(fs::temp_directory_path(), "ktstr-missing");
  const std::string path = (dir.path() / "scx.json").string();
  ASSERT_TRUE(write_text(path, "{}"));
  const std::vector<std::string> rust = {"Error: cannot read \"" + path + "\"",
                                         "Caused by:", "    No such file or directory (os error 2)"};
  EXPECT_THAT(said(ended("exited with status 1", rust)), HasSubstr("reads " + path + ", which is not in the guest"));
  EXPECT_EQ(said(ended("exited with status 1", rust), record_with({{path, "x"}})), "") << "it came along";
  EXPECT_THAT(
      said(ended("exited with status 1", {"open: No such file or directory"}), record_with({}, "/s/scx f:" + path)),
      HasSubstr("reads " + path));
  EXPECT_EQ(said(ended("exited with status 1", {"/sys/kernel: No such file or directory", "/nowhere/x"})), "");
  EXPECT_EQ(said(ended("exited with status 1", {path, "libbpf: failed to find x: No such file or directory"})), "")
      << "libbpf looked for something of the kernel's";
}

TEST(MissingInGuest, SaysNothingOfASchedulerThatAttachedOrNeverEnded) {
  GuestStory story = ended("exited with status 127", {"x: not found"});
  story.scheduler().attached = SchedulerRecord{};
  EXPECT_EQ(said(story), "");
  EXPECT_EQ(said(GuestStory{}), "");
}

TEST(MissingInGuest, TellsAProgramForAnotherCpu) {
  EXPECT_THAT(said(ended("killed by signal 4 (SIGILL)", {})), HasSubstr("instruction"));
}

}  // namespace
}  // namespace ktstr
