// SPDX-License-Identifier: Apache-2.0
#include "scenario/scheduler_end.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"

namespace ktstr {
namespace {

TEST(ExitProbe, BelievesTheKernelAndNoProgram) {
  const TempDir dir = *TempDir::create(fs::temp_directory_path(), "ktstr-exit-probe");
  const std::string path = (dir.path() / "kmsg").string();
  ASSERT_TRUE(write_text(path, ""));
  ExitProbe probe = ExitProbe::open(path.c_str());
  // One record a read, as of /dev/kmsg. 12 is LOG_USER with LOG_WARNING, what a program's line has.
  std::ofstream(path, std::ios::app) << "12,1,1,-;sched_ext: BPF scheduler \"x\" disabled (runnable task stall)\n";
  EXPECT_EQ(probe.look(), SchedulerEnd::kUnknown);
  std::ofstream(path, std::ios::app) << "3,2,1,-;sched_ext: BPF scheduler \"x\" disabled (scx_bpf_error)\n";
  EXPECT_EQ(probe.look(), SchedulerEnd::kCrashed);
}

}  // namespace
}  // namespace ktstr
