// SPDX-License-Identifier: Apache-2.0
#include "results/run_id.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "base/text/digit.h"

namespace ktstr {

namespace {

constexpr std::size_t kLongestTest = 64;
constexpr std::string_view kShape = "dddddddd-dddddd.ddd-";  // d: a digit

std::tm utc(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return parts;
}

bool is_plain(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

}  // namespace

std::string make_run_id(std::chrono::system_clock::time_point now, std::string_view test, std::uint16_t random) {
  std::string name(test.substr(0, kLongestTest));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_plain(c); }, '_');
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  const std::tm t = utc(now);
  return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}.{:03}-{}-{:04x}", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                     t.tm_hour, t.tm_min, t.tm_sec, milliseconds, name.empty() ? "run" : name, random);
}

bool is_run_id(std::string_view name) {
  if (name.size() < kShape.size() + 6 || name[name.size() - 5] != '-') return false;
  for (std::size_t i = 0; i < kShape.size(); ++i)
    if (kShape[i] == 'd' ? !is_digit(name[i]) : name[i] != kShape[i]) return false;
  return std::all_of(name.begin() + kShape.size(), name.end(), [](char c) { return is_plain(c) || c == '-'; });
}

std::string test_of_run_id(std::string_view id) {
  constexpr std::size_t kRandom = 5;  // the digits, and their dash
  return is_run_id(id) ? std::string(id.substr(kShape.size(), id.size() - kShape.size() - kRandom)) : "";
}

std::string format_rfc3339(std::chrono::system_clock::time_point time) {
  const std::tm t = utc(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                     t.tm_min, t.tm_sec);
}

}  // namespace ktstr
