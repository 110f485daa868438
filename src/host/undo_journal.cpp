// SPDX-License-Identifier: Apache-2.0
#include "host/undo_journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace ktstr {

namespace {

constexpr Bytes kMostBytes = Bytes{16} << 20;

// A sysctl separates with tabs what is written with blanks.
std::string words_of(const std::string& text) {
  std::istringstream stream(text);
  std::string joined;
  for (std::string word; stream >> word;) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

Status write_back(const JournalContents::Change& change) {
  if (const auto now = read_text(change.file); now && words_of(*now) == words_of(change.before)) return ok();
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(change.file, O_WRONLY));
  return write_all(fd.get(), as_byte_span(change.before + "\n")).context(change.file.string());
}

}  // namespace

fs::path journal_dir(const fs::path& state_dir) {
  if (::geteuid() == 0) return "/run/ktstr";
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  return runtime != nullptr && *runtime != '\0' ? fs::path(runtime) / "ktstr" : state_dir / "host";
}

fs::path journal_path(const fs::path& dir, int pid) { return dir / fmt::format("ktstr-{}.undo", pid); }

Result<UndoJournal> UndoJournal::create(const fs::path& dir, int pid, const fs::path& own_cgroup) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot make {}", dir.string()));
  const fs::path path = journal_path(dir, pid);
  KTSTR_TRY_ASSIGN(Fd fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0600));
  UndoJournal journal(std::move(fd), path);
  KTSTR_TRY(journal.note(own_cgroup, ""));
  return journal;
}

Status UndoJournal::note(const fs::path& file, std::string_view before) {
  std::string entry = file.string();
  entry += '\0';
  entry += before;
  entry += '\0';
  return write_all(fd_.get(), as_byte_span(entry)).context("write down what is to be put back, " + path_.string());
}

Result<JournalContents> read_journal(const fs::path& path) {
  KTSTR_TRY_ASSIGN(const std::string text, read_text(path, kMostBytes));
  std::vector<JournalContents::Change> entries;
  for (std::size_t at = 0;;) {
    const std::size_t file_end = text.find('\0', at);
    if (file_end == std::string::npos) break;
    const std::size_t end = text.find('\0', file_end + 1);
    if (end == std::string::npos) break;
    entries.push_back({text.substr(at, file_end - at), text.substr(file_end + 1, end - file_end - 1)});
    at = end + 1;
  }
  JournalContents contents;
  if (entries.empty()) return contents;
  contents.own_cgroup = entries.front().file;
  contents.changes.assign(entries.begin() + 1, entries.end());
  return contents;
}

std::vector<Error> put_back(const std::vector<JournalContents::Change>& changes) {
  std::vector<Error> errors;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change)
    if (Status written = write_back(*change).context(fmt::format("put back '{}'", change->before)); !written)
      errors.push_back(std::move(written).error());
  return errors;
}

}  // namespace ktstr
