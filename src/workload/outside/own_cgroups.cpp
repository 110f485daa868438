// SPDX-License-Identifier: Apache-2.0
#include "workload/outside/own_cgroups.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>

#include "base/clock.h"
#include "base/log.h"

namespace ktstr {

namespace {

Status write_in(const Fd& directory, const char* file, std::string_view text) {
  const Fd opened(::openat(directory.get(), file, O_WRONLY | O_CLOEXEC));
  if (opened && ::write(opened.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return ok();
  return fail_errno("cannot write '{}' to {}", text, file);
}

// A copy: the caller's may be gone when the workers are.
Result<Fd> copy_of(const Fd& directory) {
  Fd copy(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail_errno("cannot keep a cgroup open");
  return copy;
}

Result<Fd> make_own_cgroup(const Fd& parent, const std::string& name) {
  if (::mkdirat(parent.get(), name.c_str(), 0755) != 0) return fail_errno("cannot make the cgroup {}", name);
  Fd made(::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!made) return fail_errno("cannot open the cgroup {}", name);
  return made;
}

// Children of a worker that was killed may still be ending in there.
void remove_own_cgroup(int parent, const std::string& name) {
  constexpr int kTries = 50;
  constexpr std::chrono::milliseconds kPause{10};
  int result = -1;
  for (int i = 0; i < kTries && (result = ::unlinkat(parent, name.c_str(), AT_REMOVEDIR)) != 0 && errno == EBUSY; ++i)
    sleep_for(kPause);
  if (result != 0) log_warn("the cgroup {} stays: {}", name, fail_errno("rmdir").message());
}

}  // namespace

Status add_own_cgroups(GroupResources& shared, std::size_t count) {
  static std::atomic<int> made = 0;
  if (shared.cgroup() == nullptr || !shared.cgroup()->valid())
    return fail(ErrorCode::kUnsupported, "its workers have no cgroup of their own to make others below");
  for (std::size_t i = 0; i < count; ++i) {
    KTSTR_TRY_ASSIGN(Fd parent, copy_of(*shared.cgroup()));
    const std::string name = fmt::format("of-work-{}", made++);
    KTSTR_TRY_ASSIGN(const Fd group, make_own_cgroup(parent, name));
    shared.add_undo(
        [parent = std::make_shared<Fd>(std::move(parent)), name] { remove_own_cgroup(parent->get(), name); });
    KTSTR_TRY(write_in(group, "cgroup.type", "threaded"));
    Fd threads(::openat(group.get(), "cgroup.threads", O_WRONLY | O_CLOEXEC));
    if (!threads) return fail_errno("cannot open cgroup.threads");
    shared.add_file(std::move(threads));
  }
  // Once there is a threaded group below: before, the kernel wants one that passes controllers on to be without tasks.
  const Status enabled = write_in(*shared.cgroup(), "cgroup.subtree_control", "+cpu");
  if (!enabled) return fail(ErrorCode::kUnsupported, "its cgroup has no cpu controller: {}", enabled.error().message());
  return ok();
}

}  // namespace ktstr
