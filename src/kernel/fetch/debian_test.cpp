// SPDX-License-Identifier: Apache-2.0
#include "kernel/fetch/debian.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/fetch/apt.h"

namespace ktstr {
namespace {

using testing::ElementsAre;

const std::vector<std::string> kNames = {
    "linux-image-cloud-amd64",
    "linux-image-6.12-cloud-amd64",
    "linux-image-6.12.117+deb13-cloud-amd64",
    "linux-image-6.12.117+deb13-cloud-amd64-unsigned",
    "linux-image-6.12.117+deb13-cloud-amd64-dbg",
    "linux-image-6.12.117+deb13-rt-amd64",
    "linux-image-6.12.117+deb13-amd64",
    "linux-image-7.3.4+deb13-cloud-amd64",
    "linux-binary-7.3.4+deb13-cloud-amd64",
    "linux-base-7.3.4+deb13-cloud-amd64",
    "linux-modules-7.3.4+deb13-cloud-amd64",
    "linux-image-7.3.10+deb13-cloud-amd64",
    "linux-image-7.4-rc2-cloud-amd64",
    "linux-headers-7.3.4+deb13-cloud-amd64",
    "linux-image-6.1.0-56-cloud-amd64",
};

std::vector<std::string> releases(const std::vector<KernelCandidate>& candidates) {
  std::vector<std::string> names;
  for (const KernelCandidate& candidate : candidates) names.push_back(candidate.release);
  return names;
}

TEST(KernelCandidates, AreTheCloudKernelsNewestFirst) {
  EXPECT_THAT(releases(kernel_candidates(kNames, "")),
              ElementsAre("7.4-rc2-cloud-amd64", "7.3.10+deb13-cloud-amd64", "7.3.4+deb13-cloud-amd64",
                          "6.12.117+deb13-cloud-amd64", "6.1.0-56-cloud-amd64"));
}

TEST(KernelCandidates, AreThoseThatMatch) {
  EXPECT_THAT(releases(kernel_candidates(kNames, "7.3")),
              ElementsAre("7.3.10+deb13-cloud-amd64", "7.3.4+deb13-cloud-amd64"));
  EXPECT_THAT(releases(kernel_candidates(kNames, "6.1")), ElementsAre("6.1.0-56-cloud-amd64"));
  EXPECT_TRUE(kernel_candidates(kNames, "5").empty());
}

TEST(KernelCandidates, TryThePackageThatIsLikeliestToHoldTheImageFirst) {
  const auto candidate = kernel_candidates(kNames, "7.3.4").at(0);
  EXPECT_THAT(candidate.packages,
              ElementsAre("linux-binary-7.3.4+deb13-cloud-amd64", "linux-image-7.3.4+deb13-cloud-amd64"));
  EXPECT_EQ(candidate.config_package, "linux-base-7.3.4+deb13-cloud-amd64");
  EXPECT_EQ(candidate.modules_package, "linux-modules-7.3.4+deb13-cloud-amd64");
  EXPECT_EQ(kernel_candidates(kNames, "6.12").at(0).config_package, "");
  EXPECT_EQ(kernel_candidates(kNames, "6.12").at(0).modules_package, "");
}

TEST(FindInPackage, KnowsWhereImageAndConfigWereAndAre) {
  const auto dir = *TempDir::create(fs::temp_directory_path(), "ktstr-kernel-test");
  const auto put = [&](const fs::path& path) {
    fs::create_directories((dir.path() / path).parent_path());
    ASSERT_TRUE(write_text(dir.path() / path, "x"));
  };
  EXPECT_TRUE(find_in_package(dir.path(), "6.1").image.empty());
  put("boot/vmlinuz-6.1");
  put("boot/config-6.1");
  put("usr/lib/modules/7.3/vmlinuz");
  put("usr/lib/modules/7.3/config");
  EXPECT_EQ(find_in_package(dir.path(), "6.1").image, dir.path() / "boot/vmlinuz-6.1");
  EXPECT_EQ(find_in_package(dir.path(), "6.1").config, dir.path() / "boot/config-6.1");
  EXPECT_EQ(find_in_package(dir.path(), "7.3").image, dir.path() / "usr/lib/modules/7.3/vmlinuz");
  EXPECT_EQ(find_in_package(dir.path(), "7.3").config, dir.path() / "usr/lib/modules/7.3/config");
  EXPECT_EQ(find_in_package(dir.path(), "7.3").modules, "") << "an image is not all that there is to a tree of modules";
  put("usr/lib/modules/7.3/kernel/fs/configfs/configfs.ko.xz");
  put("lib/modules/6.1/kernel/fs/configfs/configfs.ko");
  EXPECT_EQ(find_in_package(dir.path(), "7.3").modules, dir.path() / "usr/lib/modules/7.3");
  EXPECT_EQ(find_in_package(dir.path(), "6.1").modules, dir.path() / "lib/modules/6.1");
}

TEST(AptSourceLine, PutsSecuritySuitesIntoTheirOwnArchive) {
  EXPECT_EQ(apt_source_line("http://m", "sid", "/k.gpg"), "deb [signed-by=/k.gpg] http://m/debian sid main\n");
  EXPECT_EQ(apt_source_line("http://m", "bookworm-security", "/k.gpg"),
            "deb [signed-by=/k.gpg] http://m/debian-security bookworm-security main\n");
}

TEST(DebianMirror, TakesAHostOrAnUrl) {
  EXPECT_EQ(debian_mirror(nullptr), "http://deb.debian.org");
  EXPECT_EQ(debian_mirror(""), "http://deb.debian.org");
  EXPECT_EQ(debian_mirror("ftp.de.debian.org"), "http://ftp.de.debian.org");
  EXPECT_EQ(debian_mirror("https://mirror.example/"), "https://mirror.example");
}

TEST(FetchDebianKernel, RefusesWhatIsNeitherSuiteNorVersion) {
  const auto dir = *TempDir::create(fs::temp_directory_path(), "ktstr-kernel-test");
  KernelCache cache(dir.path());
  for (const char* what : {"sid main", "../x", "Sid", "sid;"})
    EXPECT_EQ(fetch_debian_kernel(cache, {.what = what}).error().code(), ErrorCode::kInvalidArgument) << what;
}

TEST(FetchDebianKernel, RepeatsWhatAptSaysWhenThereIsNoArchive) {
  const auto dir = *TempDir::create(fs::temp_directory_path(), "ktstr-kernel-test");
  KernelCache cache(dir.path() / "kernels");
  const auto entry =
      fetch_debian_kernel(cache, {.what = "sid", .mirror = "file://" + (dir.path() / "nothing").string()});
  ASSERT_FALSE(entry);
  if (entry.error().code() == ErrorCode::kUnsupported) GTEST_SKIP() << entry.error().message();
  EXPECT_NE(entry.error().message().find("sid"), std::string::npos) << entry.error().message();
  EXPECT_FALSE(entry.error().hint().empty());
  EXPECT_TRUE(cache.list().empty());
  EXPECT_TRUE(fs::is_empty(cache.root())) << "something is left behind";
}

}  // namespace
}  // namespace ktstr
