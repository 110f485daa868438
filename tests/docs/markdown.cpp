// SPDX-License-Identifier: Apache-2.0
#include "markdown.h"

#include <algorithm>
#include <regex>

namespace ktstr {

namespace {

struct Page {
  std::vector<FencedBlock> blocks;
  std::string prose;  // what stands outside of blocks
};

// Takes the first line, without its end, off `text`.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::size_t count_leading(std::string_view text, char c) { return std::min(text.find_first_not_of(c), text.size()); }

Page parse(std::string_view markdown) {
  Page page;
  std::size_t fence = 0;  // backticks of the fence that is open
  std::size_t indent = 0;
  for (int number = 1; !markdown.empty(); ++number) {
    std::string_view line = take_line(markdown);
    const std::size_t spaces = count_leading(line, ' ');
    std::string_view rest = line.substr(spaces);
    const std::size_t ticks = count_leading(rest, '`');
    rest.remove_prefix(ticks);
    if (fence == 0) {
      if (ticks >= 3 && rest.find('`') == std::string_view::npos) {
        fence = ticks;
        indent = spaces;
        rest.remove_prefix(count_leading(rest, ' '));
        page.blocks.push_back({.language = std::string(rest.substr(0, rest.find(' '))), .text = "", .line = number});
      } else {
        page.prose.append(line).push_back('\n');
      }
    } else if (ticks >= fence && count_leading(rest, ' ') == rest.size()) {
      fence = 0;
    } else {
      line.remove_prefix(std::min(indent, spaces));
      page.blocks.back().text.append(line).push_back('\n');
    }
  }
  return page;
}

}  // namespace

std::vector<FencedBlock> fenced_blocks(std::string_view markdown) { return parse(markdown).blocks; }

std::optional<Runnable> runnable(const FencedBlock& block) {
  static const std::regex kFile("# file: ([A-Za-z0-9_-]+\\.toml)");
  const std::string first = block.text.substr(0, block.text.find('\n'));
  if (block.language == "sh" && (first == "# runs" || first == "# runs long"))
    return Runnable{.kind = Runnable::Kind::kScript, .name = "", .is_long = first == "# runs long"};
  std::smatch match;
  if (block.language == "toml" && std::regex_match(first, match, kFile))
    return Runnable{.kind = Runnable::Kind::kScenario, .name = match[1]};
  return std::nullopt;
}

std::vector<std::string> relative_links(std::string_view markdown) {
  static const std::regex kCode("`[^`]*`");
  static const std::regex kLink("\\]\\(([^()\\s]+)");
  static const std::regex kScheme("[A-Za-z][A-Za-z0-9+.-]*:.*");
  const std::string prose = std::regex_replace(parse(markdown).prose, kCode, "");
  std::vector<std::string> targets;
  for (auto link = std::sregex_iterator(prose.begin(), prose.end(), kLink); link != std::sregex_iterator(); ++link) {
    const std::string target = (*link)[1];
    if (std::regex_match(target, kScheme) || target.starts_with('#')) continue;
    targets.push_back(target.substr(0, target.find('#')));
  }
  return targets;
}

}  // namespace ktstr
