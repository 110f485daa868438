// SPDX-License-Identifier: Apache-2.0
#include "guest/migrated_pages.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr {
namespace {

TEST(MigratedPages, AreReadFromVmstat) {
  EXPECT_EQ(migrated_pages("nr_free_pages 7\nnuma_pages_migrated 42\npgmigrate_success 9\n"), 42u);
  EXPECT_EQ(migrated_pages("numa_pages_migrated 3"), 3u);
  for (const char* text : {"", "\n", "nr_free_pages 7\n", "numa_pages_migrated\n", "numa_pages_migrated x\n",
                           "old_numa_pages_migrated 5\n"})
    EXPECT_EQ(migrated_pages(text), 0u) << text;
}

TEST(MigratedPages, AreThoseThatCameSince) {
  const auto proc = TempDir::create(fs::temp_directory_path(), "ktstr-migrated");
  ASSERT_TRUE(proc) << proc.error().render();
  const fs::path vmstat = proc->path() / "vmstat";
  ASSERT_TRUE(write_text(vmstat, "numa_pages_migrated 40\n"));
  const MigratedPages migrated(proc->path());
  EXPECT_EQ(migrated.more(), 0u);
  ASSERT_TRUE(write_text(vmstat, "numa_pages_migrated 57\n"));
  EXPECT_EQ(migrated.more(), 17u);
  fs::remove(vmstat);
  EXPECT_EQ(migrated.more(), 0u);
  EXPECT_EQ(MigratedPages(proc->path()).more(), 0u) << "a kernel without NUMA";
}

}  // namespace
}  // namespace ktstr
