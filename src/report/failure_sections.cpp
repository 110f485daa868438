// SPDX-License-Identifier: Apache-2.0
#include "report/failure_sections.h"

#include <fmt/core.h>

#include "report/units.h"

namespace ktstr {

std::string counted(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string failure_sections(const std::vector<FailureGroup>& groups, std::string_view member, const Style& style) {
  std::string text;
  const auto field = [&](std::string_view label, std::string_view value) {
    text += fmt::format("  {:<9}  {}\n", label, value);
  };
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const FailureGroup& group = groups[i];
    text += "\n" + style.heading(fmt::format("Failure {} of {}: {}, {}", i + 1, groups.size(), printable(group.kind),
                                             counted(group.members.size(), member)));
    text += "\n";
    field("where", printable(group.where));
    field(fmt::format("{}s", member), compact_ranges(group.members));
    field(fmt::format("{} {}", member, group.members.front()), printable(group.message));
    if (!group.run_dir.empty()) field("kept in", group.run_dir);
    if (!group.repeat_command.empty()) field("again", group.repeat_command);
  }
  return text;
}

}  // namespace ktstr
