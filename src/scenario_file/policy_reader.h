// SPDX-License-Identifier: Apache-2.0
//
// How scenario files write the attributes of workers that are more than a number:
//
//   policy = "batch"                       # "normal", "idle", "ext", "fifo:50", "rr:50"
//   policy = { runtime = "2ms", deadline = "10ms", period = "10ms" }
//   mem_policy = "bind:0-1"                # "local", "preferred:0", "interleave:0-1", ...
//   mem_policy = { policy = "bind:0-1", flags = ["static"] }
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ktstr/work.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

// Each form with what it means, for messages and the reference page.
struct TextForm {
  std::string_view form;  // as it is written in a file: "\"fifo:50\""
  std::string_view meaning;
};
const std::vector<TextForm>& policy_forms();
const std::vector<TextForm>& mem_policy_forms();
// The names of a memory policy's flags.
const std::vector<std::string_view>& mem_policy_flags();

// Empty when the key is not there, or with a mistake.
std::optional<SchedPolicy> read_policy(TableReader& reader, std::string_view key);
std::optional<MemPolicy> read_mem_policy(TableReader& reader, std::string_view key);

}  // namespace ktstr
