// SPDX-License-Identifier: Apache-2.0
#include "scheduler/build_program.h"

#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <vector>

#include "base/activity.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/system/process.h"
#include "model/scheduler_definition.h"
#include "scheduler/find_definition.h"

namespace ktstr {

namespace {

constexpr std::chrono::hours kLongestBuild{1};
constexpr std::size_t kShownLines = 20;

struct Newest {
  fs::path file;
  fs::file_time_type time = fs::file_time_type::min();
};

// The program may be among its sources' files.
void look_at(const fs::path& file, const fs::path& program, Newest& newest) {
  std::error_code error;
  if (file.lexically_normal() == program || !fs::is_regular_file(file, error)) return;
  const auto time = fs::last_write_time(file, error);
  if (!error && time > newest.time) newest = {file, time};
}

// What cannot be listed may be newer: that is an error.
Status look_below(const fs::path& source, const fs::path& program, Newest& newest) {
  std::error_code error;
  if (!fs::is_directory(source, error)) {
    look_at(source, program, newest);
    return ok();
  }
  for (fs::recursive_directory_iterator entry(source, error), end; !error && entry != end; entry.increment(error))
    look_at(entry->path(), program, newest);
  if (!error) return ok();
  return Error::from_errno(error.value(), fmt::format("cannot list {}", source.string()));
}

std::vector<fs::path> matches_of(const fs::path& pattern) {
  std::vector<fs::path> found;
  std::error_code error;
  if (fs::exists(pattern, error)) return {pattern};
  glob_t matches{};
  if (::glob(pattern.c_str(), 0, nullptr, &matches) == 0)
    found.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  ::globfree(&matches);
  return found;
}

Result<Newest> newest_source(const SchedulerDefinition& definition, const fs::path& program) {
  Newest newest;
  for (const std::string& source : definition.sources) {
    const fs::path pattern = directory_of(definition) / source;
    const std::vector<fs::path> found = matches_of(pattern);
    if (found.empty())
      return fail(ErrorCode::kInvalidArgument, "{}: there is no {}, which 'sources' names", place_of(definition),
                  pattern.lexically_normal().string())
          .with_hint("correct it, or leave it out");
    for (const fs::path& each : found)
      if (const Status looked = look_below(each, program, newest); !looked)
        return fail(ErrorCode::kInvalidArgument, "{}: sources: {}", place_of(definition), looked.error().message());
  }
  return newest;
}

std::string last_lines(const std::string& output) {
  std::size_t from = output.find_last_not_of('\n');
  if (from == std::string::npos) return "it printed nothing";
  const std::size_t end = from + 1;
  for (std::size_t lines = 0; lines < kShownLines && from != std::string::npos && from != 0; ++lines)
    from = output.rfind('\n', from - 1);
  from = from == std::string::npos ? 0 : from;
  return output.substr(from, end - from);
}

Status run_build(const SchedulerDefinition& definition, const std::string& why) {
  const Activity building(fmt::format("building the scheduler '{}': {}", definition.name, definition.build));
  log_info("building the scheduler '{}', because {}: {}", definition.name, why, definition.build);
  // Ctrl-C is for it as well: it may take minutes.
  KTSTR_TRY_ASSIGN(const CapturedOutput ran, run_captured({.argv = {"sh", "-c", "exec 2>&1\n" + definition.build},
                                                           .working_dir = directory_of(definition),
                                                           .new_process_group = false},
                                                          kLongestBuild)
                                                 .context(fmt::format("{}: build", place_of(definition))));
  if (ran.status.success()) return ok();
  return fail(ErrorCode::kInvalidArgument, "{}: its build `{}` {}:\n{}", place_of(definition), definition.build,
              ran.status.describe(), last_lines(ran.out))
      .with_hint(fmt::format("it ran in {}; what was built before is not run, because {}",
                             directory_of(definition).string(), why));
}

}  // namespace

Result<std::string> why_build(const SchedulerDefinition& definition, const fs::path& program) {
  KTSTR_TRY_ASSIGN(const Newest newest, newest_source(definition, program));
  std::error_code error;
  const auto built = fs::last_write_time(program, error);
  if (error) return fmt::format("there is no {}", program.string());
  return newest.time > built ? fmt::format("{} is newer", newest.file.lexically_normal().string()) : std::string();
}

Status build_if_needed(const SchedulerDefinition& definition, const fs::path& program, const fs::path& locks) {
  KTSTR_TRY_ASSIGN(std::string why, why_build(definition, program));
  if (why.empty()) return ok();
  std::error_code error;
  fs::create_directories(locks, error);
  KTSTR_TRY_ASSIGN(const FileLock alone, FileLock::acquire(locks / (sha256(as_byte_span(program.native())) + ".lock"),
                                                           FileLock::Kind::kExclusive));
  // Another process may have built it meanwhile.
  KTSTR_TRY_ASSIGN(why, why_build(definition, program));
  if (why.empty()) return ok();
  KTSTR_TRY(run_build(definition, why));
  KTSTR_TRY_ASSIGN(why, why_build(definition, program));
  if (why.empty()) return ok();
  return fail(ErrorCode::kInvalidArgument, "{}: its build `{}` succeeded, and still {}", place_of(definition),
              definition.build, why)
      .with_hint(
          "correct 'build' or 'program'; name in 'sources' only what the program is made of, or let 'build' touch "
          "the program in the end");
}

}  // namespace ktstr
