// SPDX-License-Identifier: Apache-2.0
#include "sched_ext/log_prefix.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

TEST(LogPrefix, IsTakenOffInAllItsForms) {
  for (const char* before :
       {"", "[   12.345678] ", "[12345.678901][  T123] ", "[   12.345678] [ C1] ", "[Fri Jan  2 15:04:05 2026] ", "<6>",
        "<6>[   12.345678] ", "6,12,345678,-;", "Jan  2 15:04:05 host kernel: ", "Jan 22 15:04:05.123456 host kernel: ",
        "Jan 22 15:04:05 host scx_lavd[123]: ", "2026-01-02T15:04:05+0000 host kernel: [   12.345678] ",
        "2026-01-02T15:04:05.123456+01:00 host scx_lavd[123]: ", "Fri 2026-01-02 15:04:05 UTC host kernel: ",
        "[   12.345678] host kernel: ", "[   12.345678] host scx_lavd[123]: ",
        "   kworker/u8:2-37      [000] d..1.   12.345678: sched_ext_dump: "})
    for (const char* text :
         {"  R cg_0/1[106] *root -3039ms", "CPU 0   : nr_run=2 flags=0x1", " *S a: b[7] +0ms", "",
          "sched_ext: BPF scheduler \"ktstr\" enabled", "      cpus=3 no_mig=0",
          "my hog[1] triggered exit kind 1026:", "  runnable task stall (a b[7] failed to run for 3s)"})
      EXPECT_EQ(without_log_prefix(std::string(before) + text).text, text) << before;
}

TEST(LogPrefix, LeavesTheKernelsTime) {
  EXPECT_EQ(without_log_prefix("Jan  2 15:04:05 host kernel: [    3.100000] sched_ext: x").kernel,
            "[    3.100000] sched_ext: x");
  EXPECT_EQ(without_log_prefix("[    3.100000] sched_ext: x\r\n").kernel, "[    3.100000] sched_ext: x");
}

TEST(LogPrefix, IsNoneWhereALineOnlyLooksLikeIt) {
  for (const char* text :
       {"[x] y", "[", "[12", "<", "<12345>x", "Jan", "Jan 2", "Jan 2 15:04:05", "Jan 2 15:04:05 host", "2026-01-02",
        ";", "Jan 2 15:04:05 host no program", "    scx_vexit+0x6d/0xa0", "CPU 1 is: x"})
    EXPECT_EQ(without_log_prefix(text).text, text);
}

}  // namespace
}  // namespace ktstr
