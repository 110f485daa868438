// SPDX-License-Identifier: Apache-2.0
#include "payload/wait_readable.h"

#include <poll.h>

#include <algorithm>

namespace ktstr {

Result<bool> wait_readable(const Fd& fd, std::optional<Nanoseconds> deadline) {
  for (;;) {
    timespec left{};
    if (deadline) {
      const Nanoseconds rest = std::max(Nanoseconds(0), *deadline - monotonic_now());
      left = {rest.count() / 1'000'000'000, rest.count() % 1'000'000'000};
    }
    pollfd wanted{fd.get(), POLLIN, 0};
    const int ready = ::ppoll(&wanted, 1, deadline ? &left : nullptr, nullptr);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return fail_errno("cannot poll file descriptor {}", fd.get());
    return ready > 0;
  }
}

}  // namespace ktstr
