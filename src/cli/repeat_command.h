// SPDX-License-Identifier: Apache-2.0
//
// The command line that makes a run again, complete and quoted for sh: what a person copies out of a failure.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/text/shell_words.h"
#include "cli/run_options.h"
#include "runner/runner.h"

namespace ktstr::cli {

// How one test is selected: the program and its words before the flags, {"run", "/abs/two.toml"} or {"--filter",
// "name"}.
struct Invocation {
  std::filesystem::path program;
  std::vector<std::string> selection;
  // Settings of the environment that decide what runs, "NAME=value".
  std::vector<std::string> environment;
};

// KTSTR_QEMU, KTSTR_AGENT and XDG_CACHE_HOME, where they are set.
std::vector<std::string> deciding_environment();

// A scenario file as it is written when its run is repeated from anywhere.
std::string named_for_repeat(const std::filesystem::path& file);

// `request` must be resolved (absolute paths, a mode other than auto). `options` tells what the command line had set.
std::string repeat_command(const Invocation& invocation, const RunRequest& request, const RunOptions& options);

}  // namespace ktstr::cli
