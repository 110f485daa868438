// SPDX-License-Identifier: Apache-2.0
//
// The text is compared with golden/explore*.txt: see text_report_test.cpp.
#include "report/explore_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/testing/approved.h"
#include "report/testing/sample_records.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Exploration passing(std::uint64_t seeds) {
  Exploration found;
  found.test = "two_cgroups";
  found.mode = "det";
  found.range = {1, seeds};
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    found.results.push_back({seed, Outcome::kPass, "5b1c0de2a94f77e0", "id" + std::to_string(seed)});
  return found;
}

Exploration with_failures() {
  Exploration found = passing(50);
  for (const std::uint64_t seed : {7U, 19U, 20U, 21U, 44U}) found.results[seed - 1].outcome = Outcome::kFail;
  found.results[2].outcome = Outcome::kInfrastructure;
  found.first_trouble = "seed 3: the guest did not say hello within 60 s of host time";
  found.results[3].outcome = Outcome::kInconclusive;
  found.results.resize(48);
  found.groups = {{"stuck",
                   "worker # of cg_0 did not run for # (limit #)",
                   {7, 19, 20, 21},
                   "worker 3 of cg_0 did not run for 2412 ms (limit 2000 ms)",
                   "ktstr run /tmp/two_cgroups.toml --mode det --seed 7",
                   "/home/me/.local/state/ktstr/runs/20261124-013855.417-two_cgroups-3fa2"},
                  {"kernel_panic",
                   "the guest's kernel panicked: Fatal exception in interrupt",
                   {44},
                   "the guest's kernel panicked: Fatal exception in interrupt",
                   "ktstr run /tmp/two_cgroups.toml --mode det --seed 44",
                   "/home/me/.local/state/ktstr/runs/20261124-013912.002-two_cgroups-81c0"}};
  return found;
}

TEST(ExploreReport, OfPassesIsShort) { expect_approved("explore_pass", explore_report(passing(200))); }

TEST(ExploreReport, GroupsFailuresAndSaysHowToRepeatThem) {
  expect_approved("explore_failures", explore_report(with_failures()));
}

TEST(ExploreReport, InRealTimeSaysThatASeedNeedNotFailAgain) {
  Exploration found = with_failures();
  found.mode = "kvm";
  found.vary = "handover,offsets";
  expect_approved("explore_kvm", explore_report(found));
}

TEST(ExploreReport, SaysWhichPolicyFailedHowOften) {
  Exploration found = with_failures();
  EXPECT_THAT(explore_report(found), Not(HasSubstr("policies")));
  for (SeedResult& result : found.results) result.policy = result.seed % 3 == 0 ? "uniform" : "pct";
  EXPECT_THAT(explore_report(found), HasSubstr("\n  policies   failed: 4 of 31 with pct, 1 of 15 with uniform\n"));
  EXPECT_EQ(nlohmann::json::parse(explore_json(found))["results"][0]["policy"], "pct");
}

TEST(ExploreReport, OfNothingDecidedGivesNoRate) {
  Exploration found = passing(2);
  for (SeedResult& result : found.results) result.outcome = Outcome::kInfrastructure;
  EXPECT_THAT(explore_report(found), HasSubstr("no seed was decided"));
  EXPECT_THAT(explore_report(found), HasSubstr("ERROR"));
  const auto json = nlohmann::json::parse(explore_json(found));
  EXPECT_TRUE(json["rate"].is_null());
  EXPECT_EQ(json["rate_high"], 1.0);
}

TEST(ExploreReport, NeverPassesOnWhatAGuestCouldDoToTheTerminal) {
  Exploration found = with_failures();
  found.groups[0].message = found.groups[0].where = found.first_trouble = "\x1b]0;title\a\x1b[2J\r\bx";
  for (const char c : explore_report(found)) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

TEST(ExploreJson, HasWhatAProgramNeeds) {
  const auto json = nlohmann::json::parse(explore_json(with_failures()));
  EXPECT_EQ(json["seeds"], (nlohmann::json{{"from", 1}, {"to", 50}}));
  EXPECT_EQ(json["runs"], 48);
  EXPECT_EQ(json["failed"], 5);
  EXPECT_EQ(json["infrastructure"], 1);
  EXPECT_EQ(json["not_run"], 2);
  EXPECT_NEAR(json["rate"].get<double>(), 5.0 / 46, 1e-9);
  EXPECT_LT(json["rate_low"], json["rate"]);
  EXPECT_GT(json["rate_high"], json["rate"]);
  const auto& group = json["groups"][0];
  EXPECT_EQ(group["signature"], "stuck: worker # of cg_0 did not run for # (limit #)");
  EXPECT_EQ(group["count"], 4);
  EXPECT_EQ(group["smallest_seed"], 7);
  EXPECT_EQ(group["seeds"], (nlohmann::json{7, 19, 20, 21}));
  for (const char* key : {"kind", "where", "message", "repeat_command", "run_dir"}) EXPECT_NE(group[key], "") << key;
  EXPECT_EQ(json["results"][6],
            (nlohmann::json{{"seed", 7}, {"outcome", "fail"}, {"digest", "5b1c0de2a94f77e0"}, {"id", "id7"}}));
  EXPECT_EQ(nlohmann::json::parse(explore_json(std::vector{passing(1), passing(2)})).size(), 2U);
}

TEST(ExploreJson, NamesTheCellOfAMatrix) {
  Exploration found = passing(1);
  EXPECT_FALSE(nlohmann::json::parse(explore_json(found)).contains("cell"));
  found.cell = {{"topology", "1n2l2c1t"}, {"scheduler", ""}};
  EXPECT_EQ(nlohmann::json::parse(explore_json(found))["cell"],
            (nlohmann::json{{"topology", "1n2l2c1t"}, {"scheduler", ""}}));
}

TEST(SeedLine, SaysWhatWasFound) {
  EXPECT_EQ(seed_line(passing_record()), "seed 1: pass, digest 5b1c0de2a94f\n");
  EXPECT_THAT(seed_line(stalled_record()), HasSubstr("seed 1: fail, scheduler_stalled: the kernel's watchdog"));
  EXPECT_THAT(seed_line(lost_record()), HasSubstr("infrastructure, the guest did not say hello"));
  EXPECT_THAT(seed_line(lost_record()), Not(HasSubstr("digest")));
}

}  // namespace
}  // namespace ktstr
