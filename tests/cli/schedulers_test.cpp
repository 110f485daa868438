// SPDX-License-Identifier: Apache-2.0
//
// What `ktstr schedulers` says of ktstr.toml and of a scenario file, and how runs are refused by a definition.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "run_ktstr.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Schedulers : public KtstrProgram {
 protected:
  void SetUp() override {
    KtstrProgram::SetUp();
    write("scx_mine", "#!/bin/sh\n", 0755);
    write("ktstr.toml",
          "[schedulers.mine]\nprogram = './scx_mine'\nargs = ['--slice', '3 ms']\ntopology = '1n2l2c1t'\n"
          "kernels = ['6.12']\nchecks = { max_gap = '500ms', kernel_log_allow = ['a.c'] }\n"
          "constraints = { min_llcs = 2, smt = false }\ninclude = ['data']\nkernel_args = ['nohz=off']\n"
          "config = { path = '/etc/x', arg = '-c {file}' }\n"
          "[schedulers.built]\nprogram = 'build/scx'\nbuild = 'false'\nsources = ['ktstr.toml']\n"
          "[schedulers.gone]\nprogram = 'scx_gone'\n");
  }
};

TEST_F(Schedulers, ShowsWhatIsDeclaredAndWhatIsThere) {
  const Ran ran = run({"schedulers"});
  EXPECT_EQ(ran.status.value, 0) << ran.err;
  const std::string text = replace_all(ran.out, path("").parent_path().string(), "DIR");
  expect_golden("schedulers", replace_all(text, fs::path(KTSTR_PROGRAM).parent_path().string(), "BIN"));
}

TEST_F(Schedulers, OneOfThemAsJson) {
  const Ran ran = run({"schedulers", "mine", "--json"});
  const auto list = nlohmann::json::parse(ran.out, nullptr, false);
  ASSERT_EQ(list.size(), 1U) << ran.out << ran.err;
  EXPECT_EQ(list[0]["name"], "mine");
  EXPECT_EQ(list[0]["program"], path("scx_mine").string());
  EXPECT_EQ(list[0]["args"], nlohmann::json({"--slice", "3 ms"}));
  EXPECT_EQ(list[0]["checks"]["max_gap"], "500ms");
  EXPECT_EQ(list[0]["config"]["of_test"], true);
  const Ran other = run({"schedulers", "mine"}, {"KTSTR_SCHEDULER_MINE=/nowhere/scx"});
  EXPECT_THAT(other.out, HasSubstr("looked for KTSTR_SCHEDULER_MINE=/nowhere/scx"));
}

TEST_F(Schedulers, ThoseOfAScenarioFileComeFirst) {
  const fs::path file = good_scenario("[schedulers.mine]\nprogram = './other'\n[schedulers.own]\nprogram = './own'\n");
  const Ran ran = run({"schedulers", "--file", file.string()});
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("own ("), HasSubstr("'./other'"), HasSubstr("built ("), Not(HasSubstr("--slice"))));
}

TEST_F(Schedulers, OneThatIsNotDeclaredIsTheUsers) {
  const Ran ran = run({"schedulers", "mime"});
  EXPECT_EQ(ran.status.value, 64);
  EXPECT_THAT(ran.err, HasSubstr("no scheduler 'mime' is declared; did you mean 'mine'? known: mine, built, gone"));
  fs::remove(path("ktstr.toml"));
  EXPECT_THAT(run({"schedulers"}).out, HasSubstr("no scheduler is declared"));
}

TEST_F(Schedulers, ARunIsRefusedBeforeAnythingBoots) {
  const auto refused = [&](const std::string& scheduler, const std::string& words) {
    const Ran ran = run({"run", good_scenario().string(), "--mode", "det", "--scheduler", scheduler});
    EXPECT_EQ(ran.status.value, 64) << ran.err;
    EXPECT_THAT(ran.err, AllOf(HasSubstr(words), HasSubstr("hint: ")));
  };
  refused("mine", "--scheduler: the scheduler 'mine' takes a configuration, and there is none");
  refused("built", "scheduler 'built': its build `false` exited with status 1");
  refused("gone", "scheduler 'gone': no program: there is none; looked for KTSTR_SCHEDULER_GONE (not set)");
}

}  // namespace
}  // namespace ktstr
