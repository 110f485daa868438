// SPDX-License-Identifier: Apache-2.0
#include "kernel/select.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "kernel/testing/synthetic_image.h"

namespace ktstr {
namespace {

class SelectKernel : public testing::Test {
 protected:
  SelectKernel() { fs::create_directories(environment_.boot_dir); }
  KernelEntry cached(const synthetic::KernelOptions& options) {
    return *KernelCache(environment_.cache_root).add_image(synthetic::kernel(options), "x", {.suite = "sid"});
  }
  fs::path file(const std::string& name, const ByteVector& bytes) {
    const fs::path path = dir_.path() / name;
    EXPECT_TRUE(write_text(path, as_text(bytes)));
    return path;
  }
  static ByteVector as_bytes(std::string_view text) {
    const ByteSpan bytes = as_byte_span(text);
    return {bytes.begin(), bytes.end()};
  }
  Error error_of(const std::string& wanted) {
    auto image = select_kernel(environment_, wanted);
    if (image) return Error(ErrorCode::kInternal, "selected " + image->key);
    return image.error();
  }

  TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "ktstr-kernel-test");
  KernelEnvironment environment_{.cache_root = dir_.path() / "kernels",
                                 .boot_dir = dir_.path() / "boot",
                                 .modules_dir = dir_.path() / "modules",
                                 .ktstr_kernel = {}};
};

TEST_F(SelectKernel, TakesAVmlinuxByPathAndLeavesItWhereItIs) {
  const fs::path path = file("vmlinux", synthetic::kernel());
  const auto image = select_kernel(environment_, path.string());
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ(image->vmlinux, path);
  EXPECT_EQ(image->release, "7.3.4+test-cloud-amd64");
  EXPECT_TRUE(image->has_sched_ext);
  EXPECT_TRUE(image->pvh);
  EXPECT_FALSE(fs::exists(environment_.cache_root));
}

TEST_F(SelectKernel, KnowsAKernelOfItsCacheByItsPath) {
  const KernelEntry entry = cached({.release = "7.3.4"});
  const auto by_path = select_kernel(environment_, entry.vmlinux().string());
  const auto by_key = select_kernel(environment_, entry.key);
  ASSERT_TRUE(by_path && by_key);
  EXPECT_EQ(by_path->vmlinux, entry.vmlinux());
  EXPECT_EQ(by_path->sha256, by_key->sha256);
  EXPECT_EQ(by_path->release, by_key->release);
  EXPECT_EQ(by_path->key, by_key->key);
}

// It is no longer what the cache knows, and is looked at like any other file.
TEST_F(SelectKernel, ReadsAnImageAgainThatWasChangedInItsCache) {
  const KernelEntry entry = cached({.release = "7.3.4"});
  fs::permissions(entry.vmlinux(), fs::perms::owner_write, fs::perm_options::add);
  ASSERT_TRUE(write_text(entry.vmlinux(), as_text(synthetic::kernel({.release = "7.3.10"}))));
  const auto image = select_kernel(environment_, entry.vmlinux().string());
  ASSERT_TRUE(image) << image.error().render();
  EXPECT_EQ(image->release, "7.3.10");
}

TEST_F(SelectKernel, UnpacksABzImageIntoTheCacheOnce) {
  const ByteVector vmlinux = synthetic::kernel();
  const fs::path path = file("bzImage", synthetic::bzimage(synthetic::zstd(vmlinux)));
  const auto first = select_kernel(environment_, path.string());
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(*read_bytes(first->vmlinux), vmlinux);
  const auto second = select_kernel(environment_, path.string());
  EXPECT_EQ(second->vmlinux, first->vmlinux);
  EXPECT_EQ(KernelCache(environment_.cache_root).list().size(), 1u);
  EXPECT_EQ(select_kernel(environment_, first->key)->key, first->key);
}

TEST_F(SelectKernel, UnpacksACompressedVmlinuxOrBzImage) {
  const ByteVector vmlinux = synthetic::kernel();
  for (const auto& [name, bytes] :
       {std::pair("vmlinux.gz", synthetic::gzip(vmlinux)), std::pair("vmlinux.zst", synthetic::zstd(vmlinux)),
        std::pair("vmlinux.xz", synthetic::xz(vmlinux)),
        std::pair("bzImage.gz", synthetic::gzip(synthetic::bzimage(synthetic::xz(vmlinux))))}) {
    const auto image = select_kernel(environment_, file(name, bytes).string());
    ASSERT_TRUE(image) << name << ": " << image.error().message();
    EXPECT_EQ(*read_bytes(image->vmlinux), vmlinux) << name;
  }
}

TEST_F(SelectKernel, SaysOfACompressedFileThatItHoldsNoKernel) {
  EXPECT_EQ(error_of(file("notes.gz", synthetic::gzip(ByteVector(100))).string()).code(), ErrorCode::kInvalidArgument);
  ByteVector cut = synthetic::zstd(synthetic::kernel());
  cut.resize(cut.size() / 2);
  EXPECT_EQ(error_of(file("vmlinux.zst", cut).string()).code(), ErrorCode::kCorruptData);
}

TEST_F(SelectKernel, FindsTheConfigurationOfAnImageThatIsGivenByPath) {
  const std::string release = "7.3.4+test-cloud-amd64";
  const fs::path vmlinux = file("vmlinux", synthetic::kernel());
  const fs::path bzimage = file("bzImage", synthetic::bzimage(synthetic::zstd(synthetic::kernel())));
  auto config_of = [&](const fs::path& image) { return select_kernel(environment_, image.string())->config; };
  EXPECT_EQ(config_of(vmlinux), "");
  const fs::path tree = file(".config", as_bytes("#\n# Linux/x86 6.1.0 Kernel Configuration\n"));
  EXPECT_EQ(config_of(vmlinux), "") << "it is of another version";
  file(".config", as_bytes("#\n# Linux/x86 7.3.4 Kernel Configuration\nCONFIG_HZ=250\n"));
  EXPECT_EQ(config_of(vmlinux), tree);
  EXPECT_EQ(config_of(bzimage), tree) << "it is in the cache, its configuration is not";
  EXPECT_TRUE(write_text(environment_.boot_dir / ("config-" + release), "CONFIG_HZ=250\n"));
  EXPECT_EQ(config_of(vmlinux), environment_.boot_dir / ("config-" + release));
}

TEST_F(SelectKernel, TakesTheConfigurationOfTheCache) {
  const auto entry =
      KernelCache(environment_.cache_root).add_image(synthetic::kernel(), "x", {.suite = "sid"}, "CONFIG_HZ=250\n");
  ASSERT_TRUE(entry);
  EXPECT_EQ(select_kernel(environment_, entry->key)->config, entry->config());
}

TEST_F(SelectKernel, KnowsWhereModulesMayBe) {
  const KernelEntry entry = cached({});
  EXPECT_EQ(select_kernel(environment_, entry.key)->modules, std::vector{entry.modules()});
  EXPECT_TRUE(select_kernel(environment_, entry.key)->fetched);
  const fs::path vmlinux = file("vmlinux", synthetic::kernel());
  const auto by_path = *select_kernel(environment_, vmlinux.string());
  EXPECT_FALSE(by_path.fetched);
  EXPECT_EQ(by_path.modules, (std::vector{dir_.path(), environment_.modules_dir / entry.facts.release}));
}

TEST_F(SelectKernel, TellsAMissingFileFromOneThatIsNoKernel) {
  EXPECT_EQ(error_of((dir_.path() / "missing").string()).code(), ErrorCode::kNotFound);
  const fs::path text = file("notes.txt", ByteVector(3000));
  EXPECT_EQ(error_of(text.string()).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of(text.string()).message(),
            text.string() + " is not a kernel image (neither bzImage nor ELF vmlinux)");
  EXPECT_EQ(error_of(dir_.path().string()).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of("/dev/null").code(), ErrorCode::kInvalidArgument);
}

TEST_F(SelectKernel, FindsTheNewestCachedKernelOfAVersion) {
  cached({.release = "7.3.4"});
  const KernelEntry newer = cached({.release = "7.3.10"});
  const KernelEntry other = cached({.release = "7.30.1"});
  EXPECT_EQ(select_kernel(environment_, "7.3")->key, newer.key);
  EXPECT_EQ(select_kernel(environment_, "7.3.4")->release, "7.3.4");
  EXPECT_EQ(select_kernel(environment_, "7")->key, other.key);
  EXPECT_EQ(select_kernel(environment_, newer.key)->key, newer.key);
}

TEST_F(SelectKernel, SaysWhatIsCachedAndWhatToFetchWhenNothingMatches) {
  const KernelEntry entry = cached({.release = "7.3.4"});
  const Error error = error_of("6.18");
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_NE(error.message().find(entry.key), std::string::npos) << error.message();
  EXPECT_NE(error.hint().find("ktstr kernel fetch 6.18"), std::string::npos) << error.hint();
}

TEST_F(SelectKernel, NamesADamagedKernelAndHowToGetItBack) {
  const KernelEntry entry = cached({.release = "7.3.4"});
  fs::resize_file(entry.vmlinux(), 10);
  for (const std::string& wanted : {std::string("7.3"), entry.key}) {
    const Error error = error_of(wanted);
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_NE(error.message().find(entry.key), std::string::npos) << error.message();
    EXPECT_NE(error.hint().find("ktstr kernel fetch 7.3.4"), std::string::npos) << error.hint();
  }
}

TEST_F(SelectKernel, UsesAnUndamagedKernelOfTheSameVersionInstead) {
  const KernelEntry good = cached({.release = "7.3.4"});
  fs::remove(cached({.release = "7.3.9"}).vmlinux());
  testing::internal::CaptureStderr();
  EXPECT_EQ(select_kernel(environment_, "7.3")->key, good.key);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("7.3.9"), std::string::npos);
}

TEST_F(SelectKernel, TakesTheNewestCachedKernelWithSchedExtByDefault) {
  const KernelEntry wanted = cached({.release = "7.3.4", .sched_ext = true});
  cached({.release = "7.2.1", .sched_ext = true});
  cached({.release = "8.0.1", .sched_ext = false});
  EXPECT_EQ(select_kernel(environment_)->key, wanted.key);
}

TEST_F(SelectKernel, PassesOverADamagedKernelByDefaultAndSaysSo) {
  const KernelEntry good = cached({.release = "7.3.4"});
  const KernelEntry bad = cached({.release = "7.9.9"});
  fs::remove(bad.vmlinux());
  testing::internal::CaptureStderr();
  EXPECT_EQ(select_kernel(environment_)->key, good.key);
  EXPECT_NE(testing::internal::GetCapturedStderr().find(bad.key), std::string::npos);
}

TEST_F(SelectKernel, TakesTheNewestUsableKernelOfBootWhenNothingIsCached) {
  file("boot/vmlinuz-6.1.0-1", synthetic::bzimage(synthetic::xz(synthetic::kernel({.release = "6.1.0-1"}))));
  file("boot/vmlinuz-6.12.1", synthetic::bzimage(synthetic::xz(synthetic::kernel({.release = "6.12.1"}))));
  file("boot/vmlinuz-9.9.9", ByteVector(100));
  const auto image = select_kernel(environment_);
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ(image->release, "6.12.1");
}

TEST_F(SelectKernel, FollowsTheEnvironmentUnlessAKernelIsNamed) {
  const KernelEntry older = cached({.release = "6.18.1"});
  const KernelEntry newer = cached({.release = "7.3.4"});
  environment_.ktstr_kernel = "6.18";
  EXPECT_EQ(select_kernel(environment_)->key, older.key);
  EXPECT_EQ(select_kernel(environment_, "7.3")->key, newer.key);
  environment_.ktstr_kernel = "5.0";
  EXPECT_NE(error_of("").message().find("KTSTR_KERNEL=5.0"), std::string::npos);
}

TEST_F(SelectKernel, TellsToFetchOneWhenThereIsNone) {
  const Error error = error_of("");
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_NE(error.hint().find("ktstr kernel fetch"), std::string::npos);
}

}  // namespace
}  // namespace ktstr
