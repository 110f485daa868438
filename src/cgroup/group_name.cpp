// SPDX-License-Identifier: Apache-2.0
#include "cgroup/group_name.h"

namespace ktstr {

Status check_group_name(std::string_view name) {
  std::string_view rest = name;
  while (!rest.empty()) {
    const std::string_view component = rest.substr(0, rest.find('/'));
    const bool last = component.size() == rest.size();
    rest.remove_prefix(last ? rest.size() : component.size() + 1);
    const bool plain = !component.empty() && component != "." && component != ".." &&
                       component.find_first_of(std::string_view("\n\0", 2)) == std::string_view::npos;
    if (!plain || (!last && rest.empty()))
      return fail(ErrorCode::kInvalidArgument,
                  "'{}' cannot name a cgroup; write components joined by '/', without '.', '..' and empty ones", name);
  }
  return ok();
}

std::string group_text(std::string_view name) {
  return name.empty() ? "the root cgroup" : fmt::format("cgroup {}", name);
}

}  // namespace ktstr
