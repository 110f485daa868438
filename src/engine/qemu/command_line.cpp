// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/command_line.h"

#include <fmt/ranges.h>

#include "engine/qemu/late_cpus.h"
#include "wire/mailbox.h"

namespace ktstr {

namespace {

class CommandLine {
 public:
  void add(std::string argument) { argv_.push_back(std::move(argument)); }
  void add(std::string option, std::string value) {
    argv_.push_back(std::move(option));
    argv_.push_back(std::move(value));
  }
  std::vector<std::string> take() { return std::move(argv_); }

 private:
  std::vector<std::string> argv_;
};

std::string smp(const Topology& topology, bool some_are_late) {
  std::string text =
      fmt::format("{},sockets={},dies={},cores={},threads={}", some_are_late ? kBootCpus : topology.cpus(),
                  topology.numa_nodes, topology.llcs_per_node(), topology.cores_per_llc, topology.threads_per_core);
  if (some_are_late) text += fmt::format(",maxcpus={}", topology.cpus());
  return text;
}

void add_memory(CommandLine& line, const GuestFiles& files, const MemoryLayout& memory) {
  line.add("-m", fmt::format("{}M", memory.total() >> 20));
  for (std::size_t node = 0; node < memory.nodes().size(); ++node)
    line.add("-object", fmt::format("memory-backend-file,id=m{},size={}M,mem-path={},share=on", node,
                                    memory.nodes()[node] >> 20, option_value(files.ram.at(node).string())));
  if (memory.nodes().size() == 1) return;  // -machine memory-backend= names it
  for (std::size_t node = 0; node < memory.nodes().size(); ++node) {
    line.add("-numa", fmt::format("node,nodeid={},memdev=m{}", node, node));
    line.add("-numa", fmt::format("cpu,node-id={},socket-id={}", node, node));
  }
  for (std::size_t from = 0; from < memory.nodes().size(); ++from)
    for (std::size_t to = from + 1; to < memory.nodes().size(); ++to)
      line.add("-numa", fmt::format("dist,src={},dst={},val=20", from, to));
}

// An Intel guest shows dies as LLCs (leaf 4) under TCG, an AMD one does not. level=0x1e hides leaf 0x1f, on whose
// reading QEMU 10.0.2 aborts with several dies. rdrand and rdseed would bring in the host's randomness. Without
// `monitor` idle vCPUs halt: TCG's mwait is a pause, and idle vCPUs would eat time. With erms and fsrm kernel and
// libraries clear and copy by `rep stosb`, which TCG counts as an instruction for each byte: 33 us for a page.
constexpr const char* kTcgCpu = "max,vendor=GenuineIntel,level=0x1e,-rdrand,-rdseed,-monitor,-erms,-fsrm";

void add_cpus(CommandLine& line, const GuestSpec& spec, Start start, CpuVendor host_vendor) {
  line.add("-smp", smp(spec.topology, spec.late_cpus && start == Start::kBoot));
  switch (spec.mode) {
    case Mode::kDet:
      line.add("-cpu", kTcgCpu);
      line.add("-accel", "tcg");
      line.add("-icount", fmt::format("shift={},sleep=off", spec.icount_shift));
      line.add("-rtc", "base=2026-01-01,clock=vm");
      line.add("-seed", fmt::format("{}", spec.seed));
      return;
    case Mode::kTcg:
      line.add("-cpu", kTcgCpu);
      line.add("-accel", "tcg,thread=multi");
      line.add("-rtc", "base=utc");
      return;
    case Mode::kKvm:
      // L3 is shared by a die with either vendor; AMD guests only look at the leaf that says so (0x8000001d) with
      // topoext.
      line.add("-cpu", host_vendor == CpuVendor::kAmd ? "host,topoext=on" : "host,level=0x1e");
      line.add("-accel", "kvm");
      line.add("-rtc", "base=utc");
      return;
  }
}

}  // namespace

std::string option_value(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped.append(c == ',' ? 2 : 1, c);
  return escaped;
}

CpuVendor cpu_vendor(std::string_view cpuinfo) {
  const bool amd =
      cpuinfo.find("AuthenticAMD") != std::string_view::npos || cpuinfo.find("HygonGenuine") != std::string_view::npos;
  return amd ? CpuVendor::kAmd : CpuVendor::kIntel;
}

std::string kernel_command_line(const GuestSpec& spec, Bytes mailbox_size) {
  // panic=-1 restarts at once, which -no-reboot makes QEMU's end. iomem=relaxed lets the agent map the HPET; without
  // notests, stock kernels test their ciphers on all CPUs for seconds after boot; where kernels sample their memory
  // with DAMON by default (CONFIG_DAMON_STAT_ENABLED_DEFAULT), kdamond wakes every few milliseconds, and a guest never
  // gets quiet enough for a warm image.
  std::string line = "console=ttyS0 panic=-1 quiet iomem=relaxed cryptomgr.notests damon_stat.enabled=N " +
                     mailbox::command_line(mailbox_size);
  // TCG is no CPU that anything leaks from, but it looks like one with all known flaws, and each entry of the kernel
  // would empty its TLB (page-table isolation). Distributions have all memory cleared once more than it needs.
  if (spec.mode != Mode::kKvm) line += " mitigations=off init_on_alloc=0";
  // In real time an overloaded host can make the kernel's boot-time check of its timer fail, which is a panic.
  if (spec.mode != Mode::kDet) line += " no_timer_check";
  if (spec.late_cpus) line += " " + late_cpus_arguments(spec.kernel_hz);
  for (const auto& argument : spec.kernel_arguments) line += " " + argument;
  return line;
}

std::vector<std::string> qemu_command_line(const GuestSpec& spec, const GuestFiles& files, const MemoryLayout& memory,
                                           CpuVendor host_vendor) {
  CommandLine line;
  line.add(files.qemu.string());
  // smm=off: with system management mode each CPU has an address space more, which is half of the time that QEMU takes
  // to start with many CPUs. Nothing in the guest uses it.
  line.add("-machine", memory.nodes().size() == 1 ? "q35,smm=off,memory-backend=m0" : "q35,smm=off");
  add_cpus(line, spec, files.start, host_vendor);
  add_memory(line, files, memory);
  line.add("-no-user-config");
  line.add("-nodefaults");
  line.add("-no-reboot");
  line.add("-display", "none");
  line.add("-sandbox", "on");
  line.add("-chardev", fmt::format("file,id=console,path={},append=on", option_value(files.console.string())));
  line.add("-serial", "chardev:console");
  line.add("-chardev", "file,id=bell,path=" + option_value(files.doorbell.string()));
  line.add("-device", fmt::format("isa-debugcon,iobase={:#x},chardev=bell", mailbox::kBellPort));
  if (spec.late_cpus) line.add("-acpitable", "file=" + option_value(files.acpi_table.string()));
  for (const std::string& argument : files.qmp) line.add(argument);
  if (!spec.plugin.empty())
    line.add("-plugin",
             fmt::format("file={},page={}{}{}", option_value(spec.plugin.string()),
                         option_value(files.control_page.string()), spec.turns ? "" : ",turns=off",
                         files.probe_page.empty() ? "" : ",probes=" + option_value(files.probe_page.string())));
  if (files.start == Start::kIncoming) {
    line.add("-incoming", "defer");
    return line.take();
  }
  line.add("-kernel", spec.kernel.string());
  line.add("-initrd", spec.initramfs.string());
  line.add("-append", kernel_command_line(spec, memory.mailbox_size()));
  return line.take();
}

std::string machine_description(const GuestSpec& spec, const MemoryLayout& memory, CpuVendor host_vendor) {
  GuestSpec named = spec;
  named.kernel = "KERNEL";
  named.initramfs = "INITRAMFS";
  named.turns.reset();
  if (!named.plugin.empty()) named.plugin = "PLUGIN";
  GuestFiles files{"QEMU", std::vector<fs::path>(memory.nodes().size(), "RAM"), "DOORBELL", "CONSOLE"};
  files.acpi_table = "ACPI";
  return fmt::format("{}", fmt::join(qemu_command_line(named, files, memory, host_vendor), " "));
}

}  // namespace ktstr
