// SPDX-License-Identifier: Apache-2.0
//
// What may follow the words of a command line. The scripts for shells (completion_scripts.cpp) ask for it with
// `ktstr completion --of WORD...`, so that they know what this ktstr knows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/manual/command_tree.h"

namespace ktstr::cli {

struct Candidate {
  std::string value;
  std::string what;  // one line; may be empty
};

// Lists that only a look around can give.
enum class ValueSource {
  kRuns,
  kKernels,
  kScenarios,
  kSchedulers,
  kWorkTypes,
  kTopologies,
  kPolicies,
  kFormats,
  kImages
};
using ListValues = std::function<std::vector<Candidate>(ValueSource source)>;

struct Completion {
  enum class Files { kNone, kAny, kToml, kDirectories };
  Files files = Files::kNone;         // paths may follow, which the shell knows itself
  std::vector<Candidate> candidates;  // whole words that begin with what there is of the last word
};

// `words` is what stands after `ktstr`; the last one is being typed and may be empty.
Completion complete(const CommandNode& root, const std::vector<std::string>& words, const ListValues& list);

// As the scripts read it: "none", "any", "toml" or "directories", then a line a candidate, "VALUE\tWHAT".
std::string to_lines(const Completion& completion);

// For "bash", "zsh" or "fish"; none for another one.
std::optional<std::string_view> completion_script(std::string_view shell);

}  // namespace ktstr::cli
