// SPDX-License-Identifier: Apache-2.0
#include "guest/apply_setup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/fd.h"

namespace ktstr {

namespace {

Error refused(const std::string& what, int error) {
  return fail(ErrorCode::kInvalidArgument, "the guest's kernel refuses {}: {}", what, ::strerror(error))
      .with_hint("it is asked for by the scheduler's definition (sysctls, writes, cgroup_parent)");
}

// One write, as these files want it, of files that are there.
Status write_setting(const fs::path& root, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  const fs::path file = root / fs::path(setting.substr(0, equals)).relative_path();
  const std::string text = setting.substr(equals + 1);
  const Fd fd(::open(file.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return refused(fmt::format("'{}' in /{}", text, fs::relative(file, root).string()), errno);
  return ok();
}

// A controller must be passed on by each level above.
Status make_cgroup(const fs::path& root, const std::string& path) {
  fs::path level = root / "sys/fs/cgroup";
  const auto pass_on = [&]() -> Status {
    for (const std::string_view controller : {"+cpu", "+cpuset"}) {
      const Fd fd(::open((level / "cgroup.subtree_control").c_str(), O_WRONLY | O_CLOEXEC));
      if (!fd || ::write(fd.get(), controller.data(), controller.size()) < 0)
        return refused(fmt::format("the controller {} for cgroup {}", controller.substr(1), path), errno);
    }
    return ok();
  };
  KTSTR_TRY(pass_on());
  for (const fs::path& part : fs::path(path).relative_path()) {
    level /= part;
    std::error_code error;
    fs::create_directory(level, error);
    if (error) return refused("cgroup " + path, error.value());
    KTSTR_TRY(pass_on());
  }
  return ok();
}

}  // namespace

Status apply_setup(const MachineSetup& setup, const fs::path& root) {
  for (const std::string& each : setup.writes) KTSTR_TRY(write_setting(root, each));
  for (const std::string& each : setup.cgroups) KTSTR_TRY(make_cgroup(root, each));
  return ok();
}

}  // namespace ktstr
