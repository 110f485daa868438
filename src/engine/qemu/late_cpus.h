// SPDX-License-Identifier: Apache-2.0
//
// Wide det machines boot on two vCPUs and get the others afterwards. QEMU's one thread walks all vCPUs whenever one of
// them ends its turn, and each gets only its part of the time to the next timer: the last bit of that time takes
// hundreds of rounds, with idle vCPUs as with busy ones, and a boot of 252 vCPUs would take an hour.
//
// So QEMU starts with two vCPUs of N (-smp 2,maxcpus=N). The kernel learns of all N from a table of ours
// (-acpitable, acpi_apic_instance=2), because on what it takes for real hardware it does not believe in CPUs that
// QEMU's own table calls absent; it is told to start two (maxcpus=2). Once it is up and quiet, the machine is saved,
// and continued by a QEMU that has all N vCPUs. Those that were not saved are as a reset leaves them, which is what the
// kernel expects of a CPU that it starts; the agent switches them on one by one.
#pragma once

#include <string>

#include "base/bytes.h"
#include "ktstr/topology.h"

namespace ktstr {

// With more CPUs than this a det machine gets some of them late.
constexpr int kMostCpusAtOnce = 8;
constexpr int kBootCpus = 2;

// The MADT (ACPI specification, 5.2.12) of a q35 machine of which all CPUs are there.
ByteVector interrupt_controller_table(const Topology& topology);
// What the kernel is told. `hz` is its CONFIG_HZ, 0: not known. With it no CPU measures how fast it is, which would
// take it 80 ms of guest time.
std::string late_cpus_arguments(int hz);

}  // namespace ktstr
