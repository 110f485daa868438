// SPDX-License-Identifier: Apache-2.0
//
// Ends of a run that nobody plans. That the RAM directory is empty is checked after every test (GuestTest).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "guests.h"

namespace ktstr {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kLongScenario = "topology = \"1n1l2c1t\"\nduration = \"20s\"\n[[cgroup]]\nname = \"cg_0\"\n";

class Ends : public GuestTest {
 protected:
  fs::path script(std::string_view name, std::string_view text) const {
    fs::path path = write(name, text);
    ::chmod(path.c_str(), 0755);
    return path;
  }

  // Starts a long run and returns once its guest has RAM files.
  Subprocess start_running(const std::vector<std::string>& environment = {}) {
    Subprocess::Options options = command({write("long.toml", kLongScenario).string()});
    options.env.insert(options.env.end(), environment.begin(), environment.end());
    const Fd out = *open_file(state_dir() / "out", O_WRONLY | O_CREAT | O_TRUNC);
    options.stdout_fd = out.get();
    auto process = Subprocess::start(options);
    EXPECT_TRUE(process) << process.error().render();
    while (qemus().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return *std::move(process);
  }

  std::string end_of(Subprocess& process) {
    const auto status = process.wait(std::chrono::seconds(60));
    return status && *status ? (*status)->describe() : "not ended";
  }

  std::string said() const { return *read_text(state_dir() / "out"); }

  void expect_no_qemu() {
    for (int i = 0; i < 500 && !qemus().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(qemus(), std::vector<int>());
  }

  // `arguments`, of ktstr, as the beginning of a shell's pipeline or list.
  CapturedOutput shell(const std::string& before, const std::vector<std::string>& arguments, const std::string& after,
                       const std::vector<std::string>& environment = {}) {
    Subprocess::Options options = command({});
    std::string line = before + " " KTSTR_PROGRAM;
    for (const std::string& argument : arguments) line += " '" + argument + "'";
    options.argv = {"bash", "-c", line + " " + after};
    options.env.insert(options.env.end(), environment.begin(), environment.end());
    auto output = run_captured(options, std::chrono::minutes(5));
    EXPECT_TRUE(output) << output.error().render();
    return output ? *std::move(output) : CapturedOutput{};
  }
};

TEST_F(Ends, ASignalThatAsksForAnEndIsAnEndInOrder) {
  for (const int number : {SIGHUP, SIGQUIT, SIGUSR1, SIGXCPU}) {
    Subprocess process = start_running();
    ASSERT_TRUE(process.signal(number));
    EXPECT_EQ(end_of(process), "exited with status 130") << number;
    EXPECT_THAT(said(), HasSubstr(std::string("interrupted by SIG") + ::sigabbrev_np(number)));
    EXPECT_EQ(left_in_ram_dir(), std::vector<std::string>()) << number;
    expect_no_qemu();
  }
}

TEST_F(Ends, ACrashLeavesNoGuestMemory) {
  Subprocess process = start_running();
  ASSERT_TRUE(process.signal(SIGABRT));
  EXPECT_EQ(end_of(process), "killed by signal 6 (SIGABRT)");
  expect_no_qemu();
}

TEST_F(Ends, AReaderThatGoesAwayEndsTheRuns) {
  const std::string file =
      write("short.toml", "topology = \"1n1l2c1t\"\nduration = \"100ms\"\n[[cgroup]]\nname = \"c\"\n");
  const CapturedOutput ran =
      shell("", {"run", file, "--mode", "det", "--repeat", "1000"}, "| head -1; echo ${PIPESTATUS[0]}");
  EXPECT_THAT(ran.out, testing::EndsWith("\n141\n"));
  EXPECT_THAT(ran.err, Not(HasSubstr("error")));
  expect_no_qemu();
}

TEST_F(Ends, WhatAScriptInPlaceOfQemuHasStartedEndsWithIt) {
  const fs::path wrapper = script("qemu-wrapper", "#!/bin/sh\nqemu-system-x86_64 \"$@\"\nexit $?\n");
  Subprocess process = start_running({"KTSTR_QEMU=" + wrapper.string()});
  while (qemus().size() < 2) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(process.signal(SIGTERM));
  EXPECT_EQ(end_of(process), "exited with status 130");
  expect_no_qemu();
}

TEST_F(Ends, AQemuThatNeverSpeaksIsAnErrorWithAWayOutAndWhatIsWaitedForIsSaid) {
  const fs::path silent =
      script("qemu-silent", "#!/bin/sh\n[ \"$1\" = --version ] && exec qemu-system-x86_64 --version\nsleep 600\n");
  const GuestRun ran = run({write("s.toml", kLongScenario).string()}, {"KTSTR_QEMU=" + silent.string()});
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.json["error"].get<std::string>(), HasSubstr("QEMU said nothing for 20 s"));
  EXPECT_THAT(ran.json["error_hint"].get<std::string>(), HasSubstr("KTSTR_QEMU"));
  EXPECT_THAT(ran.err, HasSubstr("ktstr: waiting for QEMU to speak\n"));
}

}  // namespace
}  // namespace ktstr
