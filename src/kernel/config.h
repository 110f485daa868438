// SPDX-License-Identifier: Apache-2.0
//
// The build configuration that comes with a distribution's kernel (/boot/config-RELEASE): CONFIG_ options and their
// values. Says what was built in; for what a running kernel can do, ask BTF.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr {

class KernelConfig {
 public:
  // kInvalidArgument with the line number for a line that is neither a comment nor an assignment.
  static Result<KernelConfig> parse(std::string_view text);

  // The value as written, without quotes: "y", "m", "1000", "(none)". nullopt when it is not set. The name is with or
  // without CONFIG_.
  std::optional<std::string_view> get(std::string_view option) const;
  bool built_in(std::string_view option) const { return get(option) == "y"; }
  std::size_t size() const { return values_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> values_;  // names without CONFIG_
};

// CONFIG_HZ out of the configuration beside an image ("config"). nullopt where there is none, or no plausible one in
// it.
std::optional<int> timer_hz(const std::filesystem::path& vmlinux);

}  // namespace ktstr
