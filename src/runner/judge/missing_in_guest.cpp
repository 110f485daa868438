// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/missing_in_guest.h"

#include <algorithm>
#include <string_view>

#include "base/file.h"
#include "scheduler/command.h"

namespace ktstr {

namespace {

constexpr std::size_t kLastLines = 40;
constexpr const char* kInclude =
    "name it in the scenario's `scheduler_include = [\"PATH\"]` (in a test: `.include_files`), which "
    "brings it to the same path in the guest";

Error mistake(std::string message, std::string hint) {
  return Error(ErrorCode::kInvalidArgument, std::move(message)).with_hint(std::move(hint));
}

std::vector<std::string> last_lines(const std::vector<std::string>& log) {
  return {log.end() - static_cast<std::ptrdiff_t>(std::min(log.size(), kLastLines)), log.end()};
}

std::optional<std::string> line_with(const std::vector<std::string>& lines, std::string_view text) {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [&](const std::string& line) { return line.find(text) != std::string::npos; });
  return found == lines.end() ? std::nullopt : std::optional(*found);
}

// libbpf, bpf_object__read_kconfig_file().
std::optional<Error> missing_config(const std::vector<std::string>& lines, const RunRecord& record) {
  const auto said = line_with(lines, "failed to open system Kconfig");
  const std::string path = "/boot/config-" + record.kernel;
  if (!said || record.tuple.inputs.contains(path)) return {};
  return mistake(
      fmt::format("the scheduler reads the kernel's configuration, and none is known of kernel {} (\"{}\")",
                  record.kernel, *said),
      fmt::format("put it beside the kernel's image as config-{}, or take a kernel from `ktstr kernel fetch`, "
                  "which brings it along",
                  record.kernel));
}

// ld.so(8).
std::optional<Error> missing_library(const std::vector<std::string>& lines) {
  constexpr std::string_view kSays = "error while loading shared libraries: ";
  const auto said = line_with(lines, kSays);
  if (!said) return {};
  std::string_view name = std::string_view(*said).substr(said->find(kSays) + kSays.size());
  name = name.substr(0, name.find(':'));
  return mistake(fmt::format("the scheduler's program needs the library {}, which is not in the guest", name),
                 fmt::format("{}; libraries that a program is linked with come by themselves", kInclude));
}

// What a shell says of a command that it does not find: "x.sh: 2: scx_real: not found", "x.sh: line 2: scx_real:
// command not found", "x.sh: line 2: ./scx_real: No such file or directory". POSIX sh, 2.8.2: the status is 127, or 126
// where it cannot be executed.
std::optional<Error> missing_command(const GuestStory& story, const std::vector<std::string>& lines) {
  const bool of_shell = story.scheduler().exited->exit == "exited with status 127" ||
                        story.scheduler().exited->exit == "exited with status 126";
  if (!of_shell) return {};
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    for (const std::string_view says : {": command not found", ": not found", ": No such file or directory"}) {
      const std::size_t end = line->rfind(says);
      if (end == std::string::npos || end == 0) continue;
      const std::size_t before = line->rfind(": ", end - 1);
      const std::string name = line->substr(before == std::string::npos ? 0 : before + 2,
                                            end - (before == std::string::npos ? 0 : before + 2));
      return mistake(fmt::format("the scheduler's script calls {}, which is not in the guest", name),
                     fmt::format("{}; let the script call it by that path", kInclude));
    }
  return mistake("the scheduler's script calls a program that is not in the guest, or cannot be run there: it " +
                     story.scheduler().exited->exit,
                 fmt::format("{}; let the script call it by that path", kInclude));
}

bool of_the_kernel(const std::string& path) {
  return path.starts_with("/proc/") || path.starts_with("/sys/") || path.starts_with("/dev/");
}

// A file of this machine that did not go into the guest.
bool stayed_here(const std::string& path, const RunRecord& record) {
  std::error_code error;
  return path.size() > 1 && path.starts_with('/') && !of_the_kernel(path) && fs::exists(path, error) && !error &&
         !fs::is_directory(path, error) && !record.tuple.inputs.contains(path);
}

// Words that may be paths: what quotes and punctuation leave.
std::vector<std::string> words_of(const std::string& line) {
  constexpr std::string_view kBetween = " \t\"'`()[]{}<>,;:=";
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t from = line.find_first_not_of(kBetween, at);
    if (from == std::string::npos) break;
    at = std::min(line.find_first_of(kBetween, from), line.size());
    words.push_back(line.substr(from, at - from));
  }
  return words;
}

// A program names its own source files, which are on the machine that built it.
bool is_source(const std::string& path) {
  constexpr std::string_view kEndings[] = {".c", ".h", ".cc", ".cpp", ".rs", ".go"};
  const std::string ending = fs::path(path).extension().string();
  return std::find(std::begin(kEndings), std::end(kEndings), ending) != std::end(kEndings);
}

// libbpf says "No such file or directory" of whatever it does not find: of types, functions and symbols of the kernel.
// What it opens by itself is the kernel's. Others name the file in the same line, or shortly before (Rust's "Caused
// by").
std::optional<Error> missing_file(const std::vector<std::string>& lines, const RunRecord& record) {
  constexpr std::size_t kBefore = 3;
  std::vector<std::string> candidates;
  bool said = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // dash leaves out the directory.
    if (lines[i].starts_with("libbpf:") || lines[i].find("No such file") == std::string::npos) continue;
    said = true;
    for (std::size_t at = i - std::min(i, kBefore); at <= i; ++at)
      for (std::string& word : words_of(lines[at]))
        if (!is_source(word)) candidates.push_back(std::move(word));
  }
  if (!said) return {};
  for (std::string& word : words_of(record.scheduler().command)) candidates.push_back(std::move(word));
  // The program itself is in the guest, under another path.
  const auto command = split_command(record.scheduler().command);
  for (const std::string& path : candidates)
    if (stayed_here(path, record) && (!command || command->empty() || path != command->front()))
      return mistake(fmt::format("the scheduler reads {}, which is not in the guest", path), kInclude);
  return {};
}

std::optional<Error> wrong_machine(const GuestStory& story) {
  if (!story.scheduler().exited->exit.starts_with("killed by signal 4 ")) return {};
  return mistake("the scheduler's program uses an instruction that the guest's CPU does not have: it was " +
                     story.scheduler().exited->exit,
                 "build it for x86-64 without -march=native");
}

}  // namespace

std::optional<Error> missing_in_guest(const GuestStory& story, const RunRecord& record) {
  if (record.scheduler().command.empty() || story.scheduler().attached || !story.scheduler().exited) return {};
  const auto lines = last_lines(story.scheduler_log);
  if (auto error = missing_config(lines, record)) return error;
  if (auto error = missing_library(lines)) return error;
  if (auto error = missing_command(story, lines)) return error;
  if (auto error = wrong_machine(story)) return error;
  if (story.scheduler().exited->exit == "exited with status 0") return {};
  return missing_file(lines, record);
}

}  // namespace ktstr
