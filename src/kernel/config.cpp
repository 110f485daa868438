// SPDX-License-Identifier: Apache-2.0
#include "kernel/config.h"

#include <charconv>

#include "base/file.h"
#include "base/text/trimmed.h"

namespace ktstr {
namespace {

constexpr std::string_view kPrefix = "CONFIG_";

}  // namespace

Result<KernelConfig> KernelConfig::parse(std::string_view text) {
  KernelConfig config;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    if (!line.starts_with(kPrefix) || equals == line.npos || equals == kPrefix.size())
      return fail(ErrorCode::kInvalidArgument, "kernel config line {}: expected CONFIG_NAME=VALUE, got '{}'", number,
                  line.substr(0, 80));
    std::string_view value = line.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    config.values_.insert_or_assign(std::string(line.substr(kPrefix.size(), equals - kPrefix.size())),
                                    std::string(value));
  }
  return config;
}

std::optional<std::string_view> KernelConfig::get(std::string_view option) const {
  if (option.starts_with(kPrefix)) option.remove_prefix(kPrefix.size());
  const auto found = values_.find(option);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::optional<int> timer_hz(const std::filesystem::path& vmlinux) {
  constexpr int kLeast = 24, kMost = 10'000;
  const auto text = read_text(vmlinux.parent_path() / "config");
  if (!text) return {};
  const auto config = KernelConfig::parse(*text);
  if (!config) return {};
  const std::string_view written = config->get("CONFIG_HZ").value_or("");
  int hz = 0;
  const auto parsed = std::from_chars(written.data(), written.data() + written.size(), hz);
  if (parsed.ec != std::errc() || hz < kLeast || hz > kMost) return {};
  return hz;
}

}  // namespace ktstr
