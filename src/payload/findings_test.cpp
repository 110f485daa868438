// SPDX-License-Identifier: Apache-2.0
#include "payload/findings.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using enum PayloadKill;

Payload with(std::vector<PayloadCheck> checks) {
  Payload payload = Payload::program("fio", "fio").output(Payload::Output::kJson).metric({.name = "iops"});
  for (PayloadCheck& check : checks) payload.check(std::move(check));
  return payload;
}

PayloadReport ended(double iops) {
  return {.name = "fio",
          .cgroup = "cg_0",
          .exit = "exited with status 0",
          .exit_code = 0,
          .metrics = {{"iops", iops, Polarity::kHigher, "IO/s"}}};
}

TEST(PayloadFindings, AreNoneWhenEveryCheckHolds) {
  const Payload payload =
      with({PayloadCheck::min("iops", 10), PayloadCheck::max("iops", 10), PayloadCheck::exists("iops"),
            PayloadCheck::range("iops", 10, 11), PayloadCheck::exit_code(0)});
  EXPECT_THAT(evaluate(payload, ended(10), kAsked), IsEmpty()) << "limits belong to what is allowed";
}

TEST(PayloadFindings, NameTheBrokenLimitAndWhatWasMeasured) {
  const Payload payload = with({PayloadCheck::min("iops", 11), PayloadCheck::max("iops", 9),
                                PayloadCheck::range("iops", 11, 12), PayloadCheck::range("iops", 1, 2)});
  const auto findings = evaluate(payload, ended(10), kAsked);
  ASSERT_THAT(findings, SizeIs(4));
  EXPECT_EQ(findings[0].message, "payload 'fio' in cgroup 'cg_0': iops >= 11 does not hold: 10 IO/s");
  EXPECT_EQ(findings[0].kind, PayloadFinding::Kind::kBreach);
  const double limits[] = {11, 9, 11, 2};
  for (std::size_t i = 0; i < findings.size(); ++i) {
    EXPECT_EQ(findings[i].measured, 10);
    EXPECT_EQ(findings[i].limit, limits[i]);
  }
}

TEST(PayloadFindings, BreakEveryCheckOnAMissingMetricWithTheReason) {
  PayloadReport report = ended(0);
  report.metrics.clear();
  report.missing = {"iops: its output holds no JSON document"};
  const auto findings = evaluate(with({PayloadCheck::exists("iops"), PayloadCheck::max("iops", 5)}), report, kAsked);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_THAT(findings[0].message, HasSubstr("iops is missing: its output holds no JSON document"));
  EXPECT_FALSE(findings[1].measured);
  EXPECT_EQ(findings[1].limit, 5);
}

TEST(PayloadFindings, PutTheExitFirst) {
  PayloadReport report = ended(1);
  report.exit = "exited with status 3";
  report.exit_code = 3;
  const auto findings = evaluate(with({PayloadCheck::min("iops", 2), PayloadCheck::exit_code(0)}), report, kAsked);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_THAT(findings[0].message, HasSubstr("exit code 0 does not hold: it exited with status 3"));
  EXPECT_EQ(findings[0].measured, 3);
}

TEST(PayloadFindings, JudgeTheExitOfOneThatDiedByASignalOfItsOwn) {
  PayloadReport report = ended(1);
  report.exit = "killed by signal 11 (SIGSEGV)";
  report.exit_code = -1;
  const auto findings = evaluate(with({PayloadCheck::exit_code(0)}), report, kAsked);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, PayloadFinding::Kind::kBreach);
  EXPECT_THAT(findings[0].message, HasSubstr("it was killed by signal 11 (SIGSEGV)"));
  EXPECT_FALSE(findings[0].measured);
}

TEST(PayloadFindings, DoNotBlameTheExitOfOneThatTheScenarioKilled) {
  PayloadReport report = ended(1);
  report.killed = true;
  report.exit_code = -1;
  const auto findings = evaluate(with({PayloadCheck::exit_code(0), PayloadCheck::min("iops", 2)}), report, kAsked);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[0].kind, PayloadFinding::Kind::kNote);
  EXPECT_EQ(findings[1].kind, PayloadFinding::Kind::kBreach) << "its metrics are judged all the same";
  EXPECT_THAT(evaluate(with({}), report, kAsked), IsEmpty());
}

TEST(PayloadFindings, CannotJudgeTheExitOfOneThatHadNoTimeLeft) {
  PayloadReport report = ended(1);
  report.killed = true;
  report.exit_code = -1;
  const auto findings = evaluate(with({PayloadCheck::exit_code(0)}), report, kOutOfTime);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, PayloadFinding::Kind::kNotJudged);
  EXPECT_THAT(findings[0].message, HasSubstr("exit code 0 cannot be judged: it still ran when its time was over"));
  EXPECT_THAT(evaluate(with({}), report, kOutOfTime), IsEmpty()) << "nothing asks for its end";
}

TEST(PayloadFindings, CannotJudgeAMetricThatAKilledOneHadNotPrinted) {
  PayloadReport report = ended(0);
  report.killed = true;
  report.metrics.clear();
  report.missing = {"iops: its output holds no JSON document"};
  for (const PayloadKill why : {kAsked, kOutOfTime}) {
    const auto findings = evaluate(with({PayloadCheck::min("iops", 2)}), report, why);
    ASSERT_THAT(findings, SizeIs(1));
    EXPECT_EQ(findings[0].kind, PayloadFinding::Kind::kNotJudged);
    EXPECT_THAT(findings[0].message,
                HasSubstr("iops >= 2 cannot be judged: iops is missing: its output holds no JSON"));
  }
}

TEST(PayloadFindings, AreBreachesOfAnEndThatNoCheckAskedFor) {
  PayloadReport report = ended(10);
  EXPECT_THAT(evaluate(with({}), report, kAsked), IsEmpty());
  report.exit = "exited with status 3";
  report.exit_code = 3;
  auto findings = evaluate(with({PayloadCheck::min("iops", 1)}), report, kAsked);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].kind, PayloadFinding::Kind::kBreach);
  EXPECT_EQ(findings[0].message, "payload 'fio' in cgroup 'cg_0' exited with status 3");
  EXPECT_EQ(findings[0].measured, 3);
  EXPECT_THAT(evaluate(with({PayloadCheck::exit_code(3)}), report, kAsked), IsEmpty()) << "a check asks for it";
  report.exit = "killed by signal 9 (SIGKILL) by the kernel's OOM killer";
  report.exit_code = -1;
  report.oom_killed = true;
  findings = evaluate(with({}), report, kAsked);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].message, HasSubstr("was killed by signal 9 (SIGKILL) by the kernel's OOM killer; give the "
                                             "guest more memory (`memory`)"));
}

TEST(PayloadFindings, SayWhatTheyLookedAt) {
  EXPECT_EQ(describe_checks(with({})), "exit code 0 unless it is killed");
  EXPECT_EQ(describe_checks(with({PayloadCheck::min("iops", 2), PayloadCheck::exit_code(3)})),
            "iops >= 2, exit code 3");
}

}  // namespace
}  // namespace ktstr
