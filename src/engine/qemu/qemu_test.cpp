// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/qemu.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"

namespace ktstr {
namespace {

class FakeQemu : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = TempDir::create(fs::temp_directory_path(), "qemu_test");
    ASSERT_TRUE(directory);
    directory_.emplace(std::move(*directory));
  }
  std::string program(std::string_view script) {
    const fs::path path = directory_->path() / "qemu";
    EXPECT_TRUE(write_text(path, "#!/bin/sh\n" + std::string(script) + "\n"));
    fs::permissions(path, fs::perms::owner_all);
    return path.string();
  }
  std::optional<TempDir> directory_;
};

TEST(QemuVersion, IsReadWithAndWithoutADistributionsSuffix) {
  const auto debian = parse_qemu_version("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright\n");
  ASSERT_TRUE(debian);
  EXPECT_EQ(debian->version, "10.0.2");
  EXPECT_EQ(debian->major, 10);
  EXPECT_EQ(debian->minor, 0);
  const auto plain = parse_qemu_version("QEMU emulator version 7.2.19\n");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->version, "7.2.19");
}

TEST(QemuVersion, AnythingElseIsNoQemu) {
  for (const auto* text :
       {"", "GNU bash, version 5.2", "QEMU emulator version", "QEMU emulator version x.y", "QEMU emulator version 10"})
    EXPECT_FALSE(parse_qemu_version(text)) << text;
}

TEST_F(FakeQemu, IsFoundByPathAndAskedForItsVersion) {
  const std::string path = program("[ \"$1\" = --version ] && echo 'QEMU emulator version 9.2.1'");
  const auto qemu = find_qemu(path);
  ASSERT_TRUE(qemu) << qemu.error().render();
  EXPECT_EQ(qemu->path, path);
  EXPECT_EQ(qemu->version, "9.2.1");
}

// An ELF program, run in a directory with the version that it says.
class RememberedQemu : public FakeQemu {
 protected:
  void SetUp() override {
    FakeQemu::SetUp();
    fs::current_path(directory_->path());
    fs::copy_file(KTSTR_QEMU_IN_NAME, program_);
  }
  void TearDown() override { fs::current_path("/"); }
  static void set_version(std::string_view version) { EXPECT_TRUE(write_text("version", version)); }
  std::string version() const {
    const auto qemu = find_qemu(fs::absolute(program_), answers_);
    return qemu ? qemu->version : qemu.error().render();
  }
  fs::path program_ = "qemu", answers_ = "cache/answers";
};

TEST_F(RememberedQemu, IsAskedOnce) {
  set_version("9.2.1");
  EXPECT_EQ(version(), "9.2.1");
  set_version("9.2.2");
  EXPECT_EQ(version(), "9.2.1");
}

TEST_F(RememberedQemu, IsAskedAgainWhenTheFileIsAnother) {
  set_version("9.2.1");
  EXPECT_EQ(version(), "9.2.1");
  set_version("9.2.2");
  fs::copy_file(KTSTR_QEMU_IN_NAME, "new");
  fs::rename("new", program_);
  EXPECT_EQ(version(), "9.2.2");
  set_version("9.2.3");
  fs::last_write_time(program_, fs::last_write_time(program_) - std::chrono::hours(1));
  EXPECT_EQ(version(), "9.2.3");
}

TEST_F(RememberedQemu, IsAskedAgainWhenTheAnswerIsDamaged) {
  set_version("9.2.1");
  EXPECT_EQ(version(), "9.2.1");
  auto answer = read_text(answers_);
  ASSERT_TRUE(answer);
  answer->resize(answer->find('\n') + 1);
  ASSERT_TRUE(write_atomically(answers_, as_byte_span(*answer + "QEMU emulator ver")));
  set_version("9.2.2");
  EXPECT_EQ(version(), "9.2.2");
}

TEST_F(RememberedQemu, NeedsNoPlaceForTheAnswer) {
  set_version("9.2.1");
  ASSERT_TRUE(write_text("cache", "a file where the directory should be"));
  EXPECT_EQ(version(), "9.2.1");
}

TEST_F(FakeQemu, IsAskedEachTimeWhenItIsAScript) {
  const fs::path answers = directory_->path() / "cache" / "qemu-version";
  for (const std::string version : {"9.2.1", "9.2.2"}) {
    const auto qemu = find_qemu(program("echo 'QEMU emulator version " + version + "'"), answers);
    ASSERT_TRUE(qemu) << qemu.error().render();
    EXPECT_EQ(qemu->version, version);
  }
  EXPECT_FALSE(fs::exists(answers));
}

TEST_F(FakeQemu, AnotherProgramIsUnsupported) {
  for (const auto* script : {"echo 'ls (GNU coreutils) 9.1'", "exit 1"}) {
    const auto qemu = find_qemu(program(script));
    ASSERT_FALSE(qemu);
    EXPECT_EQ(qemu.error().code(), ErrorCode::kUnsupported) << qemu.error().render();
  }
}

TEST(Qemu, AMissingOneNamesThePackageToInstall) {
  for (const auto* name : {"qemu-system-no-such", "/no/such/qemu"}) {
    const auto qemu = find_qemu(name);
    ASSERT_FALSE(qemu);
    EXPECT_EQ(qemu.error().code(), ErrorCode::kNotFound);
    EXPECT_NE(qemu.error().hint().find("qemu-system-x86"), std::string::npos);
  }
}

QemuInfo version(int major, int minor) {
  QemuInfo qemu;
  qemu.major = major;
  qemu.minor = minor;
  return qemu;
}

TEST(Quantum, GivesEachVcpuATurnOf25Microseconds) {
  using namespace std::chrono_literals;
  EXPECT_EQ(default_quantum({1, 1, 2, 1}), 50us);
  EXPECT_EQ(default_quantum({1, 2, 2, 1}), 100us);
  EXPECT_EQ(default_quantum({2, 8, 4, 2}), 1600us);
}

TEST(Quantum, IsLeftOutWithOneVcpu) { EXPECT_EQ(default_quantum({1, 1, 1, 1}).count(), 0); }

TEST(Quantum, IsSafeWhereItDoesNotBreakRepeatability) {
  EXPECT_FALSE(version(7, 2).quantum_is_safe());
  EXPECT_FALSE(version(8, 0).quantum_is_safe());
  EXPECT_TRUE(version(8, 1).quantum_is_safe());
  EXPECT_TRUE(version(10, 0).quantum_is_safe());
}

}  // namespace
}  // namespace ktstr
