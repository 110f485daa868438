// SPDX-License-Identifier: Apache-2.0
#include "host/clean_up.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>

#include "base/log.h"
#include "cgroup/group_dir.h"
#include "host/undo_journal.h"

namespace ktstr {

namespace {

constexpr std::string_view kPrefix = "ktstr-";
constexpr std::string_view kHarnessSuffix = ".harness";
constexpr std::string_view kJournalSuffix = ".undo";
constexpr std::chrono::seconds kDyingLimit{5};

std::optional<int> pid_between(std::string_view name, std::string_view suffix) {
  if (!name.starts_with(kPrefix) || !name.ends_with(suffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(suffix.size());
  int pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size() || pid <= 0) return std::nullopt;
  return pid;
}

std::vector<fs::path> directories_in(const fs::path& dir) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(dir, error), end; !error && at != end; at.increment(error))
    if (std::error_code ignored; at->is_directory(ignored) && !at->is_symlink(ignored)) found.push_back(at->path());
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::vector<int>> members_of(const fs::path& group) {
  KTSTR_TRY_ASSIGN(const Fd dir, open_file(group, O_RDONLY | O_DIRECTORY));
  return read_processes(dir).context(group.string());
}

// A group and those below it, the deepest first.
void collect_tree(const fs::path& group, std::vector<fs::path>& tree) {
  for (const fs::path& child : directories_in(group)) collect_tree(child, tree);
  tree.push_back(group);
}

// The kernel shows a process of another pid namespace as 0 (cgroups(7)).
Status refuse_strangers(const std::vector<fs::path>& tree) {
  for (const fs::path& group : tree) {
    // A threaded group does not list its processes; its domain above does.
    const auto members = members_of(group);
    if (members && std::find(members->begin(), members->end(), 0) != members->end())
      return fail(ErrorCode::kBusy, "{} holds processes of another pid namespace", group.string())
          .with_hint("a run in a container uses it; if not, remove it from there");
  }
  return ok();
}

// cgroup.kill (since Linux 5.14) cannot be outrun by a fork; without it, again and again until nobody is left. The
// dying are waited for when their group is removed.
void kill_tree(const std::vector<fs::path>& tree) {
  if (const auto kill_file = open_file(tree.back() / "cgroup.kill", O_WRONLY))
    if (write_all(kill_file->get(), as_byte_span("1"))) return;
  constexpr int kMostRounds = 1000;
  for (int round = 0; round < kMostRounds; ++round) {
    bool empty = true;
    for (const fs::path& group : tree) {
      const auto members = members_of(group);
      if (!members) continue;
      for (const int pid : *members) {
        empty = false;
        ::kill(pid, SIGKILL);
      }
    }
    if (empty) return;
  }
}

Status move_members(const fs::path& from, const fs::path& to) {
  KTSTR_TRY_ASSIGN(const std::vector<int> members, members_of(from));
  for (const int pid : members) {
    Status moved = write_text(to / "cgroup.procs", std::to_string(pid));
    if (!moved && moved.error().saved_errno() != ESRCH) return moved;
  }
  return ok();
}

// Two who clean up at once do not fail: what is gone is gone.
Status remove_one(const fs::path& group) {
  KTSTR_TRY_ASSIGN(const Fd parent, open_file(group.parent_path(), O_RDONLY | O_DIRECTORY));
  Status removed = remove_group(parent, group.filename().string(), kDyingLimit).context(group.parent_path().string());
  return removed || removed.error().code() == ErrorCode::kNotFound ? ok() : removed;
}

Status leave_harness_group(int pid, const fs::path& own) {
  const fs::path group = own / harness_group_name(pid);
  std::error_code ignored;
  if (!fs::exists(group, ignored)) return ok();
  KTSTR_TRY(move_members(group, own).context("go back to " + own.string()));
  return remove_one(group);
}

// A zombie waits for nothing but its parent, which may be long in coming.
bool is_alive(int pid, const fs::path& proc_root) {
  const auto stat = read_text(proc_root / std::to_string(pid) / "stat");
  if (!stat) return false;
  // "12 (name, perhaps with a ')' in it) S ...": proc_pid_stat(5).
  const std::size_t name_end = stat->rfind(") ");
  const char state = name_end == std::string::npos ? '?' : stat->c_str()[name_end + 2];
  return state != 'Z' && state != 'X';
}

std::set<int> runs_seen(const fs::path& own, const fs::path& journals) {
  std::set<int> pids;
  for (const fs::path& group : directories_in(own))
    if (const auto pid = pid_of_group(group.filename().string())) pids.insert(*pid);
  std::error_code error;
  for (fs::directory_iterator at(journals, error), end; !error && at != end; at.increment(error))
    if (const auto pid = pid_between(at->path().filename().string(), kJournalSuffix)) pids.insert(*pid);
  return pids;
}

}  // namespace

std::string run_group_name(int pid) { return fmt::format("{}{}", kPrefix, pid); }
std::string harness_group_name(int pid) { return fmt::format("{}{}{}", kPrefix, pid, kHarnessSuffix); }

std::optional<int> pid_of_group(std::string_view name) {
  const auto pid = pid_between(name, "");
  return pid ? pid : pid_between(name, kHarnessSuffix);
}

Status kill_and_remove_group(const fs::path& own, const std::string& name) {
  std::error_code ignored;
  if (!fs::exists(own / name, ignored)) return ok();
  std::vector<fs::path> tree;
  collect_tree(own / name, tree);
  KTSTR_TRY(refuse_strangers(tree));
  kill_tree(tree);
  for (const fs::path& group : tree) KTSTR_TRY(remove_one(group));
  return ok();
}

std::vector<Error> clean_up_after(int pid, const fs::path& own, const fs::path& journals) {
  std::vector<Error> errors;
  const auto note = [&errors](Status status) {
    if (!status) errors.push_back(std::move(status).error());
  };
  const fs::path journal = journal_path(journals, pid);
  std::error_code ignored;
  JournalContents left;
  if (fs::exists(journal, ignored)) {
    if (auto read = read_journal(journal))
      left = *std::move(read);
    else if (read.error().code() != ErrorCode::kNotFound)
      errors.push_back(std::move(read).error());
  }
  const fs::path& home = left.own_cgroup.empty() ? own : left.own_cgroup;
  note(kill_and_remove_group(home, run_group_name(pid)));
  // Controllers must be off before anybody goes back into the group that passed them on.
  for (Error& error : put_back(left.changes)) errors.push_back(std::move(error));
  note(leave_harness_group(pid, home));
  if (errors.empty()) fs::remove(journal, ignored);
  return errors;
}

int clean_up_abandoned(const fs::path& own, const fs::path& journals, const fs::path& proc_root) {
  int found = 0;
  for (const int pid : runs_seen(own, journals)) {
    if (is_alive(pid, proc_root)) continue;
    ++found;
    const auto errors = clean_up_after(pid, own, journals);
    if (errors.empty()) log_warn("cleaned up after the run of process {}, which was killed", pid);
    for (const Error& error : errors) log_warn("clean up after the run of process {}: {}", pid, error.render());
  }
  return found;
}

}  // namespace ktstr
