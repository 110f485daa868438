// SPDX-License-Identifier: Apache-2.0
//
// Changes of the machine itself: CPUs off- and online, SMT, sysctls, where interrupts go. A MachineChanges remembers
// what was there before and puts it back, the last change first.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ktstr/topology.h"

namespace ktstr {

// How fast each CPU is, in percent of full speed, where the host decides it.
struct CpuSpeedControl {
  std::function<Result<std::vector<int>>()> get;
  std::function<Status(const std::vector<int>&)> set;
};

class MachineChanges {
 public:
  // Told of a file and what it holds before it is written; on an Error the change is not made.
  using BeforeChange = std::function<Status(const std::filesystem::path& file, const std::string& before)>;
  // `root` holds sys/ and proc/.
  explicit MachineChanges(std::filesystem::path root, BeforeChange before_change = {},
                          std::optional<CpuSpeedControl> speeds = {})
      : root_(std::move(root)), before_change_(std::move(before_change)), speeds_(std::move(speeds)) {}

  // /sys/devices/system/cpu/cpuN/online. kUnsupported for a CPU that the kernel does not let go (CPU 0 on x86).
  Status set_cpu_online(Cpu cpu, bool online);
  // /sys/devices/system/cpu/smt/control. kUnsupported where the machine has no SMT or the kernel does not switch it.
  Status set_smt(bool on);
  // "kernel.sched_rt_runtime_us" is /proc/sys/kernel/sched_rt_runtime_us. Read back; kUnsupported where it is missing.
  Status write_sysctl(const std::string& name, const std::string& value);
  // /proc/irq/N/smp_affinity_list. `irq`: a number, or words of /proc/interrupts that only one line holds.
  Status steer_irq(const std::string& irq, Cpu cpu);
  // kUnsupported where the host does not decide how fast CPUs are.
  Status set_cpu_speed(const CpuSet& cpus, int percent);
  // CPUs that are online now.
  Result<CpuSet> online() const;

  bool empty() const { return undo_.empty() && !speeds_before_; }
  // Errors name what could not be put back. Empty after that.
  std::vector<Error> restore();

 private:
  struct Before {
    std::filesystem::path file;
    std::string value;
  };
  Status change(const std::filesystem::path& file, const std::string& value, const std::string& missing);

  std::filesystem::path root_;
  BeforeChange before_change_;
  std::vector<Before> undo_;
  std::optional<CpuSpeedControl> speeds_;
  std::optional<std::vector<int>> speeds_before_;
  std::vector<int> speeds_now_;  // where speeds_before_ is
};

// kInvalidArgument unless it is words joined by '.' or '/', without "..".
Status check_sysctl_name(std::string_view name);

}  // namespace ktstr
