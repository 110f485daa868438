// SPDX-License-Identifier: Apache-2.0
#include "runner/package_guest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using testing::HasSubstr;

class PackKernelModules : public testing::Test {
 protected:
  PackKernelModules() {
    put("config", "CONFIG_CONFIGFS_FS=m\nCONFIG_BLK_DEV_NULL_BLK=m\n");
    NewcWriter archive;
    EXPECT_TRUE(archive.add_directory("ktstr"));
    packed_.files = archive.finish();
    packed_.files_sha256 = "of the files";
  }
  void put(const std::string& name, std::string_view text) const { ASSERT_TRUE(write_text(dir_.path() / name, text)); }
  void put_modules() const {
    for (const char* name : {"configfs.ko", "null_blk.ko"})
      put(name,
          "\x7f"
          "ELF and so on");
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> all;
    const auto entries = read_newc(packed_.files);
    EXPECT_TRUE(entries);
    for (const NewcEntry& entry : *entries) all.push_back(entry.path);
    return all;
  }
  Status pack() { return pack_kernel_modules(kernel_, request_, packed_); }

  TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "ktstr-package-test");
  KernelImage kernel_{.vmlinux = {},
                      .release = "7.3.4",
                      .sha256 = {},
                      .key = {},
                      .config = dir_.path() / "config",
                      .modules = {dir_.path()},
                      .fetched = true};
  RunRequest request_{.settings = {}, .scenario_text = "x", .kernel_modules = {"configfs", "null_blk"}};
  PackedInputs packed_;
};

TEST_F(PackKernelModules, PutsThemWhereTheGuestLooks) {
  put_modules();
  const Status packed = pack();
  ASSERT_TRUE(packed) << packed.error().render();
  EXPECT_EQ(paths(), (std::vector<std::string>{"ktstr", "ktstr/configfs.ko", "ktstr/null_blk.ko"}));
  EXPECT_NE(packed_.files_sha256, "of the files");
  EXPECT_TRUE(packed_.inputs.contains("/ktstr/null_blk.ko"));
}

TEST_F(PackKernelModules, LeavesTheGuestOfOtherScenariosAsItIs) {
  put_modules();
  request_.kernel_modules.clear();
  ASSERT_TRUE(pack());
  EXPECT_EQ(paths(), std::vector<std::string>{"ktstr"});
  EXPECT_EQ(packed_.files_sha256, "of the files");
}

TEST_F(PackKernelModules, RefusesAKernelThatWasFetchedWithout) {
  const Status packed = pack();
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(packed.error().message(), HasSubstr("kernel 7.3.4 was fetched without its module configfs"));
  EXPECT_THAT(packed.error().hint(), HasSubstr("`ktstr kernel fetch 7.3.4`"));
}

TEST_F(PackKernelModules, SaysOfAKernelByPathWhereTheyWereLookedFor) {
  kernel_.fetched = false;
  put("configfs.ko",
      "\x7f"
      "ELF and so on");
  const Status packed = pack();
  ASSERT_FALSE(packed);
  EXPECT_THAT(packed.error().message(), HasSubstr("there is no null_blk.ko in " + dir_.path().string()));
  EXPECT_THAT(packed.error().hint(), HasSubstr("CONFIG_BLK_DEV_NULL_BLK=m"));
}

TEST_F(PackKernelModules, LeavesToTheGuestWhatIsBuiltInOrNotKnown) {
  put("config", "CONFIG_CONFIGFS_FS=y\nCONFIG_BLK_DEV_NULL_BLK=y\n");
  EXPECT_TRUE(pack());
  kernel_.config.clear();
  EXPECT_TRUE(pack());
}

// Nobody knows beforehand what a program's tests do.
TEST_F(PackKernelModules, GivesATestWhatThereIs) {
  request_.test_binary = "/test";
  request_.kernel_modules.clear();
  EXPECT_TRUE(pack());
  put_modules();
  ASSERT_TRUE(pack());
  EXPECT_EQ(paths().size(), 3u);
}

TEST_F(PackKernelModules, RefusesAFileThatIsNoModule) {
  put_modules();
  put("null_blk.ko", "nonsense");
  EXPECT_EQ(pack().error().code(), ErrorCode::kCorruptData);
}

// Its files under paths of their own, before what its arguments name: /bin/sh is a program that is there.
class PackScheduler : public testing::Test {
 protected:
  PackedInputs packed() {
    PackedInputs packed;
    const Status status = pack_files(request_, packed);
    EXPECT_TRUE(status) << status.error().render();
    return packed;
  }
  static std::string contents(const PackedInputs& packed, std::string_view path) {
    const auto entries = read_newc(packed.scheduler_files);
    EXPECT_TRUE(entries);
    for (const NewcEntry& entry : *entries)
      if (entry.path == path) return std::string(as_text(entry.contents));
    return "none";
  }
  TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "ktstr-package-test");
  RunRequest request_{.settings = {.test = "t"}, .scenario_text = "x", .scheduler = "/bin/sh"};
};

TEST_F(PackScheduler, BringsItsFilesUnderTheirPaths) {
  const fs::path file = dir_.path() / "x.json";
  ASSERT_TRUE(write_text(file, "of the machine"));
  request_.scheduler_files = {{"/ktstr/scheduler/x.json", file.string(), ""}, {"/etc/passwd", "", "a text"}};
  request_.scheduler = "/bin/sh /etc/passwd";
  const PackedInputs first = packed();
  EXPECT_EQ(contents(first, "ktstr/scheduler/x.json"), "of the machine");
  EXPECT_EQ(contents(first, "etc/passwd"), "a text") << "and not this machine's file of that name";
  EXPECT_EQ(packed().inputs, first.inputs);
  request_.scheduler_files[1].text = "another text";
  EXPECT_NE(packed().inputs.at("/etc/passwd"), first.inputs.at("/etc/passwd"));
}

TEST_F(PackScheduler, ArgumentsAreOfTheTuple) {
  const auto hash_of = [&](const char* scheduler) {
    request_.scheduler = scheduler;
    return packed().inputs["scheduler_arguments"];
  };
  EXPECT_EQ(hash_of("/bin/sh"), "");
  EXPECT_EQ(hash_of("/bin/sh -a -b"), hash_of("/bin/sh  -a '-b'"));
  EXPECT_NE(hash_of("/bin/sh -a -b"), hash_of("/bin/sh '-a -b'"));
  EXPECT_EQ(packed().inputs.count("kernel_arguments"), 0U);
  request_.kernel_arguments = {"nohz=off"};
  const auto off = packed().inputs["kernel_arguments"];
  request_.kernel_arguments = {"nohz=on"};
  EXPECT_NE(packed().inputs["kernel_arguments"], off);
}

TEST_F(PackScheduler, AFileThatIsNotThereIsTheUsers) {
  request_.scheduler_files = {{"/etc/x", (dir_.path() / "none").string(), ""}};
  PackedInputs packed;
  const Status status = pack_files(request_, packed);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(status.error().message(), HasSubstr("the scheduler's file " + (dir_.path() / "none").string()));
}

}  // namespace
}  // namespace ktstr
