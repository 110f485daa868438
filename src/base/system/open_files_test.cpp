// SPDX-License-Identifier: Apache-2.0
#include "base/system/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ktstr {
namespace {

rlim_t soft_limit() {
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  return now.rlim_cur;
}

// In a child: the limit is one of the whole process, and a hard one does not come back.
TEST(OpenFiles, AreManyForUsAndAsBeforeForChildren) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    rlimit few{};
    ::getrlimit(RLIMIT_NOFILE, &few);
    few.rlim_cur = 256;
    ::setrlimit(RLIMIT_NOFILE, &few);
    allow_many_open_files();
    const bool raised = soft_limit() > 256 || few.rlim_max <= 256;
    allow_many_open_files();  // the second time changes nothing
    restore_open_files();
    ::_exit(raised && soft_limit() == 256 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace ktstr
