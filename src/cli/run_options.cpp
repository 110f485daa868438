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

const std::string* RunOptions::text_of(std::string_view flag) const {
  const auto found =
      std::find_if(given.begin(), given.end(), [&](const auto& each) { return each.first->flag() == flag; });
  return found == given.end() ? nullptr : &found->second;
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
