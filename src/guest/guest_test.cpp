// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "guest/line_source.h"
#include "guest/mailbox_mapping.h"
#include "guest/processes/quiet_machine.h"
#include "guest/schedulers/sched_ext_state.h"

namespace ktstr::guest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(KernelLog, KeepsWarningsWithTheirTime) {
  EXPECT_THAT(KernelLogFilter().lines_of("4,12,5678901,-;rcu: news\n SUBSYSTEM=x\n"),
              ElementsAre("[    5.678901] rcu: news"));
}

TEST(KernelLog, KeepsEverythingAboutSchedExt) {
  EXPECT_THAT(KernelLogFilter().lines_of("6,12,1000000,-;sched_ext: BPF scheduler \"x\" enabled"),
              ElementsAre("[    1.000000] sched_ext: BPF scheduler \"x\" enabled"));
}

TEST(KernelLog, DropsChatterAndWhatIsNoRecord) {
  EXPECT_THAT(KernelLogFilter().lines_of("6,12,1000000,-;usb 1-1: new device"), IsEmpty());
  EXPECT_THAT(KernelLogFilter().lines_of("no record"), IsEmpty());
}

TEST(KernelLog, KeepsAReportWholeWhateverTheLevelOfItsLines) {
  KernelLogFilter filter;
  EXPECT_THAT(filter.lines_of("3,1,1000000,-;INFO: task insmod:61 blocked for more than 10 seconds."), SizeIs(1));
  EXPECT_THAT(filter.lines_of("6,2,1000000,-;task:insmod state:D"), SizeIs(1));
}

TEST(KernelLog, KeepsReportsWhereOtherLinesHaveFilledIt) {
  KernelLogFilter filter;
  for (std::size_t i = 0; i < 2 * KernelLogFilter::kMaxLines; ++i) filter.lines_of(fmt::format("4,{},1,-;again", i));
  const auto next = 2 * KernelLogFilter::kMaxLines;
  EXPECT_THAT(filter.lines_of(fmt::format("4,{},1,-;again", next)), IsEmpty());
  EXPECT_THAT(filter.lines_of(fmt::format("1,{},1,-;BUG: kernel NULL pointer dereference", next + 1)), SizeIs(1));
}

TEST(KernelLog, CountsWhatWasOverwritten) {
  KernelLogFilter filter;
  filter.lines_of("6,10,1000000,-;chatter");
  EXPECT_THAT(filter.lines_of("6,15,1000000,-;chatter"),
              ElementsAre(HasSubstr("4 lines of the kernel's log were overwritten")));
}

TEST(KernelLog, DoesNotTakeAProgramsWordsForTheKernels) {
  EXPECT_THAT(KernelLogFilter().lines_of("12,10,1000000,-;WARNING: of mine"),
              ElementsAre(HasSubstr("(a program) WARN")));
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

TEST(SchedExtState, IsEmptyWhereTheKernelHasNone) { EXPECT_EQ(read_sched_ext_state("/nonexistent").state, ""); }

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
  for (const char* text :
       {"console=ttyS0", "ktstr.mailbox=0x8000000", "ktstr.mailbox=0xzz,0x2000000", "ktstr.mailbox=0x8000000,0x1000"})
    EXPECT_EQ(map_mailbox(text).error().code(), ErrorCode::kProtocol) << text;
}

}  // namespace
}  // namespace ktstr::guest
