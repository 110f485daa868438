// SPDX-License-Identifier: Apache-2.0
#include "payload/leftovers.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>

#include "base/process.h"

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

TEST(Leftovers, AreTheProcessesWhoseEnvironmentHoldsExactlyTheMark) {
  const auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-leftovers");
  ASSERT_TRUE(dir);
  const auto process = [&](const char* pid, std::string_view environment) {
    fs::create_directory(dir->path() / pid);
    ASSERT_TRUE(write_text(dir->path() / pid / "environ", environment));
  };
  using namespace std::string_view_literals;
  process("12", "A=1\0M=1\0"sv);
  process("7", "M=1\0B=2\0"sv);
  process("8", "M=12\0XM=1\0A=M=1\0"sv);
  process("9", ""sv);
  process("self", "M=1\0"sv);
  fs::create_directory(dir->path() / "10");
  EXPECT_THAT(*marked_processes(dir->path(), "M=1"), ElementsAre(7, 12));
}

TEST(Leftovers, CannotBeFoundWhereThereIsNoProc) {
  EXPECT_EQ(marked_processes("/nonexistent/proc", "M=1").error().code(), ErrorCode::kNotFound);
}

TEST(Leftovers, AreKilledAndReapedWhenTheyAreOurs) {
  const std::string mark = fmt::format("KTSTR_LEFTOVERS_TEST={}", ::getpid());
  auto process = Subprocess::start({.argv = {"sleep", "600"}, .env = {mark}});
  ASSERT_TRUE(process) << process.error().render();
  EXPECT_THAT(*marked_processes("/proc", mark), ElementsAre(process->pid()));
  const auto ended = end_marked_processes("/proc", mark, monotonic_now() + 60s);
  ASSERT_TRUE(ended) << ended.error().render();
  EXPECT_EQ(*ended, 1);
  EXPECT_EQ(::kill(process->pid(), 0), -1);
  EXPECT_EQ(errno, ESRCH);
  EXPECT_THAT(*marked_processes("/proc", mark), IsEmpty());
  EXPECT_EQ(*end_marked_processes("/proc", mark, monotonic_now()), 0);
}

}  // namespace
}  // namespace ktstr
