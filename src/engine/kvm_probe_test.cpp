// SPDX-License-Identifier: Apache-2.0
#include "engine/kvm_probe.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"

namespace ktstr {
namespace {

TEST(KvmProbe, SaysWhichDeviceIsMissing) {
  const auto directory = TempDir::create(fs::temp_directory_path(), "kvm_probe_test");
  ASSERT_TRUE(directory);
  const fs::path device = directory->path() / "kvm";
  const KvmProbe probe = probe_kvm_device(device);
  EXPECT_FALSE(probe.usable);
  EXPECT_NE(probe.why.find("cannot open " + device.string()), std::string::npos) << probe.why;
}

TEST(KvmProbe, AFileThatIsNoKvmIsUnusable) {
  const auto directory = TempDir::create(fs::temp_directory_path(), "kvm_probe_test");
  ASSERT_TRUE(directory);
  const fs::path device = directory->path() / "kvm";
  ASSERT_TRUE(write_text(device, "no device"));
  const KvmProbe probe = probe_kvm_device(device);
  EXPECT_FALSE(probe.usable);
  EXPECT_NE(probe.why.find("KVM_GET_API_VERSION"), std::string::npos) << probe.why;
}

TEST(KvmProbe, ADeviceThatNeverAnswersIsGivenUp) {
  // A limit of nothing: any device is too slow for it.
  const KvmProbe probe = probe_kvm_device("/dev/zero", std::chrono::milliseconds(0));
  EXPECT_FALSE(probe.usable);
  EXPECT_NE(probe.why.find("does not end within 0 ms"), std::string::npos) << probe.why;
}

TEST(KvmProbe, OfThisMachineAlwaysGivesAnAnswer) {
  const KvmProbe probe = probe_kvm_device("/dev/kvm");
  EXPECT_NE(probe.usable, !probe.why.empty()) << probe.why;
  RecordProperty("kvm", probe.usable ? "usable" : probe.why);
}

}  // namespace
}  // namespace ktstr
