// SPDX-License-Identifier: Apache-2.0
#include "kernel/modules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing/synthetic_image.h"

namespace ktstr {
namespace {

using testing::ElementsAre;

class KernelModulesTest : public testing::Test {
 protected:
  void put(const fs::path& path, const ByteVector& contents) {
    fs::create_directories((dir_.path() / path).parent_path());
    ASSERT_TRUE(write_text(dir_.path() / path, as_text(contents)));
  }
  fs::path of(std::string_view name) const { return module_in(dir_.path(), *find_kernel_module(name)); }

  TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "ktstr-modules-test");
  const ByteVector object_ = synthetic::Elf().build();
};

TEST_F(KernelModulesTest, AreFoundInTreesOfModulesBuildTreesAndTheCache) {
  EXPECT_EQ(of("null_blk"), "");
  put("drivers/block/null_blk/null_blk.ko", object_);
  EXPECT_EQ(of("null_blk"), dir_.path() / "drivers/block/null_blk/null_blk.ko");
  put("kernel/drivers/block/null_blk/null_blk.ko.xz", object_);
  EXPECT_EQ(of("null_blk"), dir_.path() / "kernel/drivers/block/null_blk/null_blk.ko.xz");
  put("null_blk.ko", object_);
  EXPECT_EQ(of("null_blk"), dir_.path() / "null_blk.ko");
  EXPECT_EQ(of("configfs"), "");
}

TEST_F(KernelModulesTest, AreUnpacked) {
  put("kernel/fs/configfs/configfs.ko.zst", synthetic::zstd(object_));
  put("kernel/drivers/block/null_blk/null_blk.ko", object_);
  const KernelModules modules = modules_in(dir_.path());
  EXPECT_EQ(modules.size(), 2u);
  EXPECT_EQ(modules.at("configfs"), object_);
  EXPECT_EQ(modules.at("null_blk"), object_);
}

TEST_F(KernelModulesTest, AreLeftOutWhereTheyCannotBeRead) {
  put("kernel/fs/configfs/configfs.ko.zst", ByteVector(100));
  put("kernel/drivers/block/null_blk/null_blk.ko", ByteVector(100));
  EXPECT_TRUE(modules_in(dir_.path()).empty());
  EXPECT_EQ(read_module(of("null_blk")).error().code(), ErrorCode::kCorruptData);
}

TEST(KernelModuleNames, AreInTheOrderInWhichTheyDependOnEachOther) {
  EXPECT_THAT(kernel_module_names(), ElementsAre("configfs", "null_blk"));
  EXPECT_EQ(find_kernel_module("brd"), nullptr);
}

}  // namespace
}  // namespace ktstr
