// SPDX-License-Identifier: Apache-2.0
#include "base/system/oom_score.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

namespace ktstr {

namespace {

constexpr const char* kFile = "/proc/self/oom_score_adj";

}  // namespace

Status set_oom_score_adj(int adjustment) { return write_text(kFile, std::to_string(adjustment)); }

bool become_killable() {
  const Fd file(::open(kFile, O_RDWR | O_CLOEXEC));
  if (!file.valid()) return false;
  char sign = 0;
  if (::pread(file.get(), &sign, 1, 0) != 1) return false;
  // One that is likelier to be killed than others stays so: to become less likely takes a privilege.
  return sign != '-' || ::pwrite(file.get(), "0", 1, 0) == 1;
}

}  // namespace ktstr
