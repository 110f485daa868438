// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/stopped_guest.h"

#include <poll.h>
#include <unistd.h>

#include "base/activity.h"
#include "cli/repeat_command.h"
#include "kernel_state/read_value.h"
#include "runner/runner.h"

namespace ktstr::cli {

namespace {

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

}  // namespace

std::string as_text(const StoppedGuest& guest, const StopMoment& moment) {
  std::string text = fmt::format(
      "stopped at {:.3f} s of guest time, {:.3f} s after the body's start (asked for: {:.3f} s, {})\n"
      "  the guest's clock is known in steps of {} ms\n",
      seconds(guest.guest_ns), seconds(guest.guest_ns - moment.body_start_ns), seconds(moment.guest_ns), moment.what,
      std::chrono::duration_cast<std::chrono::milliseconds>(guest.tick).count());
  // Where only values are shown nothing stays to be looked at.
  const bool stays = guest.shown.empty() || !guest.gdb_script.empty();
  if (stays) {
    text += fmt::format("  console  {}\n", guest.console_log.string());
    for (std::size_t node = 0; node < guest.memory.size(); ++node)
      text += fmt::format("  memory   {} (node {})\n", guest.memory[node].string(), node);
  }
  if (!guest.gdb_script.empty()) text += fmt::format("  debugger gdb -x {}\n", shell_quote(guest.gdb_script.string()));
  for (const ShownValue& one : guest.shown)
    if (one.error.empty())
      text += value_text(one.expression, one.value);
    else
      text += fmt::format("{}: {}{}\n", one.expression, one.error, one.hint.empty() ? "" : "; " + one.hint);
  if (stays) text += "it stands still until Enter or Ctrl-C\n";
  return text;
}

nlohmann::ordered_json as_json(const StoppedGuest& guest, const StopMoment& moment) {
  std::vector<std::string> memory;
  for (const auto& file : guest.memory) memory.push_back(file.string());
  auto shown = nlohmann::ordered_json::array();
  for (const ShownValue& one : guest.shown)
    shown.push_back({{"expression", one.expression}, {"value", one.value}, {"error", one.error}});
  return {{"shown", std::move(shown)},
          {"stopped_at_ns", guest.guest_ns},
          {"asked_for_ns", moment.guest_ns},
          {"asked_for", moment.what},
          {"body_start_ns", moment.body_start_ns},
          {"tick_ns", guest.tick.count()},
          {"console", guest.console_log.string()},
          {"memory", memory},
          {"gdb_script", guest.gdb_script.string()}};
}

void wait_for_a_person() {
  const Activity stands("standing still", Activity::Kind::kOfPerson);
  while (!interrupted()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 200) <= 0) continue;
    char line[256];
    if (::read(STDIN_FILENO, line, sizeof line) >= 0) return;
  }
}

}  // namespace ktstr::cli
