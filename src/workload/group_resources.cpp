// SPDX-License-Identifier: Apache-2.0
#include "workload/group_resources.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ktstr {

Status GroupSize::check(int workers, std::string_view type) const {
  if (workers < at_least)
    return fail(ErrorCode::kInvalidArgument, "{} needs at least {} workers, not {}", type, at_least, workers);
  if (workers % multiple_of == 0) return ok();
  const std::string groups = multiple_of == 2 ? "pairs" : fmt::format("groups of {}", multiple_of);
  return fail(ErrorCode::kInvalidArgument, "{} needs workers in {}, not {}", type, groups, workers);
}

Status GroupResources::add_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno("cannot make a pipe for {} workers", workers_);
  for (const int end : ends) files_.emplace_back(end);
  return ok();
}

Status GroupResources::add_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return fail_errno("cannot make a socket pair for {} workers", workers_);
  for (const int end : ends) files_.emplace_back(end);
  return ok();
}

Status GroupResources::add_event() { return add_eventfd(0); }
Status GroupResources::add_counting_event() { return add_eventfd(EFD_SEMAPHORE); }

Status GroupResources::add_eventfd(int flags) {
  Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | flags));
  if (!event.valid()) return fail_errno("cannot make an eventfd for {} workers", workers_);
  files_.push_back(std::move(event));
  return ok();
}

void GroupResources::end() {
  for (Fd& file : files_) file.reset();
  while (!undo_.empty()) {
    undo_.back()();
    undo_.pop_back();
  }
}

}  // namespace ktstr
