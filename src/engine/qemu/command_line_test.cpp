// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/command_line.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/qemu/late_cpus.h"

namespace ktstr {
namespace {

using namespace literals;
using testing::Contains;
using testing::ElementsAreArray;
using testing::Not;

GuestSpec spec(Topology topology, Mode mode = Mode::kDet) {
  GuestSpec result;
  result.kernel = "/k/vmlinux";
  result.initramfs = "/k/initramfs";
  result.topology = topology;
  result.mode = mode;
  result.seed = 42;
  return result;
}

std::vector<std::string> line(const GuestSpec& spec, CpuVendor vendor = CpuVendor::kIntel) {
  GuestFiles files{"/usr/bin/qemu", {}, "/ram/doorbell", "/run/console.log"};
  for (int node = 0; node < spec.topology.numa_nodes; ++node) files.ram.push_back(fmt::format("/ram/ram{}", node));
  return qemu_command_line(spec, files, MemoryLayout::plan(spec.topology, 512_MiB, 32_MiB), vendor);
}

constexpr const char* kKernelLine =
    "console=ttyS0 panic=-1 quiet iomem=relaxed cryptomgr.notests damon_stat.enabled=N memmap=32M$0x8000000 "
    "ktstr.mailbox=0x8000000,0x2000000 mitigations=off init_on_alloc=0";

TEST(CommandLine, OfADetGuestOnOneNode) {
  const std::vector<std::string> expected = {"/usr/bin/qemu",
                                             "-machine",
                                             "q35,smm=off,memory-backend=m0",
                                             "-smp",
                                             "4,sockets=1,dies=2,cores=2,threads=1",
                                             "-cpu",
                                             "max,vendor=GenuineIntel,level=0x1e,-rdrand,-rdseed,-monitor,-erms,-fsrm",
                                             "-accel",
                                             "tcg",
                                             "-icount",
                                             "shift=3,sleep=off",
                                             "-rtc",
                                             "base=2026-01-01,clock=vm",
                                             "-seed",
                                             "42",
                                             "-m",
                                             "544M",
                                             "-object",
                                             "memory-backend-file,id=m0,size=544M,mem-path=/ram/ram0,share=on",
                                             "-no-user-config",
                                             "-nodefaults",
                                             "-no-reboot",
                                             "-display",
                                             "none",
                                             "-sandbox",
                                             "on",
                                             "-chardev",
                                             "file,id=console,path=/run/console.log,append=on",
                                             "-serial",
                                             "chardev:console",
                                             "-chardev",
                                             "file,id=bell,path=/ram/doorbell",
                                             "-device",
                                             "isa-debugcon,iobase=0xe9,chardev=bell",
                                             "-kernel",
                                             "/k/vmlinux",
                                             "-initrd",
                                             "/k/initramfs",
                                             "-append",
                                             kKernelLine};
  EXPECT_THAT(line(spec({1, 2, 2, 1})), ElementsAreArray(expected));
}

TEST(CommandLine, OfTwoNodesGivesEachItsSocketMemoryAndDistance) {
  const auto argv = line(spec({2, 4, 2, 2}));
  const std::vector<std::string> middle = {"-m",      "544M",
                                           "-object", "memory-backend-file,id=m0,size=288M,mem-path=/ram/ram0,share=on",
                                           "-object", "memory-backend-file,id=m1,size=256M,mem-path=/ram/ram1,share=on",
                                           "-numa",   "node,nodeid=0,memdev=m0",
                                           "-numa",   "cpu,node-id=0,socket-id=0",
                                           "-numa",   "node,nodeid=1,memdev=m1",
                                           "-numa",   "cpu,node-id=1,socket-id=1",
                                           "-numa",   "dist,src=0,dst=1,val=20"};
  const auto found = std::search(argv.begin(), argv.end(), middle.begin(), middle.end());
  EXPECT_NE(found, argv.end()) << testing::PrintToString(argv);
  EXPECT_THAT(argv, Contains("16,sockets=2,dies=2,cores=2,threads=2"));
  EXPECT_THAT(argv, Contains("q35,smm=off"));
}

TEST(CommandLine, OfModesInRealTimeHasNoInstructionCount) {
  for (const Mode mode : {Mode::kTcg, Mode::kKvm}) {
    const auto argv = line(spec({1, 1, 2, 1}, mode));
    EXPECT_THAT(argv, Not(Contains("-icount")));
    EXPECT_THAT(argv, Not(Contains("-seed")));
    EXPECT_THAT(argv, Contains(mode == Mode::kTcg ? "tcg,thread=multi" : "kvm"));
  }
}

TEST(CommandLine, OfAKvmGuestShowsTheHostsCpuWithDiesAsLlcs) {
  EXPECT_THAT(line(spec({1, 2, 2, 1}, Mode::kKvm), CpuVendor::kAmd), Contains("host,topoext=on"));
  EXPECT_THAT(line(spec({1, 2, 2, 1}, Mode::kKvm), CpuVendor::kIntel), Contains("host,level=0x1e"));
  EXPECT_THAT(line(spec({1, 2, 2, 1}, Mode::kKvm)), Contains("4,sockets=1,dies=2,cores=2,threads=1"));
}

TEST(CommandLine, LoadsThePluginWithTurnsOrWithout) {
  GuestSpec guest = spec({1, 1, 2, 1});
  guest.plugin = "/lib/a,b.so";
  GuestFiles files{"/usr/bin/qemu", {"/ram0"}, "/bell", "/console"};
  files.control_page = "/ram/control";
  const auto layout = MemoryLayout::plan(guest.topology, 256_MiB, 32_MiB);
  EXPECT_THAT(qemu_command_line(guest, files, layout, CpuVendor::kIntel),
              Contains("file=/lib/a,,b.so,page=/ram/control,turns=off"));
  guest.turns = TurnSettings{};
  EXPECT_THAT(qemu_command_line(guest, files, layout, CpuVendor::kIntel),
              Contains("file=/lib/a,,b.so,page=/ram/control"));
}

TEST(CommandLine, DoublesCommasInPathsThatAreOptionValues) {
  const GuestSpec guest = spec({1, 1, 1, 1});
  const GuestFiles files{"/usr/bin/qemu", {"/r,m/ram0"}, "/r,m/doorbell", "/r,m/console"};
  const auto argv =
      qemu_command_line(guest, files, MemoryLayout::plan(guest.topology, 256_MiB, 32_MiB), CpuVendor::kIntel);
  EXPECT_THAT(argv, Contains("memory-backend-file,id=m0,size=288M,mem-path=/r,,m/ram0,share=on"));
  EXPECT_THAT(argv, Contains("file,id=bell,path=/r,,m/doorbell"));
  EXPECT_THAT(argv, Contains("file,id=console,path=/r,,m/console,append=on"));
}

TEST(CommandLine, OfAMachineThatWaitsHasNoKernelButTheSameDevices) {
  const GuestSpec guest = spec({1, 1, 1, 1});
  const auto layout = MemoryLayout::plan(guest.topology, 256_MiB, 32_MiB);
  GuestFiles files{"/q", {"/ram0"}, "/bell", "/console"};
  std::vector<std::string> expected = qemu_command_line(guest, files, layout, CpuVendor::kIntel);
  expected.erase(std::find(expected.begin(), expected.end(), "-kernel"), expected.end());
  expected.insert(expected.end(), {"-mon", "m", "-incoming", "defer"});
  files.qmp = {"-mon", "m"};
  files.start = Start::kIncoming;
  EXPECT_EQ(qemu_command_line(guest, files, layout, CpuVendor::kIntel), expected);
}

TEST(MachineDescription, HasNoPathsAndTellsMachinesApart) {
  GuestSpec guest = spec({1, 1, 1, 1});
  const auto layout = MemoryLayout::plan(guest.topology, 256_MiB, 32_MiB);
  const std::string one = machine_description(guest, layout, CpuVendor::kIntel);
  EXPECT_EQ(one.find('/'), std::string::npos) << one;
  guest.icount_shift = 4;
  EXPECT_NE(machine_description(guest, layout, CpuVendor::kIntel), one);
}

TEST(MachineDescription, IsTheSameForAllTurnsButNotWithoutAPlugin) {
  GuestSpec guest = spec({1, 1, 1, 1});
  const auto layout = MemoryLayout::plan(guest.topology, 256_MiB, 32_MiB);
  const std::string without = machine_description(guest, layout, CpuVendor::kIntel);
  guest.plugin = "/lib/ktstr-turns.so";
  const std::string with = machine_description(guest, layout, CpuVendor::kIntel);
  EXPECT_NE(with, without) << "the host's load during the boot may be in its image";
  EXPECT_EQ(with.find('/'), std::string::npos) << with;
  guest.turns = TurnSettings{.turn = 1000};
  EXPECT_EQ(machine_description(guest, layout, CpuVendor::kIntel), with);
}

TEST(KernelCommandLine, EndsWithTheGuestsOwnArguments) {
  GuestSpec guest = spec({1, 1, 1, 1});
  guest.kernel_arguments = {"isolcpus=1", "quiet=0"};
  EXPECT_EQ(kernel_command_line(guest, 32_MiB), std::string(kKernelLine) + " isolcpus=1 quiet=0");
}

TEST(KernelCommandLine, TellsOfCpusThatComeLate) {
  GuestSpec guest = spec({1, 4, 4, 1});
  guest.late_cpus = true;
  guest.kernel_hz = 1000;
  guest.kernel_arguments = {"quiet=0"};
  EXPECT_EQ(kernel_command_line(guest, 32_MiB),
            std::string(kKernelLine) + " " + late_cpus_arguments(1000) + " quiet=0");
}

TEST(QemuCommandLine, OnlyABootIsWithoutTheLateCpus) {
  GuestSpec guest = spec({1, 4, 4, 1});
  guest.late_cpus = true;
  GuestFiles files{"QEMU", {"RAM"}, "DOORBELL", "CONSOLE"};
  files.acpi_table = "MADT";
  const auto layout = MemoryLayout::plan(guest.topology, 1_GiB, 32_MiB);
  auto line = [&] {
    return fmt::format("{}", fmt::join(qemu_command_line(guest, files, layout, CpuVendor::kIntel), " "));
  };
  EXPECT_NE(line().find("-smp 2,sockets=1,dies=4,cores=4,threads=1,maxcpus=16 "), std::string::npos) << line();
  EXPECT_NE(line().find("-acpitable file=MADT "), std::string::npos) << line();
  files.start = Start::kIncoming;
  EXPECT_NE(line().find("-smp 16,sockets=1,dies=4,cores=4,threads=1 "), std::string::npos) << line();
  EXPECT_NE(line().find("-acpitable file=MADT "), std::string::npos) << line();
}

TEST(CpuVendor, IsReadFromCpuinfo) {
  EXPECT_EQ(cpu_vendor("processor : 0\nvendor_id : AuthenticAMD\n"), CpuVendor::kAmd);
  EXPECT_EQ(cpu_vendor("processor : 0\nvendor_id : HygonGenuine\n"), CpuVendor::kAmd);
  EXPECT_EQ(cpu_vendor("processor : 0\nvendor_id : GenuineIntel\n"), CpuVendor::kIntel);
}

}  // namespace
}  // namespace ktstr
