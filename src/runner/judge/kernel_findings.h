// SPDX-License-Identifier: Apache-2.0
//
// From the kernel's log to what the kernel found wrong with itself. Pure: lines in, findings out. What begins a report
// says wire/kernel_reports.h; here is where it ends, and what is in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ktstr/checks.h"

namespace ktstr {

struct KernelFinding {
  DetailKind kind = DetailKind::kKernelOops;
  std::string what;   // what the kernel calls it: "BUG: kernel NULL pointer dereference, address: 0000000000000000"
  std::string place;  // where in the kernel: "ktstr_fault+0x5/0x10 [ktstr_faults]", "" where it does not say
  std::string task;   // "insmod[61]"
  int cpu = -1;       // -1: it does not say
  std::uint64_t at_ns = 0;         // as the first line came with; 0: not known
  std::vector<std::string> lines;  // of the first such report, with time stamps, at most kMostReportLines
  int count = 1;                   // reports of this kind at this place
};

constexpr std::size_t kMostReportLines = 60;
constexpr std::size_t kMostKernelFindings = 64;

// `times_ns` has a value for each line, or is empty. Reports of the same kind at the same place are one finding with a
// count; those after the first kMostKernelFindings different ones are not kept.
std::vector<KernelFinding> kernel_findings(const std::vector<std::string>& lines,
                                           const std::vector<std::uint64_t>& times_ns = {});

}  // namespace ktstr
