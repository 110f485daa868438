// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/scheduler_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text/users_mistake.h"
#include "scenario_file/scheduler_table.h"

namespace ktstr {

namespace {

constexpr Bytes kLongestSchedulerFile = Bytes{1} << 20;

// Whether somebody else may have put it there.
bool is_foreign(const fs::path& file) {
  struct stat of_file {
  }, of_directory{};
  if (::stat(file.c_str(), &of_file) != 0 || ::stat(file.parent_path().c_str(), &of_directory) != 0) return true;
  return (of_directory.st_mode & S_IWOTH) != 0 && of_file.st_uid != ::geteuid() && of_file.st_uid != 0;
}

}  // namespace

Result<std::vector<SchedulerDefinition>> parse_scheduler_file(std::string_view text, std::string_view file_name) {
  KTSTR_TRY_ASSIGN(const TomlValue root, parse_toml(text, file_name));
  Mistakes mistakes;
  TableReader top(root, kSchedulerFile, mistakes);
  auto found = read_schedulers(top, file_name);
  top.finish();
  KTSTR_TRY(mistakes.as_status(file_name));
  return found;
}

Result<std::vector<SchedulerDefinition>> load_scheduler_file(const fs::path& file) {
  auto text = read_text(file, kLongestSchedulerFile);
  if (!text) return users_mistake(std::move(text).error()).context("definitions of schedulers");
  return parse_scheduler_file(*text, file.string());
}

std::optional<fs::path> find_scheduler_file(const fs::path& directory) {
  std::error_code error;
  fs::path at = fs::absolute(directory, error).lexically_normal();
  if (error) return {};
  for (;; at = at.parent_path()) {
    const fs::path file = at / kSchedulerFile;
    if (fs::is_regular_file(file, error)) {
      if (!is_foreign(file)) return file;
      log_warn("{} is passed over: its directory is for all, and it is somebody else's", file.string());
    }
    if (!at.has_relative_path()) return {};
  }
}

}  // namespace ktstr
