// SPDX-License-Identifier: Apache-2.0
#include "rt_app/json_text.h"

#include <algorithm>

namespace ktstr {

namespace {

constexpr std::string_view kBlank = " \t\r\n";

// Cuts a text into comments, strings, blanks and single characters.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : rest_(text) {}
  // Empty at the end.
  std::string_view next() {
    std::size_t length = std::min<std::size_t>(1, rest_.size());
    if (rest_.starts_with("//"))
      length = std::min(rest_.find('\n'), rest_.size());
    else if (rest_.starts_with("/*"))
      length = std::min(rest_.find("*/", 2), rest_.size() - 2) + 2;
    else if (rest_.starts_with('"'))
      length = string_length();
    const std::string_view piece = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return piece;
  }

 private:
  std::size_t string_length() const {
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '\\')
        ++at;
      else if (rest_[at] == '"')
        return at + 1;
    }
    return rest_.size();
  }
  std::string_view rest_;
};

bool is_nothing(std::string_view piece) {
  return piece.starts_with("//") || piece.starts_with("/*") ||
         piece.find_first_not_of(kBlank) == std::string_view::npos;
}

int lines_in(std::string_view piece) { return static_cast<int>(std::count(piece.begin(), piece.end(), '\n')); }

}  // namespace

std::string strict_json(std::string_view text) {
  std::string out, open;                    // brackets that are open
  std::size_t comma = std::string::npos;    // the last piece that was something, where it was a comma
  std::size_t key_end = std::string::npos;  // ... where it was a string that must be a key
  char before = '\0';                       // its first character
  Pieces pieces(text);
  for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
    if (is_nothing(piece)) {
      out += piece;
      continue;
    }
    const char c = piece.front();
    const bool closes = c == '}' || c == ']';
    if (closes && before == ',') out[comma] = ' ';
    if ((c == ',' || c == '}') && key_end != std::string::npos) {
      out.insert(key_end, ": \"\"");
    }
    key_end = std::string::npos;
    const bool key_comes = !open.empty() && open.back() == '{' && (before == '{' || before == ',');
    if (c == '{' || c == '[') open += c;
    if (closes && !open.empty()) open.pop_back();
    if (c == ',') comma = out.size();
    out += piece;
    if (c == '"' && key_comes) key_end = out.size();
    before = c;
  }
  return out;
}

// A string with a colon after it is a key.
std::vector<int> key_lines(std::string_view json) {
  std::vector<int> lines;
  int line = 1, string_line = 0;
  Pieces pieces(json);
  for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
    if (piece == ":" && string_line != 0) lines.push_back(string_line);
    if (!is_nothing(piece)) string_line = piece.starts_with('"') ? line : 0;
    line += lines_in(piece);
  }
  return lines;
}

}  // namespace ktstr
