// SPDX-License-Identifier: Apache-2.0
//
// As much of Markdown as our pages use: fenced blocks and inline links.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

struct FencedBlock {
  std::string language;  // the first word after the opening fence
  std::string text;      // without the fences and their indentation
  int line = 0;          // of the opening fence, from 1
};

// A block without a closing fence reaches to the end.
std::vector<FencedBlock> fenced_blocks(std::string_view markdown);

// What a page claims to work: ```sh beginning with "# runs" or "# runs long", ```toml beginning with "# file:
// NAME.toml".
struct Runnable {
  enum class Kind { kScript, kScenario } kind = Kind::kScript;
  std::string name;      // of a scenario's file
  bool is_long = false;  // only run by ./dev.sh check
};
std::optional<Runnable> runnable(const FencedBlock& block);

// Targets of links to other files, without their #fragments; code is not looked at.
std::vector<std::string> relative_links(std::string_view markdown);

}  // namespace ktstr
