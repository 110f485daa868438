// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "base/clock.h"
#include "base/log.h"
#include "base/status_line.h"
#include "report/units.h"

namespace ktstr::cli {

namespace {

constexpr std::chrono::seconds kLong{3}, kLongOnTerminal{1};
constexpr std::chrono::seconds kBetweenPlainLines{10};
constexpr std::chrono::milliseconds kBetweenLooks{250};

std::size_t columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

// Rounded up: a wait that ends early annoys nobody.
std::string time_left(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds) + 1;
  if (whole <= 90) return fmt::format("{} s", whole);
  if (whole <= std::int64_t{90} * 60) return fmt::format("{} min", (whole + 59) / 60);
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

const ActivitySeen* ProgressTexts::long_one(const std::vector<ActivitySeen>& seen, std::chrono::nanoseconds now,
                                            std::chrono::nanoseconds least) const {
  const auto one = std::find_if(seen.begin(), seen.end(), [&](const ActivitySeen& activity) {
    return now - activity.since >= least && (!pool_ || activity.kind == Activity::Kind::kWaiting);
  });
  return one == seen.end() ? nullptr : &*one;
}

std::string ProgressTexts::text(const ActivitySeen* seen) const {
  if (!pool_) return seen == nullptr ? "" : seen->text;
  return seen == nullptr ? progress_text(*pool_) : progress_text(*pool_) + "; " + seen->text;
}

std::string ProgressTexts::status_line(const std::vector<ActivitySeen>& seen, std::chrono::nanoseconds now) const {
  return text(long_one(seen, now, kLongOnTerminal));
}

std::optional<std::string> ProgressTexts::plain_line(const std::vector<ActivitySeen>& seen,
                                                     std::chrono::nanoseconds now) {
  const ActivitySeen* one = long_one(seen, now, kLong);
  if (!last_line_) last_line_ = one != nullptr ? now - kBetweenPlainLines : now;
  const auto silent = now - *last_line_;
  const bool counts = pool_ && !json_ && pool_->done != last_done_ && pool_->done != pool_->total;
  if (one == nullptr && !counts) return {};
  const bool new_one = !pool_ && one != nullptr && one->id != last_activity_;
  if (silent < (new_one ? kLong : kBetweenPlainLines)) return {};
  last_line_ = now;
  if (one != nullptr) last_activity_ = one->id;
  if (pool_) last_done_ = pool_->done;
  return text(one);
}

Progress::Progress(Kind kind, bool json) : kind_(kind), texts_(json) {
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
  } catch (const std::system_error& none) {
    log_debug("no thread to show the progress: {}", none.what());
  }
}

Progress::~Progress() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  if (kind_ == Kind::kTerminal) set_status_line("");
}

Progress::Kind Progress::kind() { return ::isatty(STDERR_FILENO) == 1 ? Kind::kTerminal : Kind::kPlain; }

void Progress::show(const std::optional<PoolState>& state) {
  const std::lock_guard lock(mutex_);
  texts_.set_pool(state);
  if (kind_ == Kind::kTerminal) look();
}

void Progress::watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    look();
    wake_.wait_for(lock, stop, kBetweenLooks, [] { return false; });
  }
}

void Progress::look() {
  const auto seen = activities();
  const auto now = monotonic_now();
  if (kind_ == Kind::kTerminal) return set_status_line(shortened(texts_.status_line(seen, now), columns() - 1));
  const auto line = texts_.plain_line(seen, now);
  if (!line) return;
  ignore_result(write_above_status_line(STDERR_FILENO, "ktstr: " + *line + "\n"), "there is nobody left to tell");
}

}  // namespace ktstr::cli
