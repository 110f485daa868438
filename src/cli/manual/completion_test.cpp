// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/completion.h"

#include <gmock/gmock.h>

#include "ktstr/vary.h"

namespace ktstr::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

std::vector<Candidate> some_values(ValueSource source) {
  switch (source) {
    case ValueSource::kRuns:
      return {{"last", "the newest"}, {"2026-a", "two: pass"}, {"2026-b", "two: fail"}};
    case ValueSource::kScenarios:
      return {{":steady", ""}, {":steady_llc", ""}, {":hotplug", ""}};
    case ValueSource::kFormats:
      return {{"junit:", ""}, {"ktap:", ""}};
    case ValueSource::kKernels:
      return {{"7.3.4", ""}};
    default:
      return {{"of_another_list", ""}};
  }
}

Completion completed(const std::vector<std::string>& words) { return complete(command_tree(), words, some_values); }

std::vector<std::string> candidates(const std::vector<std::string>& words) {
  std::vector<std::string> values;
  for (Candidate& each : completed(words).candidates) values.push_back(std::move(each.value));
  return values;
}

TEST(Completion, OfCommandsAndThoseBelowThem) {
  EXPECT_THAT(candidates({"r"}), ElementsAre("run", "replay", "races", "runs", "report"));
  EXPECT_THAT(candidates({"runs", ""}), ElementsAre("list", "show", "export", "clean"));
  EXPECT_THAT(candidates({"runs", "list", "l"}), IsEmpty());
  EXPECT_THAT(candidates({"nothing", "r"}), ElementsAre("run", "replay", "races", "runs", "report"));
}

TEST(Completion, OfFlagsThatMayStillFollow) {
  EXPECT_THAT(candidates({"run", "--see"}), ElementsAre("--seed", "--seeds"));
  EXPECT_THAT(candidates({"run", "--seed", "1", "--see"}), ElementsAre("--seeds"));
  EXPECT_THAT(candidates({"run", "--kernel", "a", "--ker"}), ElementsAre("--kernel"));
  EXPECT_THAT(candidates({"doctor", ""}), Contains("--json"));
}

TEST(Completion, OfValuesAfterTheirFlag) {
  EXPECT_THAT(candidates({"run", "--mode", ""}), ElementsAre("det", "kvm", "tcg", "auto"));
  EXPECT_THAT(candidates({"run", "--mode=k"}), ElementsAre("--mode=kvm"));
  EXPECT_THAT(candidates({"run", "-j", ""}), ElementsAre("auto"));
  EXPECT_THAT(candidates({"run", "--kernel", "7"}), ElementsAre("7.3.4"));
  EXPECT_EQ(completed({"run", "--kernel", "7"}).files, Completion::Files::kAny);
  EXPECT_THAT(candidates({"run", "--vary", "random,of"}), ElementsAre("random,offsets"));
  EXPECT_THAT(candidates({"replay", "last", "--with", "console,"}), ElementsAre("console,console", "console,events"));
  EXPECT_THAT(candidates({"run", "--seed", ""}), IsEmpty());
}

TEST(Completion, OfVaryIsWhatItTakes) {
  for (const std::string& each : candidates({"run", "--vary", ""})) EXPECT_TRUE(VarySet::parse(each)) << each;
}

TEST(Completion, OfWordsThatAreNoFlags) {
  EXPECT_THAT(candidates({"run", ":st"}), ElementsAre(":steady", ":steady_llc"));
  EXPECT_EQ(completed({"run", ""}).files, Completion::Files::kToml);
  EXPECT_THAT(candidates({"run", "a.toml", ":st"}), IsEmpty());
  EXPECT_THAT(candidates({"run", "a.toml", ""}), Contains("--seed"));
  EXPECT_THAT(candidates({"replay", "2026"}), ElementsAre("2026-a", "2026-b"));
  EXPECT_THAT(candidates({"runs", "clean", "2026-a", "2026"}), ElementsAre("2026-a", "2026-b"));
  EXPECT_THAT(candidates({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
}

TEST(Completion, OfAReportsFormatAndThenItsFile) {
  EXPECT_THAT(candidates({"run", "--report", "j"}), ElementsAre("junit:"));
  EXPECT_EQ(completed({"run", "--report", "j"}).files, Completion::Files::kNone);
  EXPECT_EQ(completed({"run", "--report", "junit:a"}).files, Completion::Files::kAny);
}

TEST(Completion, AProgramsOwnWordsAreFiles) {
  EXPECT_EQ(completed({"test", "./mine", "--l"}).files, Completion::Files::kAny);
  EXPECT_EQ(completed({"run", ":steady", "--", "--se"}).files, Completion::Files::kAny);
  EXPECT_THAT(candidates({"run", ":steady", "--", "--se"}), IsEmpty());
}

TEST(Completion, LinesHaveOneCandidateEach) {
  EXPECT_EQ(to_lines({.files = Completion::Files::kToml, .candidates = {{"a", "two\nlines\tof it"}}}),
            "toml\na\ttwo lines of it\n");
  EXPECT_EQ(to_lines({}), "none\n");
}

}  // namespace
}  // namespace ktstr::cli
