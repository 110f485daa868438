// SPDX-License-Identifier: Apache-2.0
//
// Nothing is left behind, however a run ends. That the RAM directory is empty is checked after every test (GuestTest).
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <thread>

#include "guests.h"

namespace ktstr {
namespace {

class CleanUp : public GuestTest {
 protected:
  // Starts a run and returns once its guest has RAM files, so is booting.
  Subprocess start_booting() {
    auto process = Subprocess::start(command({example("two_cgroups.toml")}));
    EXPECT_TRUE(process) << process.error().render();
    while (qemus().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return *std::move(process);
  }
};

TEST_F(CleanUp, AfterAnInterruptNothingIsLeft) {
  Subprocess process = start_booting();
  ASSERT_TRUE(process.signal(SIGINT));
  const auto status = process.wait(std::chrono::seconds(60));
  ASSERT_TRUE(status && *status);
  EXPECT_EQ((*status)->describe(), "exited with status 130");
  EXPECT_TRUE(qemus().empty());
}

TEST_F(CleanUp, AfterAKillQemuIsGoneAndTheNextRunRemovesTheFiles) {
  {
    Subprocess process = start_booting();
    ASSERT_TRUE(process.signal(SIGKILL));
    ASSERT_TRUE(process.wait(std::chrono::seconds(60)));
  }
  while (!qemus().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(left_in_ram_dir().empty());
  const GuestRun next = run({example("two_cgroups.toml"), "--duration", "300ms"});
  EXPECT_EQ(next.status, 0) << next.out << next.err;
}

TEST_F(CleanUp, AFullTmpfsIsAnErrorWithAWayOut) {
  const fs::path small = ram_dir() / "small";
  fs::create_directory(small);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=64m") != 0) {
    fs::remove(small);
    GTEST_SKIP() << "cannot mount a tmpfs here";
  }
  const GuestRun ran = run({example("two_cgroups.toml")}, {"KTSTR_RAM_DIR=" + small.string()});
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.out + ran.err, ::testing::HasSubstr("KTSTR_RAM_DIR"));
  EXPECT_TRUE(fs::is_empty(small));
  ::umount(small.c_str());
  fs::remove(small);
}

}  // namespace
}  // namespace ktstr
