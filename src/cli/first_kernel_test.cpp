// SPDX-License-Identifier: Apache-2.0
#include "cli/first_kernel.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "base/file.h"

namespace ktstr::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class FirstKernel : public ::testing::Test {
 protected:
  void SetUp() override {
    auto world = TempDir::create(fs::temp_directory_path(), "first_kernel");
    ASSERT_TRUE(world.has_value()) << world.error().render();
    world_ = *std::move(world);
    environment_.cache_root = world_->path() / "cache" / "kernels";
    environment_.boot_dir = world_->path() / "boot";
    ::setenv("KTSTR_DEBIAN_MIRROR", "nosuch://mirror", 1);
    ::unsetenv("KTSTR_KERNEL_FETCH");
  }
  void TearDown() override {
    ::unsetenv("KTSTR_DEBIAN_MIRROR");
    ::unsetenv("KTSTR_KERNEL_FETCH");
  }

  std::optional<TempDir> world_;
  KernelEnvironment environment_;
};

TEST_F(FirstKernel, IsLookedForInTheArchiveWhereThereIsNone) {
  const auto image = default_or_first_kernel(environment_);
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(image.error().message(), HasSubstr("no kernel to boot, and none could be fetched: cannot"));
  EXPECT_FALSE(image.error().hint().empty());
}

TEST_F(FirstKernel, IsNotFetchedWhereThatIsForbidden) {
  for (const char* value : {"never", "no"}) {
    ::setenv("KTSTR_KERNEL_FETCH", value, 1);
    const auto image = default_or_first_kernel(environment_);
    ASSERT_FALSE(image.has_value());
    EXPECT_EQ(image.error().code(), ErrorCode::kUnsupported);
    EXPECT_THAT(image.error().message(), AllOf(HasSubstr("no kernel to boot"), Not(HasSubstr("fetched"))));
    EXPECT_THAT(image.error().hint(), HasSubstr("ktstr kernel fetch"));
    std::error_code ignored;
    EXPECT_FALSE(fs::exists(environment_.cache_root, ignored));
  }
}

TEST_F(FirstKernel, IsNotFetchedInPlaceOfOneThatIsNamed) {
  environment_.ktstr_kernel = "99.1";
  const auto image = default_or_first_kernel(environment_);
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(image.error().message(), HasSubstr("no kernel '99.1'"));
}

}  // namespace
}  // namespace ktstr::cli
