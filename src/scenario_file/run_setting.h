// SPDX-License-Identifier: Apache-2.0
//
// The settings of a run that a scenario file has a key for, one row each. From the rows come the keys, their part of
// the reference page, and the flags of the same settings (cli/settings.h). What only the command line says has its row
// there.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ktstr/run_settings.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

// Whether the command that makes a run again says a setting: where the command line did; also where the request has
// another value than by default.
enum class Repeated { kNever, kWhereGiven, kWhereGivenOrOther, kAlways };

struct RunSetting {
  const char* key;
  TomlValue::Kind kind = TomlValue::Kind::kString;  // kFloat: with or without a fraction
  const char* accepted;                             // "a text like \"2s\""
  const char* meaning;                              // for the reference page and the flag's help
  const char* flags = "";                           // "--seed"; "": there is none
  const char* type = "";                            // of the flag's value, for the help
  // Of a text, or a number as text. What is wrong with it, kInvalidArgument says without the setting's name.
  Status (*set)(std::string_view text, RunSettings& settings);
  // What `set` reads; of settings with a flag.
  std::string (*show)(const RunSettings& settings) = nullptr;
  // Of values that may be more than a text or a number: the text of one, empty where it is missing or a mistake.
  std::optional<std::string> (*read)(TableReader& table, std::string_view key) = nullptr;
  Repeated repeated = Repeated::kNever;
  bool of_guests = false;  // chooses or shapes the guest: means nothing in host mode
  bool is_axis = false;    // may be given several times: runs with each of the values
};

// In the order of the help.
std::span<const RunSetting> run_settings();

// Of the key, where it is there. False for a mistake, which is then among those of `table`.
bool read_key(const RunSetting& setting, TableReader& table, RunSettings& settings);

}  // namespace ktstr
