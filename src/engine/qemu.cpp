// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/process.h"

namespace ktstr {

namespace {

constexpr const char* kInstallHint =
    "install qemu-system-x86 (8.1 or later for det mode; on Debian 12: apt install -t bookworm-backports "
    "qemu-system-x86), or name a QEMU with $KTSTR_QEMU";

Result<fs::path> locate(const std::string& name) {
  if (name.find('/') == std::string::npos) return find_program(name);
  std::error_code error;
  if (!fs::is_regular_file(name, error)) return fail(ErrorCode::kNotFound, "{} is not there or no file", name);
  if (::access(name.c_str(), X_OK) != 0) return fail_errno("{} cannot be executed", name);
  return fs::path(name);
}

// "10.0.2 (Debian ...)" -> 10, 0.
bool parse_numbers(std::string_view text, QemuInfo& info) {
  const char* const end = text.data() + text.size();
  const auto [dot, bad_major] = std::from_chars(text.data(), end, info.major);
  if (bad_major != std::errc() || dot == end || *dot != '.') return false;
  return std::from_chars(dot + 1, end, info.minor).ec == std::errc();
}

}  // namespace

Result<QemuInfo> parse_qemu_version(std::string_view output) {
  constexpr std::string_view kPrefix = "QEMU emulator version ";
  const std::string_view line = output.substr(0, output.find('\n'));
  QemuInfo info;
  if (!line.starts_with(kPrefix) || !parse_numbers(line.substr(kPrefix.size()), info))
    return fail(ErrorCode::kUnsupported, "it is no QEMU: asked for its version it says '{}'", line.substr(0, 200));
  const std::string_view version = line.substr(kPrefix.size());
  info.version = version.substr(0, version.find(' '));
  return info;
}

Result<QemuInfo> find_qemu(const std::string& name) {
  auto path = locate(name);
  if (!path) {
    if (path.error().code() == ErrorCode::kNotFound) path.error().with_hint(kInstallHint);
    return std::move(path).error().context("find QEMU");
  }
  Subprocess::Options options;
  options.argv = {path->string(), "--version"};
  KTSTR_TRY_ASSIGN(const CapturedOutput output, run_captured(options, std::chrono::seconds(20)).context("find QEMU"));
  if (!output.status.success())
    return fail(ErrorCode::kUnsupported, "{} --version {}: {}", path->string(), output.status.describe(),
                output.err.substr(0, 500))
        .with_hint(kInstallHint);
  KTSTR_TRY_ASSIGN(QemuInfo info, parse_qemu_version(output.out).context(path->string()));
  info.path = *path;
  return info;
}

std::chrono::nanoseconds default_quantum(const Topology& topology) {
  return std::chrono::microseconds(topology.cpus() > 1 ? 25 * topology.cpus() : 0);
}

}  // namespace ktstr
