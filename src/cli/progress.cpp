// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/status_line.h"
#include "report/units.h"

namespace ktstr::cli {

namespace {

constexpr std::chrono::seconds kBetweenPlainLines{10};

std::size_t columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

// Rounded up: a wait that ends early annoys nobody.
std::string time_left(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds) + 1;
  if (whole <= 90) return fmt::format("{} s", whole);
  if (whole <= 90 * 60) return fmt::format("{} min", (whole + 59) / 60);
  return fmt::format("{} h", (whole + 3599) / 3600);
}

}  // namespace

std::string progress_text(const PoolState& state) {
  std::string text = fmt::format("{} of {} done, {} running", state.done, state.total, state.running);
  if (state.failed > 0) text += fmt::format(", {} failed", state.failed);
  if (state.done == 0 || state.done == state.total) return text;
  const double mean = to_seconds(state.busy) / static_cast<double>(state.done);
  return text + ", about " + time_left(mean * static_cast<double>(state.total - state.done) / state.jobs) + " left";
}

Progress::~Progress() {
  if (kind_ == Kind::kTerminal) set_status_line("");
}

Progress::Kind Progress::kind_for(bool json) {
  if (::isatty(STDERR_FILENO) == 1) return Kind::kTerminal;
  return json ? Kind::kNone : Kind::kPlain;
}

void Progress::show(const PoolState& state) {
  if (kind_ == Kind::kNone || state.total <= 1) return;
  if (kind_ == Kind::kTerminal) return set_status_line(shortened(progress_text(state), columns() - 1));
  if (state.done == last_done_ || state.done == state.total || state.elapsed - last_shown_ < kBetweenPlainLines) return;
  last_shown_ = state.elapsed;
  last_done_ = state.done;
  ignore_result(write_above_status_line(STDERR_FILENO, "ktstr: " + progress_text(state) + "\n"),
                "there is nobody left to tell");
}

}  // namespace ktstr::cli
