// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/smaller.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SmallerScenarios, LeaveOutATableOrHalveWorkersOrTime) {
  const std::string text =
      "name = \"t\"\nduration = \"80ms\"  # short\n\n[[cgroup]]\nname = \"a\"\nworkers = 3\n\n[[cgroup]]\nname = "
      "\"b\"\n";
  EXPECT_THAT(smaller_scenarios(text),
              ElementsAre("name = \"t\"\nduration = \"80ms\"  # short\n\n[[cgroup]]\nname = \"b\"\n",
                          "name = \"t\"\nduration = \"80ms\"  # short\n\n[[cgroup]]\nname = \"a\"\nworkers = 3\n\n",
                          "name = \"t\"\nduration = \"40ms\"  # short\n\n[[cgroup]]\nname = \"a\"\nworkers = 3\n\n"
                          "[[cgroup]]\nname = \"b\"\n",
                          "name = \"t\"\nduration = \"80ms\"  # short\n\n[[cgroup]]\nname = \"a\"\nworkers = 1\n\n"
                          "[[cgroup]]\nname = \"b\"\n"));
}

TEST(SmallerScenarios, WhatBelongsToATableGoesWithIt) {
  const std::string text = "[[step]]\nhold = \"1s\"\n[[step.op]]\nx = 1\n[checks]\n[[step]]\n";
  EXPECT_THAT(smaller_scenarios(text),
              ElementsAre("[checks]\n[[step]]\n", "[[step]]\nhold = \"1s\"\n[checks]\n[[step]]\n",
                          "[[step]]\nhold = \"1s\"\n[[step.op]]\nx = 1\n[checks]\n"));
}

TEST(SmallerScenarios, ThereIsAnEndToIt) {
  EXPECT_THAT(smaller_scenarios(""), IsEmpty());
  EXPECT_THAT(smaller_scenarios("duration = \"9ms\"\n[checks]\nworkers = 1\n"), IsEmpty());
  EXPECT_THAT(smaller_scenarios("[x]\nduration = \"90ms\"\n"), IsEmpty()) << "it is not the test's";
}

}  // namespace
}  // namespace ktstr
