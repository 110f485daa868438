// SPDX-License-Identifier: Apache-2.0
//
// What a run changed on the machine, so that somebody else can put it back. A run in host mode puts back what it
// changed by itself; one that is killed cannot. So each change is written down before it is made (a file of the
// kernel's, and what it held), and whoever cleans up after the run replays that, the latest change first.
//
// A journal is DIR/ktstr-PID.undo, where PID is the process that makes the changes. DIR must not outlive a reboot: what
// was so before one means nothing after it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace ktstr {

// /run/ktstr for root, else $XDG_RUNTIME_DIR/ktstr, else a directory below `state_dir`.
fs::path journal_dir(const fs::path& state_dir);

struct JournalContents {
  fs::path own_cgroup;  // below which the run made its groups
  struct Change {
    fs::path file;
    std::string before;
  };
  std::vector<Change> changes;
};

class UndoJournal {
 public:
  // Makes DIR too. What a dead process of the same number left there is replaced: it was cleaned up before.
  static Result<UndoJournal> create(const fs::path& dir, int pid, const fs::path& own_cgroup);

  // To be called before `file` is written; an Error says that the change must not be made.
  Status note(const fs::path& file, std::string_view before);
  const fs::path& path() const { return path_; }

 private:
  UndoJournal(Fd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Fd fd_;
  fs::path path_;
};

fs::path journal_path(const fs::path& dir, int pid);
// An entry that was not written to its end is left out: its change was not made.
Result<JournalContents> read_journal(const fs::path& path);
// Writes what was there before, the latest change first; a file that shows it already is left alone. Errors name what
// could not be put back, which does not keep the rest.
std::vector<Error> put_back(const std::vector<JournalContents::Change>& changes);

}  // namespace ktstr
