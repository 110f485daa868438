// SPDX-License-Identifier: Apache-2.0
#include "scheduler/script_commands.h"

#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "base/system/process.h"

namespace ktstr {

namespace {

constexpr std::string_view kShells[] = {"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox"};
constexpr std::string_view kSearchDirectory = "/ktstr/bin";

// After these the next word is a command again (POSIX sh, 2.4 and 2.14; and what only starts another program).
constexpr std::string_view kBeforeCommands[] = {"exec", "command", "builtin", "eval", "time", "if", "then", "elif",
                                                "else", "while",   "until",   "do",   "!",    "{",  "sudo"};
// The same, but programs.
constexpr std::string_view kProgramsBeforeCommands[] = {"env", "nohup", "setsid"};
constexpr std::string_view kOfTheShell[] = {
    ".",        ":",        "[",      "[[",      "alias", "bg",     "break", "case",  "cd",     "continue",
    "declare",  "done",     "echo",   "esac",    "exit",  "export", "false", "fg",    "fi",     "for",
    "function", "getopts",  "hash",   "in",      "jobs",  "kill",   "let",   "local", "printf", "pwd",
    "read",     "readonly", "return", "set",     "shift", "source", "test",  "times", "trap",   "true",
    "type",     "ulimit",   "umask",  "unalias", "unset", "wait",   "}"};

template <std::size_t N>
bool is_one_of(std::string_view word, const std::string_view (&list)[N]) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

bool is_assignment(std::string_view word) {
  const std::size_t equals = word.find('=');
  return equals != std::string_view::npos && equals > 0 &&
         std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

// Cuts a script into words and says which stand at the place of a command.
class ScriptReader {
 public:
  explicit ScriptReader(std::vector<std::string>& found) : found_(found) {}

  // `depth`: of command substitutions; a script that nests deeper is not followed.
  void read(std::string_view text, int depth) {
    bool at_command = true, in_prefix = false;
    for (std::size_t i = 0; i < text.size();) {
      const char c = text[i];
      if (c == '\\' && i + 1 < text.size() && text[i + 1] == '\n') {
        i += 2;
      } else if (c == ' ' || c == '\t') {
        ++i;
      } else if (c == '#') {
        i = std::min(text.find('\n', i), text.size());
      } else if (c == '<' || c == '>') {
        i = text.find_first_not_of("<>&| \t", i);
        if (i == std::string_view::npos) return;
        if (text[i] == '\n') continue;
        const bool was = at_command;
        word_at(text, i, depth);  // the file
        at_command = was;
      } else if (std::string_view("\n;&|()").find(c) != std::string_view::npos) {
        at_command = true;
        in_prefix = false;
        ++i;
      } else {
        const std::string word = word_at(text, i, depth);
        take(word, at_command, in_prefix);
      }
    }
  }

 private:
  void take(const std::string& word, bool& at_command, bool& in_prefix) {
    if (at_command) {
      if (is_assignment(word)) return;
      const bool program = is_one_of(word, kProgramsBeforeCommands);
      if (program) add(word);
      if (program || is_one_of(word, kBeforeCommands)) {
        in_prefix = true;
        return;
      }
      if (in_prefix && word.starts_with('-')) return;  // an option of env, nohup, ...
      at_command = false;
      in_prefix = false;
      if (!is_one_of(word, kOfTheShell)) add(word);
    } else if (word.find('/') != std::string::npos) {
      add(word);
    }
  }

  void add(const std::string& word) {
    constexpr std::size_t kMostCommands = 256, kLongest = 4096;
    if (word.empty() || word.size() > kLongest || found_.size() >= kMostCommands) return;
    if (std::find(found_.begin(), found_.end(), word) == found_.end()) found_.push_back(word);
  }

  // One word without its quotes; leaves `i` after it.
  std::string word_at(std::string_view text, std::size_t& i, int depth) {
    std::string word;
    const std::size_t start = i;
    char quote = 0;
    for (; i < text.size(); ++i) {
      const char c = text[i];
      if (quote == '\'') {
        if (c == '\'')
          quote = 0;
        else
          word += c;
      } else if (c == '\\' && i + 1 < text.size()) {
        if (text[++i] != '\n') word += text[i];
      } else if (c == '$' || c == '`') {
        word += '$';
        i = skip_expansion(text, i, depth);
      } else if (c == '"') {
        quote = quote == '"' ? '\0' : '"';
      } else if (quote == '"') {
        word += c;
      } else if (c == '\'') {
        quote = c;
      } else if (std::string_view(" \t\n;&|()<>").find(c) != std::string_view::npos) {
        break;
      } else {
        word += c;
      }
    }
    if (i == start) ++i;  // a character that begins no word
    return word;
  }

  // The last character of the expansion that begins at `i`: $name, ${...}, $(...), `...`. Commands in it are read.
  std::size_t skip_expansion(std::string_view text, std::size_t i, int depth) {
    constexpr int kDeepest = 8;
    if (text[i] == '`' || text.substr(i).starts_with("$(")) {
      const bool old = text[i] == '`';
      const std::size_t from = i + (old ? 1 : 2);
      const std::size_t end = old ? text.find('`', from) : closing(text, from, '(', ')');
      if (end == std::string_view::npos) return text.size() - 1;
      if (depth < kDeepest) read(text.substr(from, end - from), depth + 1);
      return end;
    }
    if (text.substr(i).starts_with("${")) {
      const std::size_t end = closing(text, i + 2, '{', '}');
      return end == std::string_view::npos ? text.size() - 1 : end;
    }
    std::size_t end = i + 1;
    if (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) == 0 && text[end] != '_') return end;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) ++end;
    return end - 1;
  }

  static std::size_t closing(std::string_view text, std::size_t from, char open, char close) {
    int depth = 1;
    for (std::size_t i = from; i < text.size(); ++i) {
      if (text[i] == open) ++depth;
      if (text[i] == close && --depth == 0) return i;
    }
    return std::string_view::npos;
  }

  std::vector<std::string>& found_;
};

std::optional<fs::path> program_at(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return {};
  const fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute.lexically_normal();
}

}  // namespace

bool is_shell(const fs::path& interpreter) { return is_one_of(interpreter.filename().string(), kShells); }

std::vector<std::string> commands_in_script(std::string_view text) {
  std::vector<std::string> found;
  if (text.starts_with("#!")) text.remove_prefix(std::min(text.find('\n'), text.size()));
  ScriptReader(found).read(text, 0);
  return found;
}

std::optional<FoundCommand> find_command(const std::string& word, const fs::path& script,
                                         const fs::path& guest_script) {
  const fs::path beside = script.parent_path();
  if (word.find('/') == std::string::npos) {
    if (word.find('$') != std::string::npos) return {};
    const fs::path guest = fs::path(kSearchDirectory) / word;
    if (const auto in_path = find_program(word)) return FoundCommand{*in_path, guest};
    if (const auto program = program_at(beside / word)) return FoundCommand{*program, guest};
    return {};
  }
  const fs::path path = word;
  if (word.find('$') != std::string::npos) {
    const fs::path name = path.filename();
    if (name.empty() || name.string().find('$') != std::string::npos) return {};
    const auto program = program_at(beside / name);
    return program ? std::optional(FoundCommand{*program, guest_script.parent_path() / name}) : std::nullopt;
  }
  if (path.is_absolute()) {
    const auto program = program_at(path);
    return program ? std::optional(FoundCommand{*program, path.lexically_normal()}) : std::nullopt;
  }
  const fs::path guest = (fs::path("/") / path).lexically_normal();
  if (const auto program = program_at(path)) return FoundCommand{*program, guest};
  if (const auto program = program_at(beside / path)) return FoundCommand{*program, guest};
  return {};
}

}  // namespace ktstr
