// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "run_ktstr.h"

namespace ktstr {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Program : public KtstrProgram {};

TEST_F(Program, HelpAndVersionGoToStdout) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--help"}, {"run", "--help"}, {"kernel", "--help"}, {"--version"}}) {
    const Ran ran = run(arguments);
    EXPECT_TRUE(ran.status.success()) << arguments.front();
    EXPECT_NE(ran.out, "");
    EXPECT_EQ(ran.err, "");
  }
  EXPECT_THAT(run({"version"}).out, StartsWith("ktstr "));
}

TEST_F(Program, AMistakeIsAlsoSaidAsJson) {
  const Ran ran = run({"run", "none.toml", "--json"});
  EXPECT_EQ(ran.status.value, 64);
  EXPECT_THAT(ran.err, StartsWith("ktstr: error: "));
  const auto record = nlohmann::json::parse(ran.out, nullptr, false);
  ASSERT_TRUE(record.is_object()) << ran.out;
  EXPECT_EQ(record["verdict"], "bad_input");
  EXPECT_EQ(record["exit_code"], 64);
  EXPECT_THAT(record["error"].get<std::string>(), HasSubstr("none.toml"));
}

class Matrix : public Program {
 protected:
  // Refused in each cell, for another reason: no LLC 1, no kernel.
  Ran run_two(std::vector<std::string> more = {}) const {
    write("s.toml", "[[cgroup]]\nname = \"cg_0\"\ncpuset = \"llc:1\"\n");
    std::vector<std::string> arguments = {"run",      "s.toml",   "--topology", "1n1l2c1t", "--topology",
                                          "1n2l2c1t", "--kernel", "./none",     "--mode",   "det"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(Matrix, ACellThatCannotBeIsSaidAndTheNextIsTried) {
  const Ran ran = run_two();
  EXPECT_EQ(ran.status.value, 64);
  EXPECT_EQ(ran.out,
            "cell 1 of 2: topology 1n1l2c1t\n"
            "cell 2 of 2: topology 1n2l2c1t\n"
            "\n"
            "ERROR  s, 2 cells: 2 bad_input\n"
            "  cell  topology  runs\n"
            "  1     1n1l2c1t  1 bad_input\n"
            "  2     1n2l2c1t  1 bad_input\n");
  EXPECT_THAT(ran.err, StartsWith("ktstr: error: topology 1n1l2c1t: s.toml:"));
  EXPECT_THAT(ran.err, HasSubstr("ktstr: error: topology 1n2l2c1t: cannot open DIR"));
}

TEST_F(Matrix, FailFastEndsItAtTheFirst) {
  const Ran ran = run_two({"--fail-fast", "-j", "1"});
  EXPECT_EQ(ran.status.value, 64);
  EXPECT_THAT(ran.out, HasSubstr("2 cells: 1 bad_input, 1 not run\n"));
}

TEST_F(Matrix, AsJsonIsTheListOfItsRuns) {
  const auto said = nlohmann::json::parse(run_two({"--json", "--repeat", "3"}).out, nullptr, false);
  ASSERT_EQ(said["runs"].size(), 2U) << said;
  EXPECT_THAT(said["runs"][1]["error"].get<std::string>(), StartsWith("topology 1n2l2c1t: "));
  EXPECT_EQ(said["digests_equal"], false);
}

TEST_F(Matrix, WithSeedsEachCellIsExplored) {
  const auto said = nlohmann::json::parse(run_two({"--json", "--seeds", "1..9"}).out, nullptr, false);
  ASSERT_EQ(said.size(), 2U) << said;
  EXPECT_EQ(said[1]["cell"], (nlohmann::json{{"topology", "1n2l2c1t"}}));
  EXPECT_EQ(said[1]["runs"], 1);
}

TEST_F(Program, AnEmptyKernelCacheIsNoError) {
  const Ran text = run({"kernel", "list"});
  EXPECT_TRUE(text.status.success());
  EXPECT_THAT(text.out, HasSubstr("ktstr kernel fetch"));
  EXPECT_EQ(run({"kernel", "list", "--json"}).out, "[]\n");
}

TEST_F(Program, AnEmptyWarmCacheIsNoError) {
  const Ran text = run({"warm", "list"});
  EXPECT_TRUE(text.status.success());
  EXPECT_THAT(text.out, HasSubstr("ktstr warm build"));
  const auto said = nlohmann::json::parse(run({"warm", "list", "--json"}).out, nullptr, false);
  EXPECT_TRUE(said["images"].empty());
  EXPECT_EQ(said["limit_bytes"], 8ULL << 30);
  EXPECT_EQ(run({"warm", "clean"}).out, "removed 0 images, 0 B\n");
}

TEST_F(Program, DoctorSaysWhatIsMissingAndHowToGetIt) {
  const Ran ran = run({"doctor", "--json"});
  const auto found = nlohmann::json::parse(ran.out, nullptr, false);
  ASSERT_TRUE(found.is_object()) << ran.out;
  EXPECT_EQ(ran.status.value, found["ready"].get<bool>() ? 0 : 3);
  for (const auto& need : found["needs"]) {
    EXPECT_EQ(need.contains("remedy"), !need["met"].get<bool>()) << need;
    EXPECT_NE(need["found"], "") << need;
  }
}

TEST_F(Program, TestRunsTheProgramThatItIsGiven) {
  write("my_tests", "#!/bin/sh\necho \"$@\"\nexit 7\n", 0755);
  const Ran ran = run({"test", "./my_tests", "--filter", "a b", "--help"});
  EXPECT_EQ(ran.status.value, 7);
  EXPECT_EQ(ran.out, "--filter a b --help\n");
}

TEST_F(Program, AFullDiskUnderStdoutIsAnError) {
  const auto full = open_file("/dev/full", O_WRONLY);
  ASSERT_TRUE(full.has_value());
  auto process = Subprocess::start({.argv = {KTSTR_PROGRAM, "--help"}, .stdout_fd = full->get()});
  ASSERT_TRUE(process.has_value()) << process.error().render();
  const auto status = process->wait();
  ASSERT_TRUE(status.has_value() && status->has_value());
  EXPECT_EQ((*status)->value, 3);
}

}  // namespace
}  // namespace ktstr
