// SPDX-License-Identifier: Apache-2.0
#include "guest/late_cpus.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "ktstr/topology.h"

namespace ktstr::guest {

namespace {

// Each CPU that comes has the kernel build all its scheduling domains anew, which takes a time that grows with their
// number. CPUs of an isolated partition are in no domain: with the late ones in such a partition there is one building,
// when that is dissolved. A kernel that has none needs longer.
class NoDomains {
 public:
  NoDomains(fs::path cgroups, const std::string& cpus) : cgroups_(std::move(cgroups)) {
    ignore_result(make(cpus), "it only saves time");
  }
  NoDomains(const NoDomains&) = delete;
  NoDomains& operator=(const NoDomains&) = delete;
  ~NoDomains() {
    ::rmdir((cgroups_ / kName).c_str());
    ignore_result(write_text(cgroups_ / "cgroup.subtree_control", "-cpuset"), "the kernel has no such controller");
  }

 private:
  static constexpr const char* kName = "late-cpus";

  Status make(const std::string& cpus) const {
    KTSTR_TRY(write_text(cgroups_ / "cgroup.subtree_control", "+cpuset"));
    if (::mkdir((cgroups_ / kName).c_str(), 0755) != 0) return fail_errno("cannot make a cgroup");
    KTSTR_TRY(write_text(cgroups_ / kName / "cpuset.cpus", cpus));
    return write_text(cgroups_ / kName / "cpuset.cpus.partition", "isolated");
  }

  fs::path cgroups_;
};

}  // namespace

Status switch_late_cpus_on(const fs::path& sysfs, const std::function<void()>& alive) {
  const fs::path root = sysfs / "devices/system/cpu";
  auto read = [&](const char* name) -> Result<CpuSet> {
    KTSTR_TRY_ASSIGN(const std::string text, read_attribute(root / name));
    return CpuSet::parse(text).context((root / name).string());
  };
  KTSTR_TRY_ASSIGN(const CpuSet present, read("present"));
  KTSTR_TRY_ASSIGN(const CpuSet online, read("online"));
  CpuSet late;
  for (const Cpu cpu : present)
    if (!online.contains(cpu)) late.add(cpu);
  std::optional<NoDomains> no_domains;
  for (const Cpu cpu : late) {
    const fs::path file = root / fmt::format("cpu{}/online", cpu);
    if (const Status on = write_text(file, "1"); !on)
      return Error(on.error())
          .context(fmt::format("CPU {} cannot be switched on", cpu))
          .with_hint(
              "machines of more than 8 CPUs need a kernel with CONFIG_HOTPLUG_CPU, and no maxcpus= of one's own");
    // A partition needs a CPU that is there.
    if (!no_domains) no_domains.emplace(sysfs / "fs/cgroup", late.to_string());
    alive();
  }
  return ok();
}

}  // namespace ktstr::guest
