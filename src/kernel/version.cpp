// SPDX-License-Identifier: Apache-2.0
#include "kernel/version.h"

#include <cctype>

#include "base/text/digit.h"

namespace ktstr {
namespace {

constexpr std::string_view kBanner = "Linux version ";
constexpr std::size_t kLongestRelease = 64;  // __NEW_UTS_LEN, include/uapi/linux/utsname.h

// The rank of a character in deb-version(7): ~ before the end, letters before the rest.
int rank(char c) {
  if (c == '~') return -1;
  if (std::isalpha(static_cast<unsigned char>(c)) != 0) return c;
  return c + 256;
}

std::string normalised(std::string_view release) {
  std::string text(release);
  if (const auto rc = text.find("-rc"); rc != std::string::npos) text[rc] = '~';
  return text;
}

std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

std::strong_ordering compare_normalised(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !is_digit(a.front())) || (!b.empty() && !is_digit(b.front()))) {
      const int ra = a.empty() || is_digit(a.front()) ? 0 : rank(a.front());
      const int rb = b.empty() || is_digit(b.front()) ? 0 : rank(b.front());
      if (ra != rb) return ra <=> rb;
      if (!a.empty()) a.remove_prefix(1);
      if (!b.empty()) b.remove_prefix(1);
    }
    const std::string_view na = take_digits(a);
    const std::string_view nb = take_digits(b);
    if (na.size() != nb.size()) return na.size() <=> nb.size();
    if (const int order = na.compare(nb); order != 0) return order <=> 0;
  }
  return std::strong_ordering::equal;
}

}  // namespace

Result<std::string> kernel_release(ByteSpan vmlinux) {
  const std::string_view text = as_text(vmlinux);
  for (std::size_t at = text.find(kBanner); at != text.npos; at = text.find(kBanner, at + 1)) {
    std::string_view release = text.substr(at + kBanner.size(), kLongestRelease + 1);
    const std::size_t end = release.find_first_of(std::string_view(" \0", 2));
    // The format string itself ("%s version %s") and log messages also begin like this: a release begins with a digit.
    if (end == release.npos || end == 0 || release[end] != ' ' || !is_digit(release.front())) continue;
    release = release.substr(0, end);
    bool printable = true;
    for (const char c : release) printable = printable && std::isgraph(static_cast<unsigned char>(c)) != 0 && c != '/';
    if (printable) return std::string(release);
  }
  return fail(ErrorCode::kNotFound, "no \"Linux version ...\" banner");
}

std::strong_ordering compare_releases(std::string_view a, std::string_view b) {
  return compare_normalised(normalised(a), normalised(b));
}

bool release_matches(std::string_view release, std::string_view wanted) {
  if (wanted.empty() || !release.starts_with(wanted)) return false;
  if (release.size() == wanted.size()) return true;
  const char next = release[wanted.size()];
  const bool both_digits = is_digit(wanted.back()) && is_digit(next);
  const bool both_letters = std::isalpha(static_cast<unsigned char>(wanted.back())) != 0 &&
                            std::isalpha(static_cast<unsigned char>(next)) != 0;
  return !both_digits && !both_letters;
}

}  // namespace ktstr
