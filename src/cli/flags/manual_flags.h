// SPDX-License-Identifier: Apache-2.0
//
// The subcommands that print what others read of the command line: completion, man.
#pragma once

#include "cli/flags/setting_flags.h"

namespace ktstr::cli {

struct ManualFlags {
  CLI::App* completion;
  CLI::App* man;
  CompletionCommand completion_command;
  ManCommand man_command;
  std::string directory;

  explicit ManualFlags(CLI::App& app)
      : completion(app.add_subcommand("completion", "print the script by which a shell completes ktstr's words")),
        man(app.add_subcommand("man", "print a manual page, as roff")) {
    add_text(*completion, "shell", completion_command.shell, "bash|zsh|fish", "which shell")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
    completion->footer(
        "The scripts ask 'ktstr completion --of WORD...' for what may follow these words: bash reads its own with\n"
        "'source <(ktstr completion bash)', zsh with 'source <(ktstr completion zsh)' after compinit, fish with\n"
        "'ktstr completion fish | source'.");
    man->add_option("command", man_command.command, "of this command; default: of ktstr itself")->type_name("COMMAND");
    add_text(*man, "--all", directory, "DIR", "write the pages of all commands into this directory");
    man->footer("'ktstr man run | man -l -' shows one.");
  }

  Result<Command> man_interpreted() const {
    ManCommand result = man_command;
    result.directory = directory;
    if (!directory.empty() && !result.command.empty())
      return Error(ErrorCode::kInvalidArgument, "--all writes the pages of all commands")
          .with_hint("leave the command's name out, or --all");
    return Command(std::move(result));
  }
};

}  // namespace ktstr::cli
