// SPDX-License-Identifier: Apache-2.0
#include "base/system/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace ktstr {

namespace {

constexpr rlim_t kMany = 65536;

rlimit original{};  // rlim_max 0: not changed

}  // namespace

void allow_many_open_files() {
  rlimit now{};
  if (original.rlim_max != 0 || ::getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur >= kMany) return;
  original = now;
  const rlimit many{kMany, std::max(now.rlim_max, kMany)};
  const rlimit most{std::min(now.rlim_max, kMany), now.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &many) != 0) ::setrlimit(RLIMIT_NOFILE, &most);
}

void restore_open_files() {
  if (original.rlim_max != 0) ::setrlimit(RLIMIT_NOFILE, &original);
}

}  // namespace ktstr
