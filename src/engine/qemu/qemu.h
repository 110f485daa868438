// SPDX-License-Identifier: Apache-2.0
//
// Which QEMU there is, and what follows from its version.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ktstr/topology.h"

namespace ktstr {

struct QemuInfo {
  std::filesystem::path path;
  std::string version;  // "10.0.2"
  int major = 0, minor = 0;
  bool can_save_machines() const { return major > 8 || (major == 8 && minor >= 2); }  // migration to and from files
  // Older ones do not repeat runs that use a quantum.
  bool quantum_is_safe() const { return major > 8 || (major == 8 && minor >= 1); }
};

// `name` is a program in PATH or, with a slash, a path; it is asked for its version. kNotFound with the package to
// install; kUnsupported when the program is no QEMU.
Result<QemuInfo> find_qemu(const std::string& name);
// The same; what a program said is remembered in the file `answers`, because asking takes longer than restoring a small
// guest. It is asked again when it is another file or a changed one, and each time when it is no ELF file: a script can
// start another QEMU tomorrow.
Result<QemuInfo> find_qemu(const std::string& name, const std::filesystem::path& answers);

// The first line of `qemu-system-x86_64 --version`; `path` stays empty.
Result<QemuInfo> parse_qemu_version(std::string_view output);

// The hand-over timer for det mode: 25 us a vCPU, because QEMU (8.1 and later) divides the time to the next timer by
// the number of vCPUs, and shorter turns cost more than they show (docs/decisions/0007-fine-time.md). 0 with one vCPU,
// which has nobody to hand over to.
std::chrono::nanoseconds default_quantum(const Topology& topology);

}  // namespace ktstr
