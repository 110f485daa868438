// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "workload/types/work_types.h"

namespace ktstr::cli {

namespace {

int printed(const std::string& text) {
  const Status done = print_out(text);
  return done ? kExitOk : report_error(done.error());
}

nlohmann::json to_json(std::string_view name, const WorkType& type) {
  nlohmann::json parameters = nlohmann::json::array();
  for (const ShownParameter& each : shown_parameters(type))
    parameters.push_back({{"name", each.name}, {"default", each.value}, {"rule", each.rule}});
  return {{"name", name},
          {"pressure", work_pressure(type)},
          {"measures", work_measures(type)},
          {"cost", work_cost(type)},
          {"workers", fitting_workers(type, 1)},
          {"parameters", parameters}};
}

}  // namespace

int execute(const WorkListCommand& command) {
  std::string text;
  nlohmann::json list = nlohmann::json::array();
  for (const std::string_view name : work_type_names()) {
    const auto type = make_work_type(name, {});
    if (!type) return report_error(type.error());
    text += fmt::format("{:<26} {:>7}  {}\n", name, fitting_workers(*type, 1), work_pressure(*type));
    list.push_back(to_json(name, *type));
  }
  if (command.json) return printed(list.dump(2) + "\n");
  return printed(fmt::format("{:<26} {:>7}  {}\n", "work type", "workers", "what it does to a scheduler") + text);
}

int execute(const WorkShowCommand& command) {
  const auto type = make_work_type(command.name, {});
  if (!type) return report_error(type.error());
  const int workers = fitting_workers(*type, 1);
  std::string text = fmt::format("{}: {}\n", command.name, work_pressure(*type));
  if (workers > 1) text += fmt::format("  workers    in groups of {}, with these parameters\n", workers);
  if (!work_measures(*type).empty()) text += fmt::format("  measures   {}\n", work_measures(*type));
  text += fmt::format("  own cost   {}\n", work_cost(*type));
  for (const ShownParameter& each : shown_parameters(*type))
    text += fmt::format("  {:<20} {:<24} {}\n", each.name, each.value, each.rule);
  return printed(text + fmt::format("\nTry it: ktstr work try {}\n", command.name));
}

}  // namespace ktstr::cli
