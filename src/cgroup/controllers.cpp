// SPDX-License-Identifier: Apache-2.0
#include "cgroup/controllers.h"

#include <cerrno>

#include "base/file.h"
#include "cgroup/events.h"
#include "cgroup/group_dir.h"

namespace ktstr {

namespace {

constexpr const char* kSubtree = "cgroup.subtree_control";

// "controller 'io'", "controllers 'io', 'memory'".
std::string controllers_text(const std::vector<std::string>& controllers) {
  std::string text = controllers.size() == 1 ? "controller" : "controllers";
  for (std::size_t i = 0; i < controllers.size(); ++i)
    text += fmt::format("{} '{}'", i == 0 ? "" : ",", controllers[i]);
  return text;
}

std::string way_to_controllers(const ControllerLevel& level, const std::vector<std::string>& missing) {
  // The root of the hierarchy has no cgroup.events: nobody could delegate to it.
  if (!read_event(*level.group, "populated"))
    return "a controller is missing where the kernel lacks it or a cgroup v1 hierarchy holds it";
  std::string enable;
  for (const auto& controller : missing) enable += fmt::format("{}+{}", enable.empty() ? "" : " ", controller);
  return fmt::format("have them delegated: 'systemd-run --scope -p Delegate=yes COMMAND', or as root 'echo {} > {}'",
                     enable, (fs::path(level.path).parent_path() / kSubtree).string());
}

Status enable_controller(const ControllerLevel& level, const std::string& controller) {
  Status written = write_group_file(*level.group, kSubtree, "+" + controller)
                       .context(fmt::format("enable the controller '{}' in {}", controller, level.path));
  if (!written) {
    Error error = std::move(written).error();
    // "No internal processes": Documentation/admin-guide/cgroup-v2.rst.
    if (error.saved_errno() == EBUSY)
      error.with_hint(
          "the group has processes of its own, and a group passes controllers on or has processes: move "
          "them into a group below it first");
    return error;
  }
  KTSTR_TRY_ASSIGN(const std::string after, read_group_file(*level.group, kSubtree).context(level.path));
  if (!lists_controller(after, controller))
    return fail(ErrorCode::kIo, "the controller '{}' was enabled in {}, but its {} shows '{}'", controller, level.path,
                kSubtree, after);
  return ok();
}

Status enable_in(const ControllerLevel& level, const std::vector<std::string>& controllers) {
  KTSTR_TRY_ASSIGN(const std::string before, read_group_file(*level.group, kSubtree).context(level.path));
  KTSTR_TRY_ASSIGN(const std::string offered, read_group_file(*level.group, "cgroup.controllers").context(level.path));
  std::vector<std::string> wanted, missing;
  for (const std::string& controller : controllers) {
    if (lists_controller(before, controller)) continue;
    (lists_controller(offered, controller) ? wanted : missing).push_back(controller);
  }
  if (!missing.empty())
    return fail(ErrorCode::kUnsupported, "{} does not offer the {}; its cgroup.controllers lists '{}'", level.path,
                controllers_text(missing), offered)
        .with_hint(way_to_controllers(level, missing));
  for (const std::string& controller : wanted) KTSTR_TRY(enable_controller(level, controller));
  return ok();
}

}  // namespace

bool lists_controller(std::string_view text, std::string_view controller) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (!controller.empty() && text.substr(0, end) == controller) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

Status enable_controllers_along(const std::vector<ControllerLevel>& levels,
                                const std::vector<std::string>& controllers) {
  for (const ControllerLevel& level : levels) KTSTR_TRY(enable_in(level, controllers));
  return ok();
}

}  // namespace ktstr
