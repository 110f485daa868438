// SPDX-License-Identifier: Apache-2.0
#include "workload/task/schedstat.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr {
namespace {

class SchedstatFile : public testing::Test {
 protected:
  bool read(std::string_view text, Schedstat& stat) {
    EXPECT_TRUE(write_text(path_, text));
    return read_schedstat(path_.c_str(), stat);
  }
  const TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "ktstr-schedstat");
  const fs::path path_ = dir_.path() / "schedstat";
};

TEST_F(SchedstatFile, ReadsTheThreeFields) {
  Schedstat stat;
  ASSERT_TRUE(read("73809 51527 18446744073709551615\n", stat));
  EXPECT_EQ(stat.cpu_time_ns, 73809u);
  EXPECT_EQ(stat.run_delay_ns, 51527u);
  EXPECT_EQ(stat.timeslices, ~std::uint64_t{0});
}

TEST_F(SchedstatFile, LeavesTheNumbersAloneWhereItIsNone) {
  Schedstat stat{1, 2, 3};
  for (const char* text : {"", "\n", "1 2", "1 x 3", "-1 2 3"}) {
    EXPECT_FALSE(read(text, stat)) << text;
    EXPECT_EQ(stat.run_delay_ns, 2u) << text;
  }
  EXPECT_FALSE(read_schedstat("/nonexistent/schedstat", stat));
}

}  // namespace
}  // namespace ktstr
