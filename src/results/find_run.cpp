// SPDX-License-Identifier: Apache-2.0
#include "results/find_run.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/log.h"
#include "results/run_directory.h"
#include "results/run_id.h"
#include "results/run_record_json.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostShown = 5;

Result<fs::path> newest(const fs::path& state_dir, bool only_failed) {
  const fs::path runs = state_dir / "runs";
  for (const std::string& id : run_ids(state_dir)) {
    const auto record = finished_run(runs / id);
    if (!record) continue;
    if (!record->replay_of.empty()) continue;
    if (only_failed && exit_code(record->outcome) == 0) continue;
    return runs / id;
  }
  return fail(ErrorCode::kNotFound, "there is no finished run{} in {}", only_failed ? " that did not pass" : "",
              runs.string())
      .with_hint("runs are kept below $XDG_STATE_HOME/ktstr (or ~/.local/state/ktstr)");
}

}  // namespace

std::optional<RunRecord> finished_run(const fs::path& run_dir) {
  std::error_code error;
  if (!fs::exists(run_dir / "result.json", error)) return std::nullopt;
  auto record = load_run_record(run_dir);
  if (record) return *std::move(record);
  log_warn("passed over: {}", record.error().message());
  return std::nullopt;
}

std::vector<std::string> run_ids(const fs::path& state_dir) {
  std::vector<std::string> ids;
  std::error_code error;
  for (fs::directory_iterator it(state_dir / "runs", error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    std::string name = it->path().filename().string();
    if (is_run_id(name)) ids.push_back(std::move(name));
  }
  std::sort(ids.rbegin(), ids.rend());
  return ids;
}

Result<fs::path> find_run(const fs::path& state_dir, const std::string& name) {
  const fs::path runs = state_dir / "runs";
  std::error_code error;
  if (name.find('/') != std::string::npos || name == "." || name == "..") {
    if (fs::is_directory(name, error)) return fs::absolute(name, error).lexically_normal();
    return fail(ErrorCode::kNotFound, "there is no directory {}", name)
        .with_hint("give the directory of a run, or a run's id");
  }
  if (name == "last" || name == "last-failed") return newest(state_dir, name == "last-failed");
  std::vector<std::string> matches = run_ids(state_dir);
  std::erase_if(matches, [&](const std::string& id) { return !id.starts_with(name); });
  if (name.empty()) matches.clear();
  if (std::find(matches.begin(), matches.end(), name) != matches.end()) return runs / name;
  if (matches.size() == 1) return runs / matches.front();
  if (matches.empty()) {
    if (fs::is_directory(name, error)) return fs::absolute(name, error).lexically_normal();
    return fail(ErrorCode::kNotFound, "there is no run '{}' in {}", name, runs.string())
        .with_hint(
            "the reports of runs name their ids; 'last' and 'last-failed' work too, and paths of run directories");
  }
  const std::size_t all = matches.size();
  matches.resize(std::min(all, kMostShown));
  return fail(ErrorCode::kInvalidArgument, "'{}' is the beginning of {} runs: {}{}", name, all,
              fmt::join(matches, ", "), all > kMostShown ? ", ..." : "")
      .with_hint("give more of the id");
}

}  // namespace ktstr
