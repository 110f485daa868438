// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `ktstr` with their flags, as the parser has them: what completion and manual pages are made of.
#pragma once

#include <string>
#include <vector>

namespace ktstr::cli {

struct OptionNode {
  std::vector<std::string> names;  // "--jobs", "-j"; of a positional one its name, "file"
  std::string type;                // of the value, as the help has it; "": a flag
  std::string help;
  bool positional = false, required = false;
  bool many = false;  // may be given several times

  bool takes_value() const { return !type.empty(); }
};

struct CommandNode {
  std::string name;  // "list"
  std::string path;  // "ktstr runs list"
  std::string help, footer;
  std::vector<OptionNode> options;  // positional ones too, in the order of the help
  std::vector<CommandNode> commands;

  const CommandNode* find(std::string_view command) const {
    for (const CommandNode& each : commands)
      if (each.name == command) return &each;
    return nullptr;
  }
};

// `ktstr` itself.
CommandNode command_tree();

}  // namespace ktstr::cli
