// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/smaller.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <regex>

#include "base/text/duration.h"

namespace ktstr {

namespace {

constexpr std::chrono::milliseconds kShortest{5};

// A line "[name]" or "[[name]]", and all up to the next.
struct Block {
  std::size_t begin = 0, end = 0;
  std::string name;  // "": before the first
  bool of_array = false;
};

std::vector<Block> blocks_of(const std::string& text) {
  static const std::regex header(R"(^[ \t]*(\[\[?)[ \t]*([A-Za-z0-9_.-]+)[ \t]*\]\]?[ \t]*(#.*)?$)");
  std::vector<Block> blocks = {{}};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    std::smatch match;
    if (std::regex_match(line, match, header)) {
      blocks.back().end = at;
      blocks.push_back({.begin = at, .end = 0, .name = match[2], .of_array = match[1] == "[["});
    }
    at = end + 1;
  }
  blocks.back().end = text.size();
  return blocks;
}

std::string with(const std::string& text, std::size_t at, std::size_t length, std::string_view instead) {
  return std::string(text).replace(at, length, instead);
}

}  // namespace

std::vector<std::string> smaller_scenarios(std::string_view of) {
  const std::string text(of);
  const std::vector<Block> blocks = blocks_of(text);
  std::vector<std::string> smaller;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (!blocks[i].of_array) continue;
    std::size_t last = i;
    while (last + 1 < blocks.size() && blocks[last + 1].name.starts_with(blocks[i].name + ".")) ++last;
    smaller.push_back(with(text, blocks[i].begin, blocks[last].end - blocks[i].begin, ""));
  }
  static const std::regex duration(R"re((^|\n)duration[ \t]*=[ \t]*"([^"\n]*)")re");
  std::smatch match;
  const std::string head = text.substr(0, blocks.front().end);
  if (std::regex_search(head, match, duration))
    if (const auto whole = parse_duration(match[2].str()); whole && *whole / 2 >= kShortest)
      smaller.push_back(with(text, static_cast<std::size_t>(match.position(2)),
                             static_cast<std::size_t>(match.length(2)), format_duration(*whole / 2)));
  static const std::regex workers(R"((^|[\n{,])[ \t]*workers[ \t]*=[ \t]*([0-9]+))");
  for (std::sregex_iterator one(text.begin(), text.end(), workers), end; one != end; ++one) {
    unsigned count = 0;
    const std::string digits = one->str(2);
    std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (count > 1)
      smaller.push_back(
          with(text, static_cast<std::size_t>(one->position(2)), digits.size(), fmt::format("{}", count / 2)));
  }
  return smaller;
}

}  // namespace ktstr
