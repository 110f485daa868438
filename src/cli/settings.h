// SPDX-License-Identifier: Apache-2.0
//
// The settings of runs, one row each. From the rows come the flags of everything that runs tests and their help, what a
// flag does to a request, what host mode refuses, and the command that makes a run again (repeat_command.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runner/runner.h"

namespace ktstr::cli {

struct RunOptions;

// As it stood on the command line.
struct Word {
  std::string_view flag, text;
};

// Whether the command that makes a run again says a setting: where the command line did; also where the request has
// another value than by default.
enum class Repeated { kNever, kWhereGiven, kWhereGivenOrOther, kAlways };

struct Setting {
  const char* flags;  // "--seed", "-j,--jobs"
  const char* type;   // of the value, for the help; "": there is none, and the text is how often the flag was given
  const char* help;
  // Of a run's setting `set` and, where it is repeated, `show`, which gives what `set` reads; of a session's
  // `set_session`. kInvalidArgument names the flag and the value.
  Status (*set)(const Word& word, RunRequest& request) = nullptr;
  std::string (*show)(const RunRequest& request) = nullptr;
  Status (*set_session)(const Word& word, RunOptions& options) = nullptr;
  Repeated repeated = Repeated::kNever;
  bool of_guests = false;  // chooses or shapes the guest: means nothing in host mode
  bool is_axis = false;    // may be given several times: runs with each of the values

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
