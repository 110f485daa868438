// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/kvm_probe.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace ktstr {
namespace {

TEST(KvmProbe, SaysWhichDeviceIsMissing) {
  const auto directory = TempDir::create(fs::temp_directory_path(), "kvm_probe_test");
  ASSERT_TRUE(directory);
  const fs::path device = directory->path() / "kvm";
  const KvmProbe probe = probe_kvm_device(device, "/proc/cpuinfo");
  EXPECT_FALSE(probe.usable);
  EXPECT_NE(probe.why.find("cannot open " + device.string()), std::string::npos) << probe.why;
}

TEST(KvmProbe, AFileThatIsNoKvmIsUnusable) {
  const auto directory = TempDir::create(fs::temp_directory_path(), "kvm_probe_test");
  ASSERT_TRUE(directory);
  const fs::path device = directory->path() / "kvm";
  ASSERT_TRUE(write_text(device, "no device"));
  const KvmProbe probe = probe_kvm_device(device, "/proc/cpuinfo");
  EXPECT_FALSE(probe.usable);
  EXPECT_NE(probe.why.find("KVM_GET_API_VERSION"), std::string::npos) << probe.why;
}

TEST(KvmProbe, WithoutHardwareIsUnusableEvenIfATinyGuestRuns) {
  const auto directory = TempDir::create(fs::temp_directory_path(), "kvm_probe_test");
  ASSERT_TRUE(directory);
  const fs::path cpuinfo = directory->path() / "cpuinfo";
  ASSERT_TRUE(write_text(cpuinfo, "processor\t: 0\nflags\t\t: fpu de pse\n"));
  EXPECT_FALSE(probe_kvm_device("/dev/kvm", cpuinfo).usable);
}

TEST(HardwareVirtualisation, IsAFlagOfItsOwn) {
  EXPECT_TRUE(has_hardware_virtualisation("processor\t: 0\nflags\t\t: fpu vmx smx\nbugs\t: none\n"));
  EXPECT_TRUE(has_hardware_virtualisation("processor\t: 0\nflags\t\t: fpu svm\n"));
  EXPECT_FALSE(has_hardware_virtualisation("processor\t: 0\nflags\t\t: fpu svm_lock\nvmx flags\t: vnmi vmx \n"));
  EXPECT_FALSE(has_hardware_virtualisation(""));
}

TEST(AskInChild, GivesTheAnswer) {
  EXPECT_EQ(ask_in_child([] { return std::string(3000, 'x'); }, std::chrono::seconds(20)), std::string(3000, 'x'));
}

TEST(AskInChild, GivesUpOnAChildThatNeverAnswers) {
  const auto never = []() -> std::string {
    for (;;) ::pause();
  };
  EXPECT_EQ(ask_in_child(never, std::chrono::milliseconds(20)), std::nullopt);
}

TEST(AskInChild, OutlivesAChildThatDies) {
  EXPECT_EQ(ask_in_child([]() -> std::string { ::_exit(1); }, std::chrono::seconds(20)), "");
}

TEST(KvmProbe, OfThisMachineAlwaysGivesAnAnswer) {
  const KvmProbe probe = probe_kvm_device("/dev/kvm", "/proc/cpuinfo");
  EXPECT_NE(probe.usable, !probe.why.empty()) << probe.why;
  RecordProperty("kvm", probe.usable ? "usable" : probe.why);
}

}  // namespace
}  // namespace ktstr
