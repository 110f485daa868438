// SPDX-License-Identifier: Apache-2.0
//
// From clone3 to exec: what makes a payload's first process. What PayloadProcess is built from.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/result.h"

namespace ktstr {

// Everything the child needs, made before it exists: between clone3 and exec it may not allocate.
struct PayloadChild {
  fs::path program;
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  const Fd* cgroup_dir = nullptr;  // null or invalid: stay in ours
  bool moves_in = false;           // by itself, and is not born there
  int stdout_fd = -1;              // above 2, as stderr_fd
  int stderr_fd = -1;
  Bytes file_limit = 0;  // RLIMIT_FSIZE
};

struct StartedChild {
  pid_t pid = -1;
  Fd pidfd;
};

// Returns when the program has been exec'ed, or with why not (the child is reaped then). The child leads a session and
// a process group of its own, is SCHED_OTHER with nice 0 on any CPU its cpuset allows, dies with the calling thread,
// has default signals, /dev/null as its input and no other file of ours. kTimedOut when it does not come to its exec
// within 45 s of CLOCK_MONOTONIC, which no scheduler can cause that the kernel's own watchdog (30 s) still has to
// remove.
Result<StartedChild> start_payload_child(const PayloadChild& plan);

}  // namespace ktstr
