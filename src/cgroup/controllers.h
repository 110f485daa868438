// SPDX-License-Identifier: Apache-2.0
//
// Controllers on the way down to a group: a group can only pass on what the group above gave it, so they are enabled
// from the top. The top is the group below which a run makes its own (the mount in a guest, a delegated group on a
// host): what it does not have nobody below can have, and the message says how to get it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

struct ControllerLevel {
  const Fd* group;
  std::string path;  // for messages
};

// Enables `controllers` in cgroup.subtree_control of each of `levels`, the topmost first. What is enabled already is
// not written again, so that somebody else's group need not be writable for it. kUnsupported with all controllers that
// a level does not have; kBusy where a level has processes of its own.
Status enable_controllers_along(const std::vector<ControllerLevel>& levels,
                                const std::vector<std::string>& controllers);

// Whether `text` (cgroup.controllers, cgroup.subtree_control) names the controller.
bool lists_controller(std::string_view text, std::string_view controller);

}  // namespace ktstr
