// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/qemu.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/activity.h"
#include "base/file.h"
#include "base/log.h"
#include "base/system/file_stamp.h"
#include "base/system/process.h"

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

constexpr std::chrono::seconds kVersionLimit{10};
constexpr Bytes kLongestVersion = 64 << 10;

// "10.0.2 (Debian ...)" -> 10, 0.
bool parse_numbers(std::string_view text, QemuInfo& info) {
  const char* const end = text.data() + text.size();
  const auto [dot, bad_major] = std::from_chars(text.data(), end, info.major);
  if (bad_major != std::errc() || dot == end || *dot != '.') return false;
  return std::from_chars(dot + 1, end, info.minor).ec == std::errc();
}

Result<fs::path> locate_qemu(const std::string& name) {
  auto path = locate(name);
  if (path) return path;
  if (path.error().code() == ErrorCode::kNotFound) path.error().with_hint(kInstallHint);
  return std::move(path).error().context("find QEMU");
}

Result<std::string> ask_version(const fs::path& path) {
  Subprocess::Options options;
  options.argv = {path.string(), "--version"};
  options.end_whole_group = true;
  const Activity asking("asking " + path.string() + " for its version");
  auto asked = run_captured(options, kVersionLimit);
  if (!asked && asked.error().code() == ErrorCode::kTimedOut)
    return fail(ErrorCode::kUnsupported, "{} --version does not end within {} s", path.string(), kVersionLimit.count())
        .with_hint(kInstallHint);
  KTSTR_TRY_ASSIGN(const CapturedOutput output, std::move(asked).context("find QEMU"));
  if (output.status.success()) return output.out;
  return fail(ErrorCode::kUnsupported, "{} --version {}: {}", path.string(), output.status.describe(),
              output.err.substr(0, 500))
      .with_hint(kInstallHint);
}

Result<QemuInfo> describe(const fs::path& path, std::string_view said) {
  auto info = parse_qemu_version(said).context(path.string());
  if (!info) return std::move(info.error().with_hint(kInstallHint));
  info->path = path;
  return info;
}

}  // namespace

Result<QemuInfo> parse_qemu_version(std::string_view output) {
  constexpr std::string_view kPrefix = "QEMU emulator version ";
  const std::string_view line = output.substr(0, output.find('\n'));
  QemuInfo info;
  if (!line.starts_with(kPrefix) || !parse_numbers(line.substr(kPrefix.size()), info))
    return fail(ErrorCode::kUnsupported, "it is not QEMU: asked for its version it says '{}'", line.substr(0, 200));
  const std::string_view version = line.substr(kPrefix.size());
  info.version = version.substr(0, version.find(' '));
  return info;
}

Result<QemuInfo> find_qemu(const std::string& name) {
  KTSTR_TRY_ASSIGN(const fs::path path, locate_qemu(name));
  KTSTR_TRY_ASSIGN(const std::string said, ask_version(path));
  return describe(path, said);
}

Result<QemuInfo> find_qemu(const std::string& name, const fs::path& answers) {
  KTSTR_TRY_ASSIGN(const fs::path path, locate_qemu(name));
  const std::string identity = identity_of_program(path);
  if (identity.empty()) return find_qemu(name);
  // One line that names the file, then what it said.
  if (const auto known = read_text(answers, kLongestVersion); known && known->starts_with(identity)) {
    if (auto info = describe(path, std::string_view(*known).substr(identity.size()))) return info;
  }
  KTSTR_TRY_ASSIGN(const std::string said, ask_version(path));
  KTSTR_TRY_ASSIGN(QemuInfo info, describe(path, said));
  std::error_code error;
  fs::create_directories(answers.parent_path(), error);
  if (const Status kept = write_atomically(answers, as_byte_span(identity + said)); !kept)
    log_info("QEMU will be asked for its version again: {}", kept.error().message());
  return info;
}

std::chrono::nanoseconds default_quantum(const Topology& topology) {
  return std::chrono::microseconds(topology.cpus() > 1 ? 25 * topology.cpus() : 0);
}

}  // namespace ktstr
