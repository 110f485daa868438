// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "engine/watch/console.h"
#include "engine/watch/total_limits.h"

using namespace ktstr;

namespace {

// A guest may say what it likes: it is ended within the limits, and fills no memory.
void watch(const std::uint8_t* data, std::size_t size) {
  const PhaseLimits limits;
  Lifecycle lifecycle(limits, 2, 1.0);
  TotalLimits total(limits, 2, 1.0);
  double host = 0;
  bool ended = false;
  GuestSample sample;
  for (; size >= sizeof sample && !ended; data += sizeof sample, size -= sizeof sample, host += 1) {
    std::memcpy(&sample, data, sizeof sample);
    ended = total.observe(sample, host).has_value() || lifecycle.observe(sample, host).has_value();
    if (lifecycle.phases().size() > 64) __builtin_trap();
  }
  // The same for ever: total limits hold, or the guest is done, whose end follows.
  for (; !ended && host < 100'000; host += 1000) ended = total.observe(sample, host).has_value();
  if (!ended) __builtin_trap();
}

void look_at_console(std::string_view text) {
  const auto found = classify_console(text);
  if (found && found->line.size() > text.size()) __builtin_trap();
  if (last_lines(text, 40).size() > 40) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  watch(data, size);
  look_at_console({reinterpret_cast<const char*>(data), size});
  return 0;
}
