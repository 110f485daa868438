// SPDX-License-Identifier: Apache-2.0
#include "model/names.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

template <typename E>
void expect_texts_lead_back() {
  for (const auto& [value, text] : names_of(E{})) EXPECT_EQ(enum_from<E>(text), value) << text;
  EXPECT_EQ(enum_from<E>(""), std::nullopt);
  EXPECT_EQ(enum_from<E>("unknown"), std::nullopt);
}

TEST(Names, LeadBackToTheirValues) {
  expect_texts_lead_back<Verdict>();
  expect_texts_lead_back<DetailKind>();
  expect_texts_lead_back<Polarity>();
  expect_texts_lead_back<Vary>();
  expect_texts_lead_back<StepMark::Kind>();
}

TEST(Names, EndWithTheLastValue) {
  EXPECT_EQ(names_of(Verdict{}).last(), Verdict::kFail);
  EXPECT_EQ(names_of(DetailKind{}).last(), DetailKind::kNote);
  EXPECT_EQ(names_of(StepMark::Kind{}).last(), StepMark::Kind::kScenarioEnd);
}

TEST(Names, OfEarlierProgramsAreReadAndNotWritten) {
  EXPECT_EQ(enum_from<StepMark::Kind>("hold_start"), StepMark::Kind::kScenarioResume);
  EXPECT_EQ(to_string(StepMark::Kind::kScenarioResume), "scenario_resume");
}

TEST(Names, AreUnknownOfWhatIsNoValue) { EXPECT_EQ(to_string(static_cast<Polarity>(9)), "unknown"); }

TEST(Marks, SayWhatHappened) {
  EXPECT_EQ(what_happened({.kind = StepMark::Kind::kScenarioStart}), "scenario began");
  EXPECT_EQ(what_happened({.kind = StepMark::Kind::kScenarioPause, .step = 3}), "step 3 paused");
}

}  // namespace
}  // namespace ktstr
