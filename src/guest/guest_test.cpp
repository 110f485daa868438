// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/file.h"
#include "guest/line_source.h"
#include "guest/mailbox_mapping.h"
#include "guest/quiet.h"
#include "guest/sched_ext_state.h"

namespace ktstr::guest {
namespace {

TEST(KernelLine, KeepsWarningsWithTheirTime) {
  EXPECT_EQ(kernel_line_worth_keeping("4,12,5678901,-;rcu: INFO: stall\n SUBSYSTEM=x\n"),
            "[    5.678901] rcu: INFO: stall");
}

TEST(KernelLine, KeepsEverythingAboutSchedExt) {
  EXPECT_EQ(kernel_line_worth_keeping("6,12,1000000,-;sched_ext: BPF scheduler \"x\" enabled"),
            "[    1.000000] sched_ext: BPF scheduler \"x\" enabled");
}

TEST(KernelLine, DropsChatterAndWhatIsNoRecord) {
  EXPECT_EQ(kernel_line_worth_keeping("6,12,1000000,-;usb 1-1: new device"), "");
  EXPECT_EQ(kernel_line_worth_keeping("no record"), "");
}

TEST(SchedExtState, ReadsTheThreeAttributes) {
  const auto root = *TempDir::create(fs::temp_directory_path(), "ktstr-guest-test");
  fs::create_directories(root.path() / "kernel/sched_ext/root");
  ASSERT_TRUE(write_text(root.path() / "kernel/sched_ext/state", "enabled\n"));
  ASSERT_TRUE(write_text(root.path() / "kernel/sched_ext/root/ops", "ktstr\n"));
  ASSERT_TRUE(write_text(root.path() / "kernel/sched_ext/enable_seq", "3\n"));
  const SchedExtState state = read_sched_ext_state(root.path());
  EXPECT_EQ(state.state, "enabled");
  EXPECT_EQ(state.ops, "ktstr");
  EXPECT_EQ(state.enable_seq, 3u);
}

TEST(SchedExtState, IsEmptyWhereTheKernelHasNone) {
  EXPECT_EQ(read_sched_ext_state("/nonexistent").state, "");
}

TEST(BusyTicks, AreEverythingButIdleAndWaiting) {
  EXPECT_EQ(busy_ticks("cpu  1 2 4 1000 2000 8 16 0 0 0\ncpu0 9 9 9 9 9 9 9\n").value(), 31u);
  EXPECT_EQ(busy_ticks("cpu  1 2 4").error().code(), ErrorCode::kCorruptData);
  EXPECT_EQ(busy_ticks("intr 1").error().code(), ErrorCode::kCorruptData);
}

TEST(ContextSwitches, AreReadFromTheirLine) {
  EXPECT_EQ(context_switches("cpu  1 2\nintr 9\nctxt 1234\nbtime 5\n").value(), 1234u);
  EXPECT_EQ(context_switches("cpu  1 2\n").error().code(), ErrorCode::kCorruptData);
}

TEST(MapMailbox, RefusesACommandLineWithoutOrWithAMalformedMailbox) {
  for (const char* text : {"console=ttyS0", "ktstr.mailbox=0x8000000", "ktstr.mailbox=0xzz,0x2000000",
                           "ktstr.mailbox=0x8000000,0x1000"})
    EXPECT_EQ(map_mailbox(text).error().code(), ErrorCode::kProtocol) << text;
}

}  // namespace
}  // namespace ktstr::guest
