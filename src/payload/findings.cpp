// SPDX-License-Identifier: Apache-2.0
#include "payload/findings.h"

#include <algorithm>

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

std::optional<PayloadFinding> exit_finding(const PayloadCheck& check, const PayloadReport& report) {
  if (report.killed)
    return PayloadFinding{
        .kind = PayloadFinding::Kind::kNote,
        .message = fmt::format("{}: {} is not judged: the scenario killed it", who(report), check.describe()),
        .limit = check.low};
  if (report.exit_code == static_cast<int>(check.low)) return {};
  PayloadFinding finding{.message = fmt::format("{}: {} does not hold: it {}", who(report), check.describe(),
                                                report.exit.starts_with("killed") ? "was " + report.exit : report.exit),
                         .limit = check.low};
  if (report.exit_code >= 0) finding.measured = report.exit_code;
  return finding;
}

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
    PayloadFinding finding{.message =
                               fmt::format("{}: {} does not hold: {} is missing: {}{}", who(report), check.describe(),
                                           check.metric, why_missing(report, check.metric),
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

std::vector<PayloadFinding> evaluate(const Payload& payload, const PayloadReport& report) {
  std::vector<PayloadFinding> findings;
  for (const bool exit : {true, false})
    for (const PayloadCheck& check : payload.checks()) {
      if ((check.kind == Kind::kExitCode) != exit) continue;
      auto finding = exit ? exit_finding(check, report) : metric_finding(check, report);
      if (finding) findings.push_back(*std::move(finding));
    }
  return findings;
}

}  // namespace ktstr
