// SPDX-License-Identifier: Apache-2.0
#include "workload/task/core_sched.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "workload/worker_group.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A kernel with core scheduling, in memory that the helper process shares: pid 0 is whoever calls.
struct FakeKernel {
  struct Task {
    pid_t pid;
    std::uint64_t cookie;
  };
  pid_t harness = ::getpid();
  std::uint64_t harness_cookie = 0, helper_cookie = 0, next = 100;
  int refuse = 0;             // what every call fails with
  bool harness_took = false;  // SHARE_FROM by our own process
  Task tasks[3] = {{11, 0}, {12, 0}, {13, 0}};

  std::uint64_t& of_caller() { return ::getpid() == harness ? harness_cookie : helper_cookie; }
  std::uint64_t* of(pid_t pid) {
    if (pid == 0) return &of_caller();
    for (Task& task : tasks)
      if (task.pid == pid) return &task.cookie;
    return nullptr;
  }
};
FakeKernel* kernel = nullptr;

int fake_prctl(unsigned command, pid_t pid, unsigned scope, std::uint64_t* cookie) {
  std::uint64_t* const task = kernel->of(pid);
  const bool of_thread = command == PR_SCHED_CORE_GET || command == PR_SCHED_CORE_SHARE_FROM;
  errno = kernel->refuse != 0                                                                    ? kernel->refuse
          : task == nullptr                                                                      ? ESRCH
          : scope != (of_thread ? PR_SCHED_CORE_SCOPE_THREAD : PR_SCHED_CORE_SCOPE_THREAD_GROUP) ? EINVAL
                                                                                                 : 0;
  if (errno != 0) return -1;
  switch (command) {
    case PR_SCHED_CORE_GET:
      *cookie = *task;
      break;
    case PR_SCHED_CORE_CREATE:
      *task = ++kernel->next;
      break;
    case PR_SCHED_CORE_SHARE_TO:
      *task = kernel->of_caller();
      break;
    case PR_SCHED_CORE_SHARE_FROM:
      kernel->of_caller() = *task;
      if (::getpid() == kernel->harness) kernel->harness_took = true;
      break;
    default:
      ADD_FAILURE() << "command " << command;
  }
  return 0;
}

class CoreSched : public testing::Test {
 protected:
  void SetUp() override {
    void* const at = ::mmap(nullptr, sizeof(FakeKernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(at, MAP_FAILED);
    kernel = new (at) FakeKernel;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {  // what other tests left
    }
  }
  void TearDown() override {
    EXPECT_FALSE(kernel->harness_took) << "our own process never takes a cookie";
    EXPECT_LE(::waitpid(-1, nullptr, WNOHANG), 0) << "a helper process is left";
    ::munmap(kernel, sizeof(FakeKernel));
  }
  static std::uint64_t cookie_of(int pid) {
    const auto cookie = core_sched_cookie(pid, fake_prctl);
    EXPECT_TRUE(cookie) << cookie.error().render();
    return cookie.value_or(0);
  }
};

TEST_F(CoreSched, GivesAllProcessesOneNewCookieAndItselfNone) {
  ASSERT_TRUE(core_sched_create({11, 12}, fake_prctl));
  EXPECT_NE(cookie_of(11), 0u);
  EXPECT_EQ(cookie_of(11), cookie_of(12));
  EXPECT_EQ(cookie_of(13), 0u);
  EXPECT_EQ(cookie_of(0), 0u);
  const std::uint64_t first = cookie_of(11);
  ASSERT_TRUE(core_sched_create({11}, fake_prctl));
  EXPECT_NE(cookie_of(11), first) << "a new one each time";
}

TEST_F(CoreSched, SharesTheCookieOfOneProcessWithOthers) {
  ASSERT_TRUE(core_sched_create({11}, fake_prctl));
  ASSERT_TRUE(core_sched_share(11, {12, 13}, fake_prctl));
  EXPECT_EQ(cookie_of(12), cookie_of(11));
  EXPECT_EQ(cookie_of(13), cookie_of(11));
  EXPECT_EQ(cookie_of(0), 0u);
}

TEST_F(CoreSched, ClearsCookies) {
  ASSERT_TRUE(core_sched_create({11, 12, 13}, fake_prctl));
  ASSERT_TRUE(core_sched_clear({11, 13}, fake_prctl));
  EXPECT_EQ(cookie_of(11), 0u);
  EXPECT_NE(cookie_of(12), 0u);
  EXPECT_EQ(cookie_of(13), 0u);
}

TEST_F(CoreSched, DoesNotClearWithACookieOfItsOwn) {
  kernel->harness_cookie = 5;
  const Status cleared = core_sched_clear({11}, fake_prctl);
  ASSERT_FALSE(cleared);
  EXPECT_EQ(cleared.error().code(), ErrorCode::kBusy);
  EXPECT_THAT(cleared.error().render(), HasSubstr("our own process has been given one"));
}

TEST_F(CoreSched, DoesNothingForNobody) {
  kernel->refuse = EIO;
  EXPECT_TRUE(core_sched_create({}, fake_prctl));
  EXPECT_TRUE(core_sched_share(11, {}, fake_prctl));
  EXPECT_TRUE(core_sched_clear({}, fake_prctl));
}

TEST_F(CoreSched, NamesTheProcessThatIsGone) {
  const auto message = [](const Status& status) {
    if (status) return std::string("(accepted)");
    EXPECT_EQ(status.error().saved_errno(), ESRCH);
    return status.error().message();
  };
  EXPECT_THAT(message(core_sched_create({99}, fake_prctl)),
              HasSubstr("cannot give process 99 a core scheduling cookie"));
  EXPECT_THAT(message(core_sched_share(99, {11}, fake_prctl)),
              HasSubstr("cannot take the core scheduling cookie of process 99"));
  EXPECT_THAT(message(core_sched_share(11, {12, 99}, fake_prctl)),
              HasSubstr("cannot give process 99 the core scheduling cookie of process 11"));
  EXPECT_THAT(message(core_sched_clear({12, 99}, fake_prctl)), HasSubstr("cookie of process 99 away"));
}

TEST_F(CoreSched, SaysWhatMachineOrKernelLack) {
  for (const auto& [refusal, reason, remedy] : {std::tuple{ENODEV, "two hardware threads", "2 threads per core"},
                                                std::tuple{EINVAL, "no core scheduling", "CONFIG_SCHED_CORE=y"}}) {
    kernel->refuse = refusal;
    for (const Status& status : {core_sched_create({11}, fake_prctl), core_sched_share(11, {12}, fake_prctl),
                                 core_sched_clear({11}, fake_prctl)}) {
      ASSERT_FALSE(status);
      EXPECT_EQ(status.error().code(), ErrorCode::kUnsupported);
      EXPECT_THAT(status.error().render(), AllOf(HasSubstr(reason), HasSubstr(remedy)));
    }
  }
  kernel->refuse = EPERM;
  EXPECT_THAT(core_sched_create({11}, fake_prctl).error().render(), HasSubstr("run as root"));
}

TEST(CoreSchedOnTheHost, GivesRealWorkersACookieAndTakesItAwayAgain) {
  auto group = WorkerGroup::spawn({.workers = 3}, {.cgroup = "cg_0"}, 0, 1);
  ASSERT_TRUE(group) << group.error().render();
  const std::vector<int> pids = group->pids();
  const Status created = core_sched_create({pids[0], pids[1]});
  if (!created && created.error().code() == ErrorCode::kUnsupported) GTEST_SKIP() << created.error().render();
  ASSERT_TRUE(created) << created.error().render();
  EXPECT_NE(*core_sched_cookie(pids[0]), 0u);
  EXPECT_EQ(*core_sched_cookie(pids[1]), *core_sched_cookie(pids[0]));
  EXPECT_EQ(*core_sched_cookie(pids[2]), 0u);
  EXPECT_EQ(*core_sched_cookie(0), 0u);
  const Status cleared = core_sched_clear(pids);
  ASSERT_TRUE(cleared) << cleared.error().render();
  for (const int pid : pids) EXPECT_EQ(*core_sched_cookie(pid), 0u);
}

}  // namespace
}  // namespace ktstr
