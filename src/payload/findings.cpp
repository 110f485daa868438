// SPDX-License-Identifier: Apache-2.0
#include "payload/findings.h"

#include <algorithm>

#include "base/system/how_it_ended.h"

namespace ktstr {

namespace {

using Kind = PayloadCheck::Kind;

std::string who(const PayloadReport& report) {
  if (report.cgroup.empty()) return fmt::format("payload '{}'", report.name);
  return fmt::format("payload '{}' in cgroup '{}'", report.name, report.cgroup);
}

// Why it is missing, as the report has it: "write_iops: no 'iops' in ...".
std::string why_missing(const PayloadReport& report, const std::string& metric) {
  for (const std::string& reason : report.missing)
    if (reason.starts_with(metric + ": ")) return reason.substr(metric.size() + 2);
  return "its output was not read";
}

std::string way_out(const PayloadReport& report) {
  return report.oom_killed ? "; give the guest more memory (`memory`), or its cgroup a higher memory_max" : "";
}

std::optional<PayloadFinding> exit_finding(const PayloadCheck& check, const PayloadReport& report, PayloadKill why) {
  if (report.killed && why == PayloadKill::kAsked)
    return PayloadFinding{
        .kind = PayloadFinding::Kind::kNote,
        .message = fmt::format("{}: {} is not judged: the scenario killed it", who(report), check.describe()),
        .limit = check.low};
  if (report.killed)
    return PayloadFinding{.kind = PayloadFinding::Kind::kNotJudged,
                          .message = fmt::format("{}: {} cannot be judged: it still ran when its time was over; wait "
                                                 "for it (wait_payload), and give the scenario a longer duration",
                                                 who(report), check.describe()),
                          .limit = check.low};
  if (report.exit_code == static_cast<int>(check.low)) return {};
  PayloadFinding finding{.message = fmt::format("{}: {} does not hold: it {}{}", who(report), check.describe(),
                                                how_it_ended(report.exit), way_out(report)),
                         .limit = check.low};
  if (report.exit_code >= 0) finding.measured = report.exit_code;
  return finding;
}

// Of a payload without a check on its exit code.
std::optional<PayloadFinding> failed_end(const PayloadReport& report) {
  if (report.killed || report.exit_code == 0) return {};
  PayloadFinding finding{.message = fmt::format("{} {}{}", who(report), how_it_ended(report.exit), way_out(report)),
                         .limit = 0.0};
  if (report.exit_code >= 0) finding.measured = report.exit_code;
  return finding;
}

bool is_on_exit(const PayloadCheck& check) { return check.kind == Kind::kExitCode; }

std::optional<double> broken_limit(const PayloadCheck& check, double value) {
  const bool has_low = check.kind == Kind::kMin || check.kind == Kind::kRange;
  const bool has_high = check.kind == Kind::kMax || check.kind == Kind::kRange;
  if (has_low && value < check.low) return check.low;
  if (has_high && value > check.high) return check.high;
  return {};
}

std::optional<PayloadFinding> metric_finding(const PayloadCheck& check, const PayloadReport& report) {
  const auto found = std::find_if(report.metrics.begin(), report.metrics.end(),
                                  [&](const PayloadValue& value) { return value.name == check.metric; });
  if (found == report.metrics.end()) {
    PayloadFinding finding{
        .kind = report.killed ? PayloadFinding::Kind::kNotJudged : PayloadFinding::Kind::kBreach,
        .message = fmt::format("{}: {} {}: {} is missing: {}{}", who(report), check.describe(),
                               report.killed ? "cannot be judged" : "does not hold", check.metric,
                               why_missing(report, check.metric),
                               report.killed ? "; the scenario killed it before it ended by itself" : "")};
    if (check.kind == Kind::kMin || check.kind == Kind::kRange) finding.limit = check.low;
    if (check.kind == Kind::kMax) finding.limit = check.high;
    return finding;
  }
  const auto limit = broken_limit(check, found->value);
  if (!limit) return {};
  return PayloadFinding{.message = fmt::format("{}: {} does not hold: {}{}{}", who(report), check.describe(),
                                               found->value, found->unit.empty() ? "" : " ", found->unit),
                        .measured = found->value,
                        .limit = limit};
}

}  // namespace

std::vector<PayloadFinding> evaluate(const Payload& payload, const PayloadReport& report, PayloadKill why) {
  std::vector<PayloadFinding> findings;
  const auto add = [&](std::optional<PayloadFinding> finding) {
    if (finding) findings.push_back(*std::move(finding));
  };
  const auto& checks = payload.checks();
  if (std::none_of(checks.begin(), checks.end(), is_on_exit)) add(failed_end(report));
  for (const PayloadCheck& check : checks)
    if (is_on_exit(check)) add(exit_finding(check, report, why));
  for (const PayloadCheck& check : checks)
    if (!is_on_exit(check)) add(metric_finding(check, report));
  return findings;
}

std::string describe_checks(const Payload& payload) {
  const auto& checks = payload.checks();
  std::string text = std::none_of(checks.begin(), checks.end(), is_on_exit) ? "exit code 0 unless it is killed" : "";
  for (const PayloadCheck& check : checks) text += (text.empty() ? "" : ", ") + check.describe();
  return text;
}

}  // namespace ktstr
