// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/commands/commands.h"
#include "cli/commands/doctor.h"
#include "cli/exit_status.h"
#include "cli/output.h"

namespace ktstr::cli {

namespace {

const char* mark_of(const Need& need) {
  if (need.met) return "ok";
  return need.optional ? "optional" : "MISSING";
}

bool lacking(const Need& need) { return !need.met && !need.optional; }

}  // namespace

int doctor_exit(const std::vector<Need>& needs) {
  return std::any_of(needs.begin(), needs.end(), lacking) ? kExitInfrastructure : kExitOk;
}

std::string needs_as_text(const std::vector<Need>& needs) {
  std::string text;
  for (const Need& need : needs) {
    text += fmt::format("{:<9} {:<13} {}\n", mark_of(need), need.name, need.found);
    if (!need.met) text += fmt::format("{:<24}-> {}\n", "", need.remedy);
  }
  const auto missing = std::count_if(needs.begin(), needs.end(), lacking);
  return text + (missing == 0 ? "ready to run\n" : fmt::format("not ready: {} missing\n", missing));
}

std::string needs_as_json(const std::vector<Need>& needs) {
  nlohmann::json list = nlohmann::json::array();
  for (const Need& need : needs) {
    list.push_back({{"name", need.name}, {"optional", need.optional}, {"met", need.met}, {"found", need.found}});
    if (!need.met) list.back()["remedy"] = need.remedy;
  }
  return nlohmann::json{{"ready", doctor_exit(needs) == kExitOk}, {"needs", list}}.dump(
             2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

int execute(const DoctorCommand& command) {
  const std::vector<Need> needs = examine_machine(RunnerEnvironment::from_process());
  const Status printed = print_out(command.json ? needs_as_json(needs) : needs_as_text(needs));
  return printed ? doctor_exit(needs) : report_error(printed.error());
}

}  // namespace ktstr::cli
