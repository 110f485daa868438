// SPDX-License-Identifier: Apache-2.0
//
// For tests of CgroupFs on a real cgroup2 mount: they need root and one that is writable, skip with their reason
// otherwise, and fail instead where KTSTR_REQUIRE names root.
#pragma once

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "base/testing/required.h"
#include "cgroup/cgroup_fs.h"

namespace ktstr {

inline std::optional<fs::path> cgroup2_mount() {
  for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    struct statfs info {};
    if (::statfs(path, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC && ::access(path, W_OK) == 0) return path;
  }
  return {};
}

// A process that sleeps until it is killed.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    if (pid_ == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  ~Sleeper() { end(); }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  int pid() const { return pid_; }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    reap();
  }
  // Its wait status.
  int reap() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

class CgroupFsOnTheHost : public testing::Test {
 protected:
  void SetUp() override {
    const auto mount = cgroup2_mount();
    if (!mount || ::geteuid() != 0) {
      constexpr const char* kNeeds = "needs root and a writable cgroup2 mount at /sys/fs/cgroup";
      if (is_required("root")) FAIL() << kNeeds << ", and KTSTR_REQUIRE says that there is";
      GTEST_SKIP() << kNeeds;
    }
    auto made =
        CgroupFs::create(*mount, fmt::format("ktstr-test-{}", ::getpid()),
                         {.remove_timeout = std::chrono::milliseconds(50), .event_timeout = std::chrono::seconds(60)});
    ASSERT_TRUE(made) << made.error().render();
    cgroups_ = std::move(*made);
    mount_ = *mount;
  }
  void TearDown() override {
    if (!cgroups_) return;
    const Status closed = cgroups_->close();
    EXPECT_TRUE(closed) << closed.error().render();
  }
  fs::path mount_;
  std::optional<CgroupFs> cgroups_;
};

}  // namespace ktstr
