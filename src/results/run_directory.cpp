// SPDX-License-Identifier: Apache-2.0
#include "results/run_directory.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "results/object_store.h"
#include "results/run_id.h"

namespace ktstr {

namespace {

constexpr const char* kRunLockName = "lock";
constexpr const char* kPruneLockName = "prune.lock";
constexpr int kMostTries = 64;

Result<std::uint16_t> random_digits() {
  std::uint16_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != sizeof value) return fail_errno("cannot get random bytes");
  return value;
}

}  // namespace

Result<RunDirectory> RunDirectory::create(const fs::path& state_dir, std::string_view test,
                                          std::chrono::system_clock::time_point now) {
  const fs::path runs = state_dir / "runs";
  std::error_code error;
  fs::create_directories(runs, error);
  constexpr const char* kWayOut = "set XDG_STATE_HOME to a directory that you may write to, with room";
  if (error) return Error::from_errno(error.value(), fmt::format("cannot make {}", runs.string())).with_hint(kWayOut);
  for (int i = 0; i < kMostTries; ++i) {
    KTSTR_TRY_ASSIGN(const std::uint16_t random, random_digits());
    std::string id = make_run_id(now, test, random);
    fs::path path = runs / id;
    if (::mkdir(path.c_str(), 0755) == 0) {
      KTSTR_TRY_ASSIGN(FileLock lock, FileLock::try_acquire(path / kRunLockName, FileLock::Kind::kExclusive));
      return RunDirectory(std::move(id), std::move(path), std::move(lock));
    }
    if (errno != EEXIST) return fail_errno("cannot make {}", path.string()).with_hint(kWayOut);
  }
  return fail(ErrorCode::kBusy, "no free run id in {} after {} tries", runs.string(), kMostTries);
}

Result<std::optional<FileLock>> hold_run(const fs::path& run_dir) {
  auto lock = FileLock::try_acquire(run_dir / kRunLockName, FileLock::Kind::kShared);
  if (lock) return std::optional<FileLock>(*std::move(lock));
  if (lock.error().code() == ErrorCode::kBusy)
    return fail(ErrorCode::kBusy, "the run in {} is still under way", run_dir.string()).with_hint("wait for its end");
  return std::optional<FileLock>();
}

Status remove_run_directory(const fs::path& run_dir) {
  KTSTR_TRY_ASSIGN(const FileLock lock, FileLock::try_acquire(run_dir / kRunLockName, FileLock::Kind::kExclusive));
  std::error_code error;
  fs::remove_all(run_dir, error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot remove {}", run_dir.string()));
  return ok();
}

namespace {

Result<std::size_t> prune_directories(const fs::path& state_dir, std::size_t keep) {
  const fs::path runs = state_dir / "runs";
  std::vector<std::string> ids;
  std::error_code error;
  fs::directory_iterator it(runs, error);
  if (error == std::errc::no_such_file_or_directory) return std::size_t{0};
  if (error) return Error::from_errno(error.value(), fmt::format("cannot list {}", runs.string()));
  const auto pruning = FileLock::try_acquire(state_dir / kPruneLockName, FileLock::Kind::kExclusive);
  if (!pruning && pruning.error().code() == ErrorCode::kBusy) return std::size_t{0};
  if (!pruning) return pruning.error();
  for (; it != fs::directory_iterator(); it.increment(error)) {
    if (error) return Error::from_errno(error.value(), fmt::format("cannot list {}", runs.string()));
    std::error_code unknown;
    const std::string name = it->path().filename().string();
    if (is_run_id(name) && fs::is_directory(it->symlink_status(unknown))) ids.push_back(name);
  }
  if (ids.size() <= keep) return std::size_t{0};
  std::sort(ids.rbegin(), ids.rend());
  std::size_t removed = 0;
  for (std::size_t i = keep; i < ids.size(); ++i) {
    const Status done = remove_run_directory(runs / ids[i]);
    if (done)
      ++removed;
    else if (done.error().code() != ErrorCode::kBusy)
      log_warn("cannot prune a run: {}", done.error().message());
  }
  return removed;
}

}  // namespace

Result<std::size_t> prune_runs(const fs::path& state_dir, std::size_t keep) {
  KTSTR_TRY_ASSIGN(const std::size_t removed, prune_directories(state_dir, keep));
  if (const auto pruned = ObjectStore(state_dir).prune(); !pruned) log_warn("{}", pruned.error().message());
  return removed;
}

}  // namespace ktstr
