// SPDX-License-Identifier: Apache-2.0
#include "host/stall_details.h"

#include <gmock/gmock.h>

#include "base/file.h"

namespace ktstr {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(StallDetails, AStalledWorkerIsAFailureOfItsCgroupAsTheScenarioNamesIt) {
  const auto cgroup_of = [](const std::string& path) { return stall_detail({.pid = 7, .cgroup = path}).cgroup; };
  EXPECT_EQ(cgroup_of("/user.slice/ktstr-12/cg_0"), "cg_0");
  EXPECT_EQ(cgroup_of("/ktstr-12/cg_0/deep"), "cg_0/deep");
  EXPECT_EQ(cgroup_of("/ktstr-12"), "");
  EXPECT_EQ(cgroup_of("/user.slice"), "");
  const Detail detail = stall_detail({.pid = 7});
  EXPECT_EQ(detail.kind, DetailKind::kWorkerStalled);
  EXPECT_EQ(detail.verdict, Verdict::kFail);
  EXPECT_THAT(detail.message, HasSubstr("7"));
}

TEST(StallDetails, WhereTheKernelDoesNotLetItSeeTheResultSaysSoOnce) {
  const auto empty = TempDir::create(fs::temp_directory_path(), "ktstr_stall_details_test");
  ASSERT_TRUE(empty.has_value());
  ExecutorHooks hooks;
  watch_for_stalls(hooks, {.proc_root = empty->path()});
  EXPECT_FALSE(hooks.watch || hooks.unwatch);
  const auto said = hooks.stalls();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].kind, DetailKind::kNote);
  EXPECT_THAT(said[0].message, HasSubstr("not looked for"));
  EXPECT_THAT(hooks.stalls(), IsEmpty());
}

}  // namespace
}  // namespace ktstr
