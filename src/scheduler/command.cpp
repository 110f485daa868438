// SPDX-License-Identifier: Apache-2.0
#include "scheduler/command.h"

#include <utility>

namespace ktstr {

Result<std::vector<std::string>> split_command(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const bool last = i + 1 == command.size();
    if (quote == '\'') {
      if (c == '\'')
        quote = 0;
      else
        word += c;
    } else if (c == '\\') {
      if (last)
        return fail(ErrorCode::kInvalidArgument, "a backslash at the end of '{}' has nothing to quote", command)
            .with_hint("write \\\\ for a backslash");
      const char next = command[++i];
      // Inside double quotes a backslash is special before these only (POSIX sh, 2.2.3).
      if (quote == '"' && next != '"' && next != '\\' && next != '$' && next != '`') word += c;
      word += next;
      in_word = true;
    } else if (quote == '"') {
      if (c == '"')
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0)
    return fail(ErrorCode::kInvalidArgument, "the {} in '{}' is never closed", quote, command)
        .with_hint("close the quote, or write a backslash before it if it is meant as a character");
  if (in_word) words.push_back(std::move(word));
  return words;
}

}  // namespace ktstr
