// SPDX-License-Identifier: Apache-2.0
//
// What decides a run's digest, as it was recorded and as it is here: everything that differs at once, before a guest
// boots.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runner/replay/stored_request.h"

namespace ktstr {

// This machine, as far as it decides the digest. An Error: it is not there, or cannot be used.
struct Here {
  std::string kernel, kernel_sha256;
  std::optional<Error> kernel_error;
  std::string qemu_version;
  std::string turns_plugin_sha256;  // "" where there is none
  std::optional<Error> qemu_error;
  std::optional<Error> mode_error;
  std::optional<Error> inputs_error;
  std::uint32_t mailbox_version = 0;
};

struct Difference {
  std::string what, recorded, here;
  bool prevents = false;  // without it there is no run at all
  std::string way_out;
};
// `stored_agent`: the agent is the one of then, so it must be one that we can talk to.
std::vector<Difference> differences_between(const StoredRun& stored, const Here& here, bool stored_agent);

struct ChangedInput {
  std::string path, recorded, here;  // sha256; "" where there is none
};
std::vector<ChangedInput> changed_inputs(const std::map<std::string, std::string>& recorded,
                                         const std::map<std::string, std::string>& here);

// Tables for people, each line indented by two blanks and ended; "" for nothing.
std::string table_of(const std::vector<Difference>& differences);
std::string table_of(const std::vector<ChangedInput>& changed);

// kUnsupported with the table and every way out, where the run cannot be replayed or (without `anyway`) not exactly.
Status check_differences(const std::string& id, const std::vector<Difference>& differences, bool anyway);

}  // namespace ktstr
