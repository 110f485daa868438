// SPDX-License-Identifier: Apache-2.0
//
// Which programs a shell script calls, by its text: a scheduler may be a script that starts the real one. A best
// effort, not a shell: what stands where a command may stand is taken for one, what a variable holds is not known.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

// sh, bash, dash and the like, by the name of the program.
bool is_shell(const std::filesystem::path& interpreter);

// Words at the place of a command, without quotes, each once, in their order; what the shell does by itself (cd, echo,
// if) is left out. An expansion in a word is kept as one '$': "$/scx_real" is "$(dirname "$0")/scx_real". Words with a
// slash come whatever their place: `taskset 1 /opt/scx`.
std::vector<std::string> commands_in_script(std::string_view text);

struct FoundCommand {
  std::filesystem::path host, guest;
};
// The program that a word of a script (at `script` here, at `guest_script` in the guest) means. A path is taken as it
// is, a relative one from the current directory or beside the script, and is found from the root in the guest, where
// the script starts. Behind an expansion only the last component counts: beside the script. A bare name is looked for
// in PATH, then beside the script. Nothing where there is no such file.
std::optional<FoundCommand> find_command(const std::string& word, const std::filesystem::path& script,
                                         const std::filesystem::path& guest_script);

}  // namespace ktstr
