// SPDX-License-Identifier: Apache-2.0
//
// What the flags of all subcommands are made of. Only command_line.cpp includes what is in this folder: the parser's
// library is compiled once.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command_line.h"
#include "cli/host_options.h"

namespace ktstr::cli {

// CLI11 2.1 takes an empty word for a missing value: it travels through the parser as this.
inline constexpr std::string_view kEmptyWord = "\x01";

inline std::string veiled(const std::string& word) {
  const bool empty_value = word.starts_with("--") && word.find('=') == word.size() - 1;
  return word.empty() || empty_value ? word + std::string(kEmptyWord) : word;
}

inline std::string unveiled(const std::string& word) { return word == kEmptyWord ? std::string() : word; }

// Into a std::string or an optional one.
template <typename Text>
CLI::Option* add_text(CLI::App& app, const std::string& name, Text& into, const std::string& type,
                      const std::string& description) {
  const auto store = [&into](const std::string& word) { into = unveiled(word); };
  return app.add_option_function<std::string>(name, store, description)->type_name(type);
}

// Flags of settings, and their values.
class SettingFlags {
 public:
  // With `many_values` it may be given several times.
  void add(CLI::App& app, const Setting& setting, const char* help, bool many_values = false) {
    const auto keep = [this, &setting](std::string word) { words_.emplace_back(&setting, std::move(word)); };
    if (*setting.type != '\0')
      app.add_option_function<std::vector<std::string>>(
             setting.flags,
             [keep](const std::vector<std::string>& words) {
               for (const std::string& word : words) keep(unveiled(word));
             },
             help)
          ->type_name(setting.type)
          ->expected(1)
          ->multi_option_policy(many_values ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
    else
      app.add_flag_function(
          setting.flags,
          [keep](std::int64_t times) {
            if (times > 0) keep(std::to_string(times));
          },
          help);
  }
  void add(CLI::App& app, const Setting& setting) { add(app, setting, setting.help); }
  void add_all(CLI::App& app) {
    for (const Setting& setting : settings()) add(app, setting, setting.help, setting.is_axis || setting.is_list);
    app.footer(
        "--scheduler, --topology, --kernel and --work-type may be given several times: each combination is run.\n"
        "Words after -- are given to the test (Ctx::args()).");
  }

  Result<RunOptions> options(std::vector<std::string> args) const {
    RunOptions options;
    options.args = std::move(args);
    for (const auto& [setting, word] : words_) KTSTR_TRY(options.give(*setting, word));
    KTSTR_TRY(check_together(options));
    if (options.gives("--host")) KTSTR_TRY(check_host_options(options));
    return options;
  }

 private:
  std::vector<std::pair<const Setting*, std::string>> words_;
};

// None for a flag that was not given.
inline Result<std::optional<double>> seconds_of(std::string_view flag, const std::string& text) {
  if (text.empty()) return std::optional<double>();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value < 1e9))
    return fail(ErrorCode::kInvalidArgument, "{} '{}' is not a number of seconds, as 0.812", flag, text);
  return std::optional(value);
}

// A number from 1 to `most`.
inline Result<std::uint64_t> count_of(std::string_view flag, const std::string& text, std::uint64_t by_default,
                                      std::uint64_t most) {
  if (text.empty()) return by_default;
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > most)
    return fail(ErrorCode::kInvalidArgument, "{} '{}' is not a number from 1 to {}", flag, text, most);
  return count;
}

}  // namespace ktstr::cli
