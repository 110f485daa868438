// SPDX-License-Identifier: Apache-2.0
//
// The flags of everything that runs tests, one row each: those that scenario files have a key for from
// scenario_file/run_setting.h, and here those that are the command line's alone. From the rows come the help, what a
// flag does to a request, what host mode refuses, and the command that makes a run again (repeat_command.h).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runner/runner.h"
#include "scenario_file/run_setting.h"

namespace ktstr::cli {

struct RunOptions;

// As it stood on the command line.
struct Word {
  std::string_view flag, text;
};

struct Setting {
  const char* flags;  // "--seed", "-j,--jobs"
  const char* type;   // of the value, for the help; "": there is none, and the text is how often the flag was given
  const char* help;
  // Of a run's setting `set` and, where it is repeated, `show`, which gives what `set` reads; of a session's
  // `set_session`. kInvalidArgument names the flag and the value.
  std::function<Status(const Word& word, RunRequest& request)> set = nullptr;
  std::function<std::string(const RunRequest& request)> show = nullptr;
  Status (*set_session)(const Word& word, RunOptions& options) = nullptr;
  Repeated repeated = Repeated::kNever;
  bool of_guests = false, is_axis = false;  // as in RunSetting
  bool is_list = false;                     // may be given several times
  const char* before = "";  // in the help: the flag of the RunSetting that it stands before; "": at the end

  std::string_view flag() const;  // the long form
  std::string axis_name() const { return std::string(flag().substr(2)); }
};

// In the order of the help.
std::span<const Setting> settings();
// `flag` must be there.
const Setting& setting_of(std::string_view flag);

// As given to --kernel: an empty word names none.
Result<std::string> parse_kernel(std::string_view text);

}  // namespace ktstr::cli
