// SPDX-License-Identifier: Apache-2.0
//
// The schema of KernelCI's database, version 4.3 (kcidb-io): a report without checkouts and builds of its own. Ids
// begin with the origin that sends them: "ktstr" until somebody who sends them sets another one.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text/printable.h"
#include "report/formats/report_format.h"

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kOrigin = "ktstr";

const char* status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return "PASS";
    case Outcome::kFail:
      return "FAIL";
    case Outcome::kSkip:
      return "SKIP";
    case Outcome::kInterrupted:
      return "MISS";
    default:
      return "ERROR";
  }
}

// Parts are joined by '.': of letters, digits, '_' and '-'.
std::string part_of_path(std::string_view name) {
  std::string part;
  for (const char c : name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    part += is_plain ? c : '_';
  }
  return part.empty() ? "_" : part;
}

}  // namespace

std::string kcidb_report(std::span<const ReportedRun> runs) {
  Json tests = Json::array();
  std::size_t number = 0;
  for (const ReportedRun& run : runs) {
    ++number;
    const std::string id = run.id.empty() ? fmt::format("not-made-{}", number) : run.id;
    Json misc = Json::object();
    for (const auto& [key, value] : run.properties) misc[key] = escaped(value);
    if (!run.repeat_command.empty()) misc["repeat_command"] = escaped(run.repeat_command);
    if (!run.message.empty()) misc["message"] = escaped(run.message);
    const std::string_view kernel = run.property("kernel");
    Json test = {{"id", fmt::format("{}:{}", kOrigin, id)},
                 {"origin", kOrigin},
                 {"build_id", fmt::format("{}:{}", kOrigin, kernel.empty() ? "host" : kernel)},
                 {"path", "ktstr." + part_of_path(run.test)},
                 {"comment", escaped(run.name)},
                 {"status", status_of(run.outcome)}};
    if (!run.started_at.empty()) test["start_time"] = run.started_at;
    test["duration"] = run.host_seconds;
    test["misc"] = std::move(misc);
    tests.push_back(std::move(test));
  }
  const Json report = {{"version", {{"major", 4}, {"minor", 3}}}, {"tests", std::move(tests)}};
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ktstr
