// SPDX-License-Identifier: Apache-2.0
#include "cgroup/hierarchy.h"

#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

namespace ktstr {

namespace {

struct Mount {
  std::string root;  // the part of the hierarchy that is mounted
  std::string point;
};

// mountinfo writes blanks, tabs, newlines and backslashes as \ooo (fs/proc_namespace.c, mangle).
std::string unescaped(std::string_view text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS TAGS... - TYPE SOURCE OPTIONS": proc_pid_mountinfo(5).
std::optional<Mount> cgroup2_mount_in(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(std::move(word));
  constexpr std::size_t kRoot = 3, kPoint = 4, kTags = 6;
  std::size_t dash = kTags;
  while (dash < words.size() && words[dash] != "-") ++dash;
  if (dash + 1 >= words.size() || words[dash + 1] != "cgroup2") return {};
  return Mount{unescaped(words[kRoot]), unescaped(words[kPoint])};
}

Result<Mount> find_mount(const fs::path& proc_root) {
  KTSTR_TRY_ASSIGN(const std::string text, read_text(proc_root / "self/mountinfo"));
  std::optional<Mount> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    auto mount = cgroup2_mount_in(line);
    // A later mount lies over an earlier one on the same point.
    if (mount && (!found || mount->root == "/" || found->root != "/")) found = std::move(mount);
  }
  if (!found)
    return fail(ErrorCode::kUnsupported, "cgroup v2 is mounted nowhere: {} has no cgroup2",
                (proc_root / "self/mountinfo").string())
        .with_hint("mount -t cgroup2 none /sys/fs/cgroup");
  return *std::move(found);
}

}  // namespace

Result<fs::path> find_cgroup2_mount(const fs::path& proc_root) {
  KTSTR_TRY_ASSIGN(const Mount mount, find_mount(proc_root));
  return fs::path(mount.point);
}

Result<std::string> own_cgroup(const fs::path& proc_root) {
  KTSTR_TRY_ASSIGN(const std::string text, read_text(proc_root / "self/cgroup"));
  constexpr std::string_view kUnified = "0::", kDeleted = " (deleted)";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kUnified)) continue;
    std::string group = line.substr(kUnified.size());
    if (group.ends_with(kDeleted))
      return fail(ErrorCode::kUnsupported, "the cgroup that we run in was removed: '{}'", group)
          .with_hint("start again in a session whose cgroup is there");
    if (!group.starts_with('/') || group.starts_with("/.."))
      return fail(ErrorCode::kUnsupported, "the cgroup that we run in, '{}', is outside of our cgroup namespace", group)
          .with_hint("start the container or session with a cgroup namespace of its own");
    return group;
  }
  return fail(ErrorCode::kUnsupported, "{} has no line '0::': the kernel has no cgroup v2 hierarchy",
              (proc_root / "self/cgroup").string())
      .with_hint("mount -t cgroup2 none /sys/fs/cgroup");
}

Result<fs::path> own_cgroup_directory(const fs::path& proc_root) {
  KTSTR_TRY_ASSIGN(const Mount mount, find_mount(proc_root));
  KTSTR_TRY_ASSIGN(const std::string group, own_cgroup(proc_root));
  const fs::path below = fs::path(group).lexically_relative(mount.root);
  if (below.empty() || *below.begin() == "..")
    return fail(ErrorCode::kUnsupported, "the cgroup that we run in, '{}', is not below '{}', which {} shows", group,
                mount.root, mount.point)
        .with_hint("mount the whole of cgroup v2, or start in a cgroup that is mounted");
  return below == "." ? fs::path(mount.point) : fs::path(mount.point) / below;
}

}  // namespace ktstr
