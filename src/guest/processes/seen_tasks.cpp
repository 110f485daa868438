// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/seen_tasks.h"

#include <sched.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/system/task_seen.h"

namespace ktstr::guest {

namespace {

constexpr std::size_t kMostSeen = 50'000;  // tasks, and cgroups

// Of its directory, which is the cgroup's id.
std::uint64_t inode_of(const fs::path& directory) {
  struct stat about {};
  return ::stat(directory.c_str(), &about) == 0 ? about.st_ino : 0;
}

void send_seen(RecordLog& log, TracingRecord::Part part, std::vector<std::uint64_t> numbers, std::string name) {
  log.write(RecordType::kTracing, TracingRecord{part, std::move(numbers), std::move(name), ""});
}

struct SeenStat {
  std::string comm;
  bool runnable = false;
  std::uint64_t cpu = 0;
};

// proc(5): the comm is in brackets, and may hold any; after it the state is the third field, the CPU the 39th.
std::optional<SeenStat> seen_stat(const std::string& text) {
  const std::size_t begin = text.find('('), end = text.rfind(") ");
  if (begin == std::string::npos || end == std::string::npos || end < begin || end + 2 >= text.size()) return {};
  SeenStat stat{.comm = text.substr(begin + 1, end - begin - 1), .runnable = text[end + 2] == 'R'};
  std::size_t at = end + 2;
  for (int field = 3; field < 39 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  if (at != std::string::npos) std::from_chars(text.data() + at + 1, text.data() + text.size(), stat.cpu);
  return stat;
}

// "0::/a/b\n"
std::uint64_t cgroup_of(const fs::path& task, const fs::path& cgroups) {
  const auto text = read_text(task / "cgroup");
  const std::size_t at = text ? text->find("0::/") : std::string::npos;
  if (at == std::string::npos) return 0;
  return inode_of(cgroups / text->substr(at + 4, text->find('\n', at) - at - 4));
}

std::array<std::uint64_t, 4> mask_of(pid_t pid) {
  std::array<std::uint64_t, 4> mask{};
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(pid, sizeof set, &set) != 0) return mask;
  static_assert(sizeof mask <= sizeof set);
  std::memcpy(mask.data(), &set, sizeof mask);
  return mask;
}

void send_task(const fs::path& task, int pid, int tgid, const fs::path& cgroups, RecordLog& log) {
  const auto text = read_text(task / "stat");
  const auto stat = text ? seen_stat(*text) : std::nullopt;
  if (!stat) return;
  const auto mask = mask_of(pid);
  send_seen(log, TracingRecord::Part::kTask,
            {static_cast<std::uint64_t>(pid), static_cast<std::uint64_t>(tgid), stat->cpu, stat->runnable ? 1U : 0U,
             cgroup_of(task, cgroups), mask[0], mask[1], mask[2], mask[3]},
            stat->comm);
}

}  // namespace

void send_cgroups(const fs::path& root, RecordLog& log) {
  std::error_code error;
  send_seen(log, TracingRecord::Part::kCgroup, {inode_of(root), 0}, "");
  std::size_t sent = 0;
  for (fs::recursive_directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored) || ++sent > kMostSeen) continue;
    send_seen(log, TracingRecord::Part::kCgroup, {inode_of(entry->path()), inode_of(entry->path().parent_path())},
              entry->path().filename().string());
  }
}

void send_tasks(const fs::path& proc, const fs::path& cgroups, RecordLog& log) {
  const auto processes = list_processes(proc);
  std::size_t sent = 0;
  for (const int tgid : processes.value_or(std::vector<int>())) {
    const fs::path tasks = proc / std::to_string(tgid) / "task";
    const auto threads = list_processes(tasks);
    for (const int pid : threads.value_or(std::vector<int>()))
      if (++sent <= kMostSeen) send_task(tasks / std::to_string(pid), pid, tgid, cgroups, log);
  }
}

}  // namespace ktstr::guest
