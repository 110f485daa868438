// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/taint.h"

#include <fmt/core.h>

#include <array>

namespace ktstr {

namespace {

struct Flag {
  char letter;
  const char* meaning;
};

// The position is the bit.
constexpr std::array kFlags = {
    Flag{'P', "a proprietary module was loaded"},
    Flag{'F', "a module was force loaded"},
    Flag{'S', "the kernel runs on a processor or system that is out of specification"},
    Flag{'R', "a module was force unloaded"},
    Flag{'M', "the processor reported a machine check exception"},
    Flag{'B', "a bad page was referenced, or page flags were unexpected"},
    Flag{'U', "taint was requested by a user-space application"},
    Flag{'D', "the kernel died: there was an oops or a BUG"},
    Flag{'A', "an ACPI table was overridden"},
    Flag{'W', "the kernel issued a warning"},
    Flag{'C', "a staging driver was loaded"},
    Flag{'I', "a workaround for a bug in the firmware was applied"},
    Flag{'O', "an out-of-tree module was loaded"},
    Flag{'E', "an unsigned module was loaded"},
    Flag{'L', "a soft lockup occurred"},
    Flag{'K', "the kernel was live patched"},
    Flag{'X', "an auxiliary taint of the distribution"},
    Flag{'T', "the kernel was built with the struct randomization plugin"},
    Flag{'N', "an in-kernel test was run"},
    Flag{'J', "a device was put into a mode that its driver does not support"},
};

}  // namespace

std::string taint_letters(std::uint64_t mask) {
  std::string letters;
  for (std::size_t bit = 0; bit < 64; ++bit)
    if ((mask >> bit & 1) != 0) letters += bit < kFlags.size() ? kFlags[bit].letter : '?';
  return letters;
}

std::string describe_taint(std::uint64_t mask) {
  std::string text;
  for (std::size_t bit = 0; bit < 64; ++bit) {
    if ((mask >> bit & 1) == 0) continue;
    if (!text.empty()) text += ", ";
    text += bit < kFlags.size() ? fmt::format("{} ({})", kFlags[bit].letter, kFlags[bit].meaning)
                                : fmt::format("bit {}", bit);
  }
  return text;
}

}  // namespace ktstr
