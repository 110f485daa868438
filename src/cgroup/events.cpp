// SPDX-License-Identifier: Apache-2.0
#include "cgroup/events.h"

#include <poll.h>
#include <sys/inotify.h>

#include <algorithm>

#include "base/clock.h"
#include "cgroup/group_dir.h"

namespace ktstr {

namespace {

constexpr const char* kEvents = "cgroup.events";

}  // namespace

Result<EventsWatch> EventsWatch::on(const Fd& group) {
  Fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify.valid()) return fail_errno("cannot make an inotify instance");
  const std::string path = fmt::format("/proc/self/fd/{}/{}", group.get(), kEvents);
  if (::inotify_add_watch(inotify.get(), path.c_str(), IN_MODIFY) < 0) return fail_errno("cannot watch {}", kEvents);
  return EventsWatch(std::move(inotify));
}

void EventsWatch::wait(Nanoseconds at_most) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
  const timespec limit{seconds.count(), (at_most - seconds).count()};
  pollfd fd{inotify_.get(), POLLIN, 0};
  if (::ppoll(&fd, 1, &limit, nullptr) <= 0) return;
  char events[4096];
  while (::read(inotify_.get(), events, sizeof events) > 0) {
  }
}

Result<bool> read_event(const Fd& group, std::string_view key) {
  KTSTR_TRY_ASSIGN(const std::string text, read_group_file(group, kEvents));
  const std::string lines = "\n" + text + "\n";
  if (lines.find(fmt::format("\n{} 1\n", key)) != std::string::npos) return true;
  if (lines.find(fmt::format("\n{} 0\n", key)) != std::string::npos) return false;
  return fail(ErrorCode::kUnsupported, "{} has no '{}'; it shows '{}'", kEvents, key, text)
      .with_hint("the kernel is older than cgroup v2's freezer: Linux 5.2 has it");
}

Status await_event(const Fd& group, std::string_view key, bool value, Nanoseconds timeout) {
  const Nanoseconds deadline = monotonic_now() + timeout;
  // Before the first look, or a change between the two would be missed.
  KTSTR_TRY_ASSIGN(EventsWatch watch, EventsWatch::on(group));
  for (;;) {
    KTSTR_TRY_ASSIGN(const bool now, read_event(group, key));
    if (now == value) return ok();
    const Nanoseconds left = deadline - monotonic_now();
    if (left <= Nanoseconds(0))
      return fail(ErrorCode::kTimedOut, "{} does not say '{} {}' after {} ms", kEvents, key, value ? 1 : 0,
                  std::chrono::duration_cast<Milliseconds>(timeout).count());
    watch.wait(left);
  }
}

}  // namespace ktstr
