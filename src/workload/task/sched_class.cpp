// SPDX-License-Identifier: Apache-2.0
#include "workload/task/sched_class.h"

#include <fmt/format.h>

#include "base/file.h"

namespace ktstr {

std::string class_in_sched_file(std::string_view text) {
  if (text.empty()) return "";
  // "ext.enabled                                  :                    1"
  const std::size_t line = text.find("\next.enabled");
  if (line == std::string_view::npos) return "fair";
  const std::size_t value = text.find_first_not_of(" :", line + std::string_view("\next.enabled").size());
  return value != std::string_view::npos && text[value] == '1' ? "ext" : "fair";
}

std::string SchedClassReader::of(pid_t tid, SchedPolicy::Kind policy) {
  using Kind = SchedPolicy::Kind;
  if (policy == Kind::kFifo || policy == Kind::kRr) return "rt";
  if (policy == Kind::kDeadline) return "deadline";
  if (const auto known = seen_.find(policy); known != seen_.end()) return known->second;
  const auto text = read_attribute(fmt::format("{}/{}/sched", proc_root_, tid));
  // Of a task that is gone, or a kernel without the file, nothing is known; another task may still tell.
  if (!text) return "";
  return seen_.emplace(policy, class_in_sched_file(*text)).first->second;
}

void add_sched_class(std::string& seen, std::string_view now) {
  for (std::size_t at = 0; at < now.size();) {
    const std::size_t end = std::min(now.find('+', at), now.size());
    const std::string_view part = now.substr(at, end - at);
    if (('+' + seen + '+').find(fmt::format("+{}+", part)) == std::string::npos)
      seen += (seen.empty() ? "" : "+") + std::string(part);
    at = end + 1;
  }
}

}  // namespace ktstr
