// SPDX-License-Identifier: Apache-2.0
#include "workload/types/work_type_row.h"

namespace ktstr::work_value {

namespace {

// The parts between plus signs; none of an empty text.
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('+'), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <typename List, typename Show>
std::string joined(const List& list, Show&& show_one) {
  std::string text;
  for (const auto& each : list) text += (text.empty() ? "" : "+") + show_one(each);
  return text;
}

}  // namespace

Status read(std::string_view text, std::vector<std::uint32_t>& value) {
  value.clear();
  for (const std::string_view part : parts_of(text)) KTSTR_TRY(read(part, value.emplace_back()));
  return ok();
}

Status read(std::string_view text, std::vector<WorkPhase>& value) {
  value.clear();
  for (const std::string_view part : parts_of(text)) {
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos)
      return fail(ErrorCode::kInvalidArgument,
                  "'{}' is not a phase like spin:10ms, run:10ms, alu:2ms, yield:1ms, sleep:5ms or timer:20ms", part);
    WorkPhase& phase = value.emplace_back();
    KTSTR_TRY(read(part.substr(0, colon), phase.kind));
    KTSTR_TRY(read(part.substr(colon + 1), phase.length));
  }
  return ok();
}

std::string show(const std::vector<std::uint32_t>& value) {
  return joined(value, [](std::uint32_t each) { return show(each); });
}
std::string show(const std::vector<WorkPhase>& value) {
  return joined(value, [](const WorkPhase& each) { return show(each.kind) + ":" + show(each.length); });
}

std::int64_t size_of(const std::vector<WorkPhase>& value) {
  std::int64_t longest = 0;
  for (const WorkPhase& each : value) {
    if (each.length.count() <= 0) return 0;
    longest = std::max(longest, static_cast<std::int64_t>(each.length.count()));
  }
  return longest;
}

}  // namespace ktstr::work_value
