// SPDX-License-Identifier: Apache-2.0
//
// Bringing programs into the guest: a program, its interpreter and its shared libraries (DT_NEEDED, recursively), found
// as the dynamic loader would find them and put where the guest's loader looks (library_search.h). What a program opens
// by itself at run time (dlopen, name services, data files) is not seen: name such files as include files.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/cpio.h"

namespace ktstr {

// A bare name is looked up in `beside` (the directory of our own program), then in PATH; a path is taken as it is.
// Errors: kNotFound / kInvalidArgument (no regular file, not executable, not an ELF or script for this machine), each
// with the path and the way out.
Result<std::filesystem::path> find_scheduler(const std::string& program, const std::filesystem::path& beside);

// As find_scheduler, for a payload's program: a bare name is looked up in PATH alone.
Result<std::filesystem::path> find_payload(const std::string& program);

// Adds `program` under `guest_path` and everything that it needs to run. Records sha256 of each file, as delivered,
// under its guest path in `inputs`. Files with debug information are delivered without what is never loaded
// (elf_trim.h). A script (#!) brings its interpreter. A missing library is kNotFound, naming who needs it and the
// directories searched.
//
// ScriptCommands::kPack: of a shell script, the programs that it calls come along, as far as they are found
// (script_commands.h): what it names by a path under that path, what it names without one or beside itself in
// /ktstr/bin, which is first in a scheduler's PATH.
enum class ScriptCommands { kLeave, kPack };
Status add_program(NewcWriter& archive, const std::filesystem::path& program, const std::string& guest_path,
                   std::map<std::string, std::string>& inputs, ScriptCommands commands = ScriptCommands::kLeave);

}  // namespace ktstr
