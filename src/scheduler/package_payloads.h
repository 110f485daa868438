// SPDX-License-Identifier: Apache-2.0
//
// Bringing payloads into the guest: each program under its own absolute path with what it needs to run, so that what
// it says about itself (its help, $0, a library beside it) holds there too, and the files that it includes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "ktstr/payload.h"
#include "wire/cpio.h"

namespace ktstr {

// Adds each payload's program (a path, or a name in PATH; libraries and interpreters as add_program) and included
// files. What is there already is kept. sha256 of each file goes into `inputs`. Gives the directories of the programs
// in the order of the payloads: the guest's search path (Job::payload_path). Errors name the payload: kInvalidArgument
// (scheduler kind, validate(), no program for this machine), kNotFound (program, library, included file).
Result<std::vector<std::string>> add_payloads(NewcWriter& archive, const std::vector<Payload>& payloads,
                                              std::map<std::string, std::string>& inputs);

// A host file under its absolute path, or a directory with everything below it. Programs among them bring their
// libraries. A symbolic link is delivered as what it leads to.
Status add_included(NewcWriter& archive, const std::string& path, std::map<std::string, std::string>& inputs);

}  // namespace ktstr
