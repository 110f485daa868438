// SPDX-License-Identifier: Apache-2.0
#include "workload/task/task_sched.h"

#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "base/text/duration.h"
#include "workload/task/task_affinity.h"
#include "workload/task/task_times.h"

namespace ktstr {

namespace {

using std::chrono::nanoseconds;
using Kind = SchedPolicy::Kind;

// struct sched_attr of uapi/linux/sched/types.h, SCHED_ATTR_SIZE_VER1. That header cannot be included: it has a
// sched_param of its own, which the C library's <sched.h> has too.
struct KernelAttr {
  std::uint32_t size = sizeof(KernelAttr);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;
  std::uint32_t util_min = 0, util_max = 0;
};
static_assert(sizeof(KernelAttr) == 56);

// uapi/linux/sched.h; SCHED_EXT is younger (Linux 6.12) than the headers that we build with.
constexpr std::uint32_t kSchedExt = 7;

constexpr struct {
  Kind kind;
  std::uint32_t number;
} kNumbers[] = {{Kind::kNormal, SCHED_NORMAL}, {Kind::kBatch, SCHED_BATCH}, {Kind::kIdle, SCHED_IDLE},
                {Kind::kFifo, SCHED_FIFO},     {Kind::kRr, SCHED_RR},       {Kind::kDeadline, SCHED_DEADLINE},
                {Kind::kExt, kSchedExt}};

std::uint32_t number_of(Kind kind) {
  for (const auto& row : kNumbers)
    if (row.kind == kind) return row.number;
  return SCHED_NORMAL;
}

std::uint64_t count_of(nanoseconds time) { return static_cast<std::uint64_t>(time.count()); }
nanoseconds time_of(std::uint64_t count) { return nanoseconds(static_cast<std::int64_t>(count)); }

bool set_attr(pid_t pid, const KernelAttr& attr) { return ::syscall(SYS_sched_setattr, pid, &attr, 0) == 0; }

Result<KernelAttr> get_attr(pid_t pid, std::string_view task) {
  KernelAttr attr;
  if (::syscall(SYS_sched_getattr, pid, &attr, sizeof attr, 0) != 0)
    return fail_errno("cannot read the scheduling attributes of {}", task);
  return attr;
}

Result<int> get_nice(pid_t pid, std::string_view task) {
  errno = 0;
  const int nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(pid));
  if (errno != 0) return fail_errno("cannot read the nice value of {}", task);
  return nice;
}

Error deadline_refusal(Error error, pid_t pid) {
  if (error.saved_errno() == EPERM) {
    const Result<CpuSet> cpus = task_affinity(pid, "");
    return std::move(error).with_hint(fmt::format(
        "a deadline task needs CAP_SYS_NICE, and every CPU of its root domain (sched_setattr(2)); it may use CPUs {}: "
        "leave its affinity at AffinityIntent::inherit(), and give its cgroup all CPUs or cpuset_partition(\"root\")",
        cpus ? cpus->to_string() : "unknown"));
  }
  if (error.saved_errno() == EBUSY)
    return std::move(error).with_hint(
        "the sum of runtime/period of all deadline tasks would exceed what the kernel grants them "
        "(/proc/sys/kernel/sched_rt_runtime_us of sched_rt_period_us, on each CPU): ask for less runtime or fewer "
        "workers");
  if (error.saved_errno() == EINVAL)
    return std::move(error).with_hint(
        "the period must be within /proc/sys/kernel/sched_deadline_period_min_us and sched_deadline_period_max_us "
        "(100 us and 4.19 s unless changed)");
  return error;
}

// EINVAL is what a kernel says of a policy that it does not know; everything else about `ext` is in order.
Error ext_refusal(Error error, const std::string& what) {
  if (error.saved_errno() == EINVAL)
    return fail(ErrorCode::kUnsupported, "{}: this kernel has no SCHED_EXT", what)
        .with_hint("run a kernel from Linux 6.12 on with CONFIG_SCHED_CLASS_EXT=y");
  if (error.saved_errno() == EACCES)
    return std::move(error).with_hint("the loaded scheduler refuses the task (scx.disallow, set in its init_task)");
  return error;
}

Error policy_refusal(Error error, pid_t pid, const SchedPolicy& policy, const std::string& what) {
  if (policy.kind == Kind::kExt) return ext_refusal(std::move(error), what);
  if (policy.kind == Kind::kDeadline) return deadline_refusal(std::move(error), pid);
  if (error.saved_errno() == EPERM)
    return std::move(error).with_hint(
        "it takes CAP_SYS_NICE, and with CONFIG_RT_GROUP_SCHED a cgroup that has real-time runtime");
  return error;
}

}  // namespace

Result<TaskSched> read_task_sched(pid_t pid, std::string_view task) {
  KTSTR_TRY_ASSIGN(const KernelAttr attr, get_attr(pid, task));
  KTSTR_TRY_ASSIGN(const int nice, get_nice(pid, task));
  TaskSched read{.policy = {}, .nice = nice, .uclamp_min = attr.util_min, .uclamp_max = attr.util_max};
  for (const auto& row : kNumbers) {
    if (row.number != attr.policy) continue;
    read.policy.kind = row.kind;
    if (row.kind == Kind::kFifo || row.kind == Kind::kRr) read.policy.priority = static_cast<int>(attr.priority);
    if (row.kind == Kind::kDeadline)
      read.policy = SchedPolicy::deadline_of(time_of(attr.runtime), time_of(attr.deadline), time_of(attr.period));
    else
      read.slice = time_of(attr.runtime);
    return read;
  }
  return fail(ErrorCode::kUnsupported, "{} has scheduling policy {}, which we do not know", task, attr.policy);
}

Status set_task_nice(pid_t pid, int nice, std::string_view task) {
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), nice) != 0) {
    Error error = fail_errno("cannot give {} nice {}", task, nice);
    if (error.code() == ErrorCode::kPermission) error.with_hint("a lower nice value takes CAP_SYS_NICE: run as root");
    return error;
  }
  KTSTR_TRY_ASSIGN(const int read, get_nice(pid, task));
  if (read != nice) return fail(ErrorCode::kIo, "{} was given nice {} and has {}", task, nice, read);
  return ok();
}

Status set_task_policy(pid_t pid, const SchedPolicy& policy, std::string_view task) {
  KTSTR_TRY(policy.validate().context(std::string(task)));
  KTSTR_TRY_ASSIGN(const int nice, get_nice(pid, task));
  const KernelAttr attr{.policy = number_of(policy.kind),
                        .nice = nice,
                        .priority = static_cast<std::uint32_t>(policy.priority),
                        .runtime = count_of(policy.runtime),
                        .deadline = count_of(policy.deadline),
                        .period = count_of(policy.period)};
  const std::string what = fmt::format("cannot give {} policy {}", task, policy.describe());
  if (!set_attr(pid, attr)) return policy_refusal(fail_errno("{}", what), pid, policy, what);
  KTSTR_TRY_ASSIGN(const TaskSched read, read_task_sched(pid, task));
  if (read.policy != policy)
    return fail(ErrorCode::kIo, "{} was given policy {} and has {}", task, policy.describe(), read.policy.describe());
  if (read.nice != nice)
    return fail(ErrorCode::kIo, "{} had nice {} and has {} with policy {}", task, nice, read.nice, policy.describe());
  return ok();
}

Status set_task_uclamp(pid_t pid, std::optional<int> min, std::optional<int> max, std::string_view task) {
  KTSTR_TRY(check_uclamp(min, max).context(std::string(task)));
  if (!min && !max) return ok();
  KernelAttr attr{.flags = SCHED_FLAG_KEEP_ALL,
                  .util_min = static_cast<std::uint32_t>(min.value_or(0)),
                  .util_max = static_cast<std::uint32_t>(max.value_or(0))};
  if (min) attr.flags |= SCHED_FLAG_UTIL_CLAMP_MIN;
  if (max) attr.flags |= SCHED_FLAG_UTIL_CLAMP_MAX;
  const auto show = [](std::optional<int> clamp) { return clamp ? std::to_string(*clamp) : "unchanged"; };
  const std::string what =
      fmt::format("cannot clamp the utilisation of {} (min {}, max {})", task, show(min), show(max));
  if (!set_attr(pid, attr)) {
    Error error = fail_errno("{}", what);
    if (error.saved_errno() == EOPNOTSUPP)
      return fail(ErrorCode::kUnsupported, "{}: this kernel has no utilisation clamps", what)
          .with_hint("run a kernel with CONFIG_UCLAMP_TASK=y");
    if (error.saved_errno() == EINVAL)
      error.with_hint(
          "the minimum would be above the maximum: set both (real-time tasks start with a minimum of 1024)");
    return error;
  }
  KTSTR_TRY_ASSIGN(const TaskSched read, read_task_sched(pid, task));
  if (static_cast<int>(read.uclamp_min) != min.value_or(static_cast<int>(read.uclamp_min)) ||
      static_cast<int>(read.uclamp_max) != max.value_or(static_cast<int>(read.uclamp_max)))
    return fail(ErrorCode::kIo, "{} was given utilisation clamps (min {}, max {}) and has (min {}, max {})", task,
                show(min), show(max), read.uclamp_min, read.uclamp_max);
  return ok();
}

Status set_task_slice(pid_t pid, nanoseconds slice, std::string_view task) {
  KTSTR_TRY_ASSIGN(KernelAttr attr, get_attr(pid, task));
  attr.flags = 0;
  attr.runtime = count_of(slice);
  const std::string what = fmt::format("cannot give {} a slice of {}", task, format_duration(slice));
  if (!set_attr(pid, attr)) return fail_errno("{}", what);
  KTSTR_TRY_ASSIGN(const TaskSched read, read_task_sched(pid, task));
  if (read.slice == slice) return ok();
  if (read.slice.count() == 0)
    return fail(ErrorCode::kUnsupported, "{}: this kernel has none for a task", what)
        .with_hint("run a kernel from Linux 6.12 on");
  return fail(ErrorCode::kIo, "{}: it has {}", what, format_duration(read.slice));
}

Status check_slice(std::optional<nanoseconds> slice, const SchedPolicy& policy) {
  constexpr nanoseconds kLeast = std::chrono::microseconds(100), kMost = std::chrono::milliseconds(100);
  if (!slice) return ok();
  if (*slice < kLeast || *slice > kMost)
    return fail(ErrorCode::kInvalidArgument, "a slice of {} is not valid; accepted: 100us to 100ms",
                format_duration(*slice));
  if (policy.kind == Kind::kNormal || policy.kind == Kind::kBatch || policy.kind == Kind::kIdle) return ok();
  return fail(ErrorCode::kInvalidArgument, "a slice beside policy {}; only normal, batch and idle have one",
              policy.describe());
}

Status check_timer_slack(std::optional<nanoseconds> slack) {
  if (!slack || (slack->count() >= 1 && *slack <= std::chrono::seconds(1))) return ok();
  return fail(ErrorCode::kInvalidArgument, "a timer_slack of {} is not valid; accepted: 1ns to 1s",
              format_duration(*slack));
}

Status check_nice(int nice) {
  if (nice >= -20 && nice <= 19) return ok();
  return fail(ErrorCode::kInvalidArgument, "nice {} is not within -20..19", nice);
}

Status check_uclamp(std::optional<int> min, std::optional<int> max) {
  for (const auto& [name, clamp] : {std::pair{"uclamp_min", min}, std::pair{"uclamp_max", max}})
    if (clamp && (*clamp < 0 || *clamp > 1024))
      return fail(ErrorCode::kInvalidArgument, "{} {} is not within 0..1024", name, *clamp);
  if (min && max && *min > *max)
    return fail(ErrorCode::kInvalidArgument, "uclamp_min {} is above uclamp_max {}; it must be at most that", *min,
                *max);
  return ok();
}

}  // namespace ktstr
