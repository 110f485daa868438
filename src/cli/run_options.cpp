// SPDX-License-Identifier: Apache-2.0
#include "cli/run_options.h"

#include <algorithm>

namespace ktstr::cli {

Status RunOptions::give(const Setting& setting, std::string text) {
  const Word word{setting.flag(), text};
  if (setting.set_session != nullptr) return setting.set_session(word, *this);
  RunRequest tried;
  KTSTR_TRY(setting.set(word, tried));
  given.emplace_back(&setting, std::move(text));
  return ok();
}

bool RunOptions::gives(std::string_view flag) const {
  return std::any_of(given.begin(), given.end(), [&](const auto& each) { return each.first->flag() == flag; });
}

std::vector<Axis> RunOptions::axes(bool on_host) const {
  std::vector<Axis> axes;
  for (const Setting& setting : settings()) {
    if (!setting.is_axis || (on_host && setting.of_guests)) continue;
    Axis axis{.name = setting.axis_name()};
    for (const auto& [each, text] : given)
      if (each == &setting) axis.values.push_back(text);
    if (axis.values.size() > 1) axes.push_back(std::move(axis));
  }
  return axes;
}

RunOptions RunOptions::at(const std::vector<AxisValue>& values) const {
  RunOptions options = *this;
  for (const auto& [axis, value] : values) {
    const auto is_other = [&, &axis = axis, &value = value](const auto& each) {
      return each.first->axis_name() == axis && each.second != value;
    };
    std::erase_if(options.given, is_other);
  }
  return options;
}

Status apply(const RunOptions& options, RunRequest& request) {
  request.settings.args = options.args;
  for (const auto& [setting, text] : options.given) KTSTR_TRY(setting->set({setting->flag(), text}, request));
  return ok();
}

Status check_together(const RunOptions& options) {
  if (options.gives("--shift") && options.gives("--cpu-mips"))
    return fail(ErrorCode::kInvalidArgument, "--shift and --cpu-mips exclude each other")
        .with_hint("both say how many instructions a guest second has");
  if (options.gives("--turn") && options.gives("--quantum"))
    return fail(ErrorCode::kInvalidArgument, "--turn and --quantum exclude each other")
        .with_hint("turns are ended by the plugin in QEMU (--turn) or by a timer in the guest (--quantum)");
  const auto to_output = std::count_if(options.reports.begin(), options.reports.end(),
                                       [](const ReportTarget& one) { return one.path == "-"; });
  if (to_output > 1 || (to_output == 1 && options.json))
    return fail(ErrorCode::kInvalidArgument, "standard output takes one of --report FORMAT:- and --json")
        .with_hint("give a file for the others");
  if (options.quiet && options.verbosity > 0)
    return Error(ErrorCode::kInvalidArgument, "--quiet and --verbose exclude each other");
  for (const auto& [name, values] : options.axes(false))
    for (auto value = values.begin(); value != values.end(); ++value)
      if (std::find(values.begin(), value, *value) != value)
        return fail(ErrorCode::kInvalidArgument, "--{} '{}' is given twice", name, *value)
            .with_hint("--repeat N runs it N times");
  if (!options.seeds) return ok();
  if (options.gives("--seed"))
    return fail(ErrorCode::kInvalidArgument, "--seed and --seeds exclude each other")
        .with_hint("--seeds runs every seed of a range, --seed one");
  if (options.repeat > 1)
    return fail(ErrorCode::kInvalidArgument, "--repeat and --seeds exclude each other")
        .with_hint("find a seed with --seeds first, then repeat it with --seed N --repeat M");
  return ok();
}

}  // namespace ktstr::cli
