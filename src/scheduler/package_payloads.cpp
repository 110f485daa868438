// SPDX-License-Identifier: Apache-2.0
#include "scheduler/package_payloads.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "scheduler/library_search.h"
#include "scheduler/package.h"

namespace ktstr {

namespace {

bool is_elf_program(const fs::path& path) {
  if (::access(path.c_str(), X_OK) != 0) return false;
  const auto kind = read_program_kind(path);
  return kind && kind->elf64 && kind->machine == our_machine() && (kind->type == ET_EXEC || kind->type == ET_DYN);
}

Status add_regular_file(NewcWriter& archive, const fs::path& path, std::map<std::string, std::string>& inputs) {
  if (is_elf_program(path)) return add_program(archive, path, path.string(), inputs);
  KTSTR_TRY_ASSIGN(const ByteVector contents, read_bytes(path));
  std::error_code error;
  const auto permissions = static_cast<std::uint32_t>(fs::status(path, error).permissions()) & 0777;
  if (error) return Error::from_errno(error.value(), fmt::format("cannot look at {}", path.string()));
  KTSTR_TRY(archive.add_file(path.string(), permissions, contents));
  inputs[path.string()] = sha256(contents);
  return ok();
}

// In the order of their names, so that the same directory gives the same bytes.
Status add_directory(NewcWriter& archive, const fs::path& directory, std::map<std::string, std::string>& inputs) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    entries.push_back(entry->path());
  if (error) return Error::from_errno(error.value(), fmt::format("cannot list {}", directory.string()));
  std::sort(entries.begin(), entries.end());
  KTSTR_TRY(archive.add_directory(directory.string()));
  for (const fs::path& entry : entries) {
    const bool is_link = fs::is_symlink(entry, error);
    if (is_link && fs::is_directory(entry, error))
      return fail(ErrorCode::kInvalidArgument, "{} leads to a directory", entry.string())
          .with_hint("include that directory by itself: links between directories may go round in circles");
    KTSTR_TRY(add_included(archive, entry.string(), inputs));
  }
  return ok();
}

Status add_payload(NewcWriter& archive, const Payload& payload, std::map<std::string, std::string>& inputs,
                   std::vector<std::string>& search_path) {
  if (payload.kind() == Payload::Kind::kScheduler)
    return fail(ErrorCode::kInvalidArgument, "it is a scheduler and not a payload")
        .with_hint("name it as the run's scheduler (--scheduler, or the test's `scheduler`)");
  KTSTR_TRY(payload.validate());
  KTSTR_TRY_ASSIGN(const fs::path program, find_payload(payload.program_name()));
  KTSTR_TRY(add_program(archive, program, program.string(), inputs));
  const std::string directory = program.parent_path().string();
  if (std::find(search_path.begin(), search_path.end(), directory) == search_path.end())
    search_path.push_back(directory);
  for (const std::string& file : payload.files()) KTSTR_TRY(add_included(archive, file, inputs));
  return ok();
}

}  // namespace

Status add_included(NewcWriter& archive, const std::string& name, std::map<std::string, std::string>& inputs) {
  std::error_code error;
  const fs::path path = fs::absolute(name, error).lexically_normal();
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return fail(ErrorCode::kNotFound, "the included file {} is not there", path.string())
        .with_hint("correct its path, or make it before the run; a relative path starts at the current directory");
  if (error) return Error::from_errno(error.value(), fmt::format("cannot look at {}", path.string()));
  if (fs::is_directory(status)) return add_directory(archive, path, inputs);
  if (!fs::is_regular_file(status))
    return fail(ErrorCode::kInvalidArgument, "the included {} is neither a file nor a directory", path.string())
        .with_hint("make sockets, pipes and devices in the guest");
  return add_regular_file(archive, path, inputs).context("include " + path.string());
}

Result<std::vector<std::string>> add_payloads(NewcWriter& archive, const std::vector<Payload>& payloads,
                                              std::map<std::string, std::string>& inputs) {
  std::vector<std::string> search_path;
  for (const Payload& payload : payloads)
    KTSTR_TRY(add_payload(archive, payload, inputs, search_path).context(fmt::format("payload '{}'", payload.name())));
  return search_path;
}

}  // namespace ktstr
