// SPDX-License-Identifier: Apache-2.0
#include "host/host_place.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "cgroup/hierarchy.h"

namespace ktstr {

namespace {

constexpr const char* kDelegated =
    "run it in a group of its own: systemd-run --user --scope -p Delegate=yes -- ktstr run ... (as root: without "
    "--user)";
constexpr const char* kInAGuest = "without --host it runs in a guest, which has all controllers";

bool has_word(const std::string& text, std::string_view word) {
  std::istringstream stream(text);
  for (std::string each; stream >> each;)
    if (each == word) return true;
  return false;
}

// cgroup v1's name for it, as /proc/cgroups lists it.
std::string v1_name(const std::string& controller) { return controller == "io" ? "blkio" : controller; }

// Whether a cgroup v1 hierarchy holds it: its number in /proc/cgroups is not that of cgroup2, which is 0 (cgroups(7)).
bool is_held_by_v1(const HostPlace& place, const std::string& controller) {
  const auto text = read_text(place.proc_root / "cgroups");
  if (!text) return false;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    int hierarchy = 0;
    if (words >> name >> hierarchy && name == v1_name(controller)) return hierarchy != 0;
  }
  return false;
}

Status check_writable(const fs::path& own) {
  // In a delegated group these two are ours as well (cgroup-v2.rst, "Model of Delegation").
  for (const fs::path& needed : {own, own / "cgroup.procs"})
    if (::access(needed.c_str(), W_OK) != 0)
      return fail_errno("host mode makes cgroups below our own, and may not write {}", needed.string())
          .with_hint(kDelegated);
  return ok();
}

}  // namespace

bool HostPlace::is_kernel_root() const {
  std::error_code ignored;
  return !fs::exists(own / "cgroup.events", ignored);
}

Result<HostPlace> find_host_place(const fs::path& proc_root) {
  HostPlace place{.proc_root = proc_root};
  const auto mount = find_cgroup2_mount(proc_root);
  if (!mount)
    return fail(ErrorCode::kUnsupported, "host mode needs a cgroup2 hierarchy: {}", mount.error().message())
        .with_hint(fmt::format(
            "mount one: mount -t cgroup2 none /sys/fs/cgroup (needs a kernel with cgroups and root); {}", kInAGuest));
  place.mount = *mount;
  KTSTR_TRY_ASSIGN(place.own, own_cgroup_directory(proc_root));
  KTSTR_TRY(check_writable(place.own));
  return place;
}

Status check_controllers(const HostPlace& place, const std::vector<std::string>& wanted) {
  KTSTR_TRY_ASSIGN(const std::string offered, read_attribute(place.own / "cgroup.controllers"));
  KTSTR_TRY_ASSIGN(const std::string mounted, read_attribute(place.mount / "cgroup.controllers"));
  std::vector<std::string> in_v1, not_delegated, missing;
  for (const std::string& controller : wanted) {
    if (has_word(offered, controller)) continue;
    const bool v1 = is_held_by_v1(place, controller);
    (v1 ? in_v1 : has_word(mounted, controller) ? not_delegated : missing).push_back(controller);
  }
  const std::string needs = fmt::format("the scenario needs the controller{}", wanted.size() == 1 ? "" : "s");
  if (!in_v1.empty())
    return fail(ErrorCode::kUnsupported,
                "{} {} on {}, but cgroup v1 hierarchies hold {} on this machine (hybrid cgroups)", needs,
                fmt::join(wanted, ", "), place.mount.string(), fmt::join(in_v1, ", "))
        .with_hint(fmt::format("boot this machine with systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=all; {}",
                               kInAGuest));
  if (!not_delegated.empty())
    return fail(ErrorCode::kUnsupported, "{} {}, and {} does not offer {}: not delegated to it", needs,
                fmt::join(wanted, ", "), place.own.string(), fmt::join(not_delegated, ", "))
        .with_hint(kDelegated);
  if (!missing.empty())
    return fail(ErrorCode::kUnsupported, "{} {}, and this kernel has no {}", needs, fmt::join(wanted, ", "),
                fmt::join(missing, ", "))
        .with_hint(kInAGuest);
  return ok();
}

}  // namespace ktstr
