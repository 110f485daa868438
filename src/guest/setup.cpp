// SPDX-License-Identifier: Apache-2.0
#include "guest/setup.h"

#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/splitmix.h"
#include "wire/cpio.h"

namespace ktstr::guest {

namespace {

struct MountPoint {
  const char* type;
  const char* path;
  bool required;
};

constexpr MountPoint kMounts[] = {
    {"proc", "/proc", true},
    {"sysfs", "/sys", true},
    {"devtmpfs", "/dev", true},
    {"tmpfs", "/tmp", true},
    {"tmpfs", "/run", true},
    {"tmpfs", "/dev/shm", true},
    {"devpts", "/dev/pts", false},
    {"cgroup2", "/sys/fs/cgroup", true},
    {"bpf", "/sys/fs/bpf", false},
    {"debugfs", "/sys/kernel/debug", false},
    {"tracefs", "/sys/kernel/tracing", false},
};

}  // namespace

Status mount_file_systems() {
  for (const MountPoint& point : kMounts) {
    if (::mkdir(point.path, 0755) != 0 && errno != EEXIST && point.required)
      return fail_errno("cannot make {}", point.path);
    if (::mount(point.type, point.path, point.type, MS_NOSUID, nullptr) != 0 && errno != EBUSY && point.required)
      return fail_errno("cannot mount {} on {}", point.type, point.path);
  }
  return ok();
}

void enable_cpusets() {
  if (const Status enabled = write_text(fs::path(kCgroupRoot) / "cgroup.subtree_control", "+cpuset"); !enabled)
    log_debug("no cpusets: {}", enabled.error().render());
}

Status bring_loopback_up() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("cannot make a socket for the loopback interface");
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return fail_errno("cannot bring lo up");
  return ok();
}

Status set_clock_if_unset() {
  constexpr time_t kNewYear2026 = 1767225600;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec >= kNewYear2026) return ok();
  const timespec start{kNewYear2026, 0};
  if (::clock_settime(CLOCK_REALTIME, &start) != 0) return fail_errno("cannot set the clock");
  return ok();
}

Status seed_random_pool(std::uint64_t seed) {
  // rand_pool_info ends in a flexible array: build it in words, of which the first two are its header.
  constexpr std::size_t kPoolBytes = 64;
  std::array<std::uint64_t, 1 + kPoolBytes / sizeof(std::uint64_t)> pool{};
  const std::array<int, 2> header{kPoolBytes * 8, kPoolBytes};  // entropy_count in bits, buf_size in bytes
  static_assert(sizeof header == sizeof(rand_pool_info) && sizeof header == sizeof pool[0]);
  std::memcpy(pool.data(), header.data(), sizeof header);
  for (std::size_t i = 1; i < pool.size(); ++i) pool[i] = splitmix64(seed + i);
  KTSTR_TRY_ASSIGN(const Fd random, open_file("/dev/random", O_RDWR));
  if (::ioctl(random.get(), RNDADDENTROPY, pool.data()) != 0) return fail_errno("cannot credit the random pool");
  if (::ioctl(random.get(), RNDRESEEDCRNG) != 0) return fail_errno("cannot reseed the random pool");
  return ok();
}

Status become_realtime(int priority, Children children) {
  sched_param parameters{};
  parameters.sched_priority = priority;
  const int policy = SCHED_FIFO | (children == Children::kOrdinary ? SCHED_RESET_ON_FORK : 0);
  if (::sched_setscheduler(0, policy, &parameters) != 0) return fail_errno("cannot become SCHED_FIFO {}", priority);
  return ok();
}

namespace {

constexpr std::size_t kPart = std::size_t{1} << 20;  // between two signs of life

Status write_parts(int fd, ByteSpan bytes, const std::function<void()>& alive) {
  for (std::size_t at = 0; at < bytes.size(); at += kPart) {
    KTSTR_TRY(write_all(fd, bytes.subspan(at, std::min(kPart, bytes.size() - at))));
    if (alive) alive();
  }
  return ok();
}

}  // namespace

Status unpack(ByteSpan archive, const char* root, const std::function<void()>& alive) {
  KTSTR_TRY_ASSIGN(const auto entries, read_newc(archive));
  for (const NewcEntry& entry : entries) {
    const fs::path path = fs::path(root) / entry.path;
    const mode_t permissions = entry.mode & 07777;
    switch (entry.mode & S_IFMT) {
      case S_IFDIR:
        if (::mkdir(path.c_str(), permissions) != 0 && errno != EEXIST)
          return fail_errno("cannot make {}", path.string());
        break;
      case S_IFLNK:
        if (::symlink(std::string(as_text(entry.contents)).c_str(), path.c_str()) != 0 && errno != EEXIST)
          return fail_errno("cannot link {}", path.string());
        break;
      case S_IFREG: {
        // The agent's own libraries may be there from the initramfs, and running: replace, never rewrite.
        ::unlink(path.c_str());
        KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, permissions));
        KTSTR_TRY(write_parts(fd.get(), entry.contents, alive).context("unpack " + path.string()));
        break;
      }
      default:
        return fail(ErrorCode::kCorruptData, "the delivery holds a special file: {}", path.string());
    }
  }
  return ok();
}

}  // namespace ktstr::guest
