// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/unkillable.h"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/file.h"

namespace ktstr::guest {

namespace {

constexpr std::size_t kMost = 8;

// In rising order: what is done must not depend on the order of a directory.
std::vector<int> numbers_in(const fs::path& directory) {
  std::vector<int> numbers;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    int number = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// Of "Name:\tinsmod\n" in /proc/PID/status.
std::string field_of(const std::string& status, std::string_view key) {
  const std::string wanted = fmt::format("{}:\t", key);
  const std::size_t at = status.starts_with(wanted) ? 0 : status.find("\n" + wanted);
  if (at == std::string::npos) return "";
  const std::size_t begin = status.find(wanted, at) + wanted.size();
  return status.substr(begin, status.find('\n', begin) - begin);
}

int number_of(const std::string& status, std::string_view key) {
  const std::string text = field_of(status, key);
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool was_sent_sigkill(const std::string& status) {
  for (const char* key : {"SigPnd", "ShdPnd"}) {
    const std::string text = field_of(status, key);
    std::uint64_t signals = 0;
    std::from_chars(text.data(), text.data() + text.size(), signals, 16);
    if ((signals & (std::uint64_t{1} << (SIGKILL - 1))) != 0) return true;
  }
  return false;
}

// "[<0>] msleep+0x2d/0x40" is the first line of /proc/PID/stack of a thread that sleeps.
std::string place_of(const fs::path& thread, char state) {
  if (state == 'R') {
    const auto stat = read_text(thread / "stat", 4096);
    const std::size_t comm_end = stat ? stat->rfind(')') : std::string::npos;
    if (comm_end == std::string::npos) return "";
    constexpr int kProcessor = 37;  // fields after the name: proc(5), "processor" is the 39th of all
    std::size_t at = comm_end + 1;
    for (int field = 1; field < kProcessor && at != std::string::npos; ++field) at = stat->find(' ', at + 1);
    return at == std::string::npos ? "" : " on CPU " + stat->substr(at + 1, stat->find(' ', at + 1) - at - 1);
  }
  const auto stack = read_text(thread / "stack", 4096);
  const std::size_t begin = stack ? stack->find("] ") : std::string::npos;
  if (begin == std::string::npos) return "";
  return " in " + stack->substr(begin + 2, stack->find('\n', begin) - begin - 2);
}

}  // namespace

void kill_programs(const fs::path& proc, const std::vector<int>& spared) {
  const auto is_spared = [&](int pid) { return std::find(spared.begin(), spared.end(), pid) != spared.end(); };
  for (const int pid : numbers_in(proc)) {
    if (pid == ::getpid() || is_spared(pid)) continue;
    const auto status = read_text(proc / std::to_string(pid) / "status", 16384);
    if (!status || is_spared(number_of(*status, "PPid"))) continue;
    ::kill(pid, SIGKILL);  // kernel threads do not mind
  }
}

std::vector<UnkillableThread> unkillable_threads(const fs::path& proc) {
  std::vector<UnkillableThread> found;
  for (const int pid : numbers_in(proc)) {
    const fs::path tasks = proc / std::to_string(pid) / "task";
    for (const int thread : numbers_in(tasks)) {
      const fs::path path = tasks / std::to_string(thread);
      const auto status = read_text(path / "status", 16384);
      if (!status || !was_sent_sigkill(*status)) continue;
      const std::string state = field_of(*status, "State");
      // A kernel thread ignores signals and has no memory of its own.
      if (state.empty() || state[0] == 'Z' || state[0] == 'X' || field_of(*status, "VmSize").empty()) continue;
      if (found.size() == kMost) return found;
      found.push_back({thread, fmt::format("{}[{}] (state {}{})", field_of(*status, "Name"), thread, state[0],
                                           place_of(path, state[0]))});
    }
  }
  return found;
}

std::chrono::nanoseconds UnkillableWatch::stays_at(const std::vector<UnkillableThread>& found,
                                                   std::chrono::nanoseconds now) {
  std::map<int, std::chrono::nanoseconds> still;
  std::chrono::nanoseconds longest{0};
  for (const UnkillableThread& thread : found) {
    const auto known = since_.find(thread.tid);
    const auto since = known != since_.end() ? known->second : now;
    still.emplace(thread.tid, since);
    longest = std::max(longest, now - since);
  }
  since_ = std::move(still);
  return longest;
}

}  // namespace ktstr::guest
