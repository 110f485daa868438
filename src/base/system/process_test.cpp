// SPDX-License-Identifier: Apache-2.0
#include "base/system/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

namespace ktstr {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RunCaptured, SeparatesOutputsAndExitStatus) {
  const auto result = run_captured({.argv = {"sh", "-c", "echo out; echo err >&2; exit 3"}}, seconds(20));
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
  EXPECT_EQ(result->status.describe(), "exited with status 3");
}

TEST(RunCaptured, KillsWhatDoesNotEnd) {
  const auto result = run_captured({.argv = {"sleep", "600"}}, milliseconds(50));
  EXPECT_EQ(result.error().code(), ErrorCode::kTimedOut);
}

TEST(Subprocess, ReportsAProgramThatIsNotThere) {
  EXPECT_EQ(Subprocess::start({.argv = {"/nonexistent/program"}}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(Subprocess::start({.argv = {"no-such-program-ktstr"}}).error().code(), ErrorCode::kNotFound);
}

TEST(Subprocess, ReportsAFileThatIsNotExecutable) {
  EXPECT_EQ(Subprocess::start({.argv = {"/etc/passwd"}}).error().code(), ErrorCode::kPermission);
}

bool is_gone(pid_t pid) {
  for (int i = 0; i < 500; ++i) {
    const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
    if (!stat || stat->find(") Z") != std::string::npos) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

TEST(Subprocess, WhatAProgramHasStartedEndsWithItWhereThatIsAskedFor) {
  for (const std::string end : {"exit 0", "wait"}) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    auto process = *Subprocess::start({.argv = {"sh", "-c", std::string("sleep 600 & echo $!; ") + end},
                                       .stdout_fd = writer.get(),
                                       .end_whole_group = true});
    writer.reset();
    char text[32] = {};
    ASSERT_GT(::read(reader.get(), text, sizeof text - 1), 0);
    const pid_t child = std::atoi(text);
    ASSERT_GT(child, 0);
    if (end == "wait")
      process.kill();
    else
      ASSERT_TRUE(process.wait());
    EXPECT_TRUE(is_gone(child)) << end;
    ::kill(child, SIGKILL);
  }
}

TEST(Subprocess, TellsDeathBySignal) {
  auto process = *Subprocess::start({.argv = {"sleep", "600"}});
  ASSERT_TRUE(process.signal(SIGTERM));
  const auto status = process.wait(seconds(20));
  EXPECT_EQ((*status)->describe(), "killed by signal 15 (SIGTERM)");
}

TEST(Subprocess, KnowsTheCpuTimeOfItsProgramAndOfWhatThatWaitedFor) {
  auto process =
      Subprocess::start({.argv = {"sh", "-c", "sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; exec true"}});
  ASSERT_TRUE(process.has_value()) << process.error().render();
  EXPECT_EQ(process->cpu_time().count(), 0);
  ASSERT_TRUE(process->wait().has_value());
  EXPECT_GT(process->cpu_time(), std::chrono::milliseconds(10));
}

TEST(Subprocess, IsKilledWhenItGoesOutOfScope) {
  pid_t pid;
  {
    auto process = *Subprocess::start({.argv = {"sleep", "600"}});
    pid = process.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(Subprocess, PassesAddedEnvironmentAndKeepsTheRest) {
  const auto result = run_captured(
      {.argv = {"sh", "-c", "echo $KTSTR_X:${PATH:+path}"}, .env = {"KTSTR_X=0", "KTSTR_X=1"}}, seconds(20));
  EXPECT_EQ(result->out, "1:path\n");
}

}  // namespace
}  // namespace ktstr
