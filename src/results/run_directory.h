// SPDX-License-Identifier: Apache-2.0
//
// The directories that runs leave behind, STATE/runs/ID: request.json, objects/, result.json, report.txt, console.log
// and events.bin. A directory is in use while its lock file is locked; the lock goes with the process, so a killed run
// leaves nothing to clean up.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace ktstr {

constexpr std::size_t kRunsKept = 200;

class RunDirectory {
 public:
  // Makes STATE/runs/ID, with an id that no run has had. The directory stays when this object goes; its lock does not.
  static Result<RunDirectory> create(const fs::path& state_dir, std::string_view test,
                                     std::chrono::system_clock::time_point now);

  const std::string& id() const { return id_; }
  const fs::path& path() const { return path_; }

 private:
  RunDirectory(std::string id, fs::path path, FileLock lock)
      : id_(std::move(id)), path_(std::move(path)), lock_(std::move(lock)) {}
  std::string id_;
  fs::path path_;
  FileLock lock_;
};

// Keeps prune_runs() from a finished run while the lock lives; none where nothing can be locked (a directory on
// read-only media, which nobody prunes). kBusy while the run is still under way.
Result<std::optional<FileLock>> hold_run(const fs::path& run_dir);

// Of a finished run; kBusy where somebody uses it.
Status remove_run_directory(const fs::path& run_dir);

// Removes all but the newest `keep` runs, by name; never one in use, and nothing that is not a run. Returns how many
// were removed: none while somebody else is at it. One that cannot be removed is warned about and stays. Objects that
// no run has any more go too (object_store.h).
Result<std::size_t> prune_runs(const fs::path& state_dir, std::size_t keep = kRunsKept);

}  // namespace ktstr
