// SPDX-License-Identifier: Apache-2.0
#include "scenario/machine_changes.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/file.h"
#include "base/text/trimmed.h"

namespace ktstr {

namespace {

// "1 2" and "1\t2" are the same to a sysctl.
std::string words_of(const std::string& text) {
  std::istringstream stream(text);
  std::string joined;
  for (std::string word; stream >> word;) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

Status write_file(const fs::path& file, const std::string& value) {
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(file, O_WRONLY | O_TRUNC));
  return write_all(fd.get(), as_byte_span(value + "\n")).context(fmt::format("write '{}' to {}", value, file.string()));
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The number of the only interrupt whose line of /proc/interrupts holds `label`.
Result<std::string> find_irq(const fs::path& interrupts, const std::string& label) {
  KTSTR_TRY_ASSIGN(const std::string text, read_text(interrupts));
  std::vector<std::string> found, lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || line.find(label, colon) == std::string::npos) continue;
    const std::size_t first = line.find_first_not_of(' ');
    const std::string number = line.substr(first, colon - first);
    if (is_number(number)) found.push_back(number);
  }
  if (found.size() == 1) return found.front();
  if (found.empty())
    return fail(ErrorCode::kUnsupported, "no interrupt in {} is named '{}'", interrupts.string(), label)
        .with_hint("name it by its number, or by words of its line there");
  std::string all;
  for (const std::string& number : found) all += (all.empty() ? "" : ", ") + number;
  return fail(ErrorCode::kInvalidArgument, "'{}' names several interrupts: {}", label, all)
      .with_hint("name one by its number");
}

}  // namespace

Status check_sysctl_name(std::string_view name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '/';
  });
  if (plain && name.find("..") == std::string_view::npos && name.front() != '/' && name.front() != '.') return ok();
  return fail(ErrorCode::kInvalidArgument, "'{}' is not a sysctl; accepted: a name like kernel.sched_rt_runtime_us",
              name);
}

Status MachineChanges::change(const fs::path& file, const std::string& value, const std::string& missing) {
  std::error_code error;
  if (!fs::exists(file, error))
    return fail(ErrorCode::kUnsupported, "there is no {}", file.string()).with_hint(missing);
  KTSTR_TRY_ASSIGN(std::string before, read_text(file));
  before = std::string(trimmed(before));
  if (words_of(before) == words_of(value)) return ok();
  if (before_change_) KTSTR_TRY(before_change_(file, before));
  KTSTR_TRY(write_file(file, value));
  undo_.push_back({file, std::move(before)});
  KTSTR_TRY_ASSIGN(std::string after, read_text(file));
  if (words_of(after) == words_of(value)) return ok();
  return fail(ErrorCode::kIo, "'{}' was written to {}, which shows '{}'", value, file.string(), trimmed(after));
}

Status MachineChanges::set_cpu_online(Cpu cpu, bool online) {
  return change(root_ / fmt::format("sys/devices/system/cpu/cpu{}/online", cpu), online ? "1" : "0",
                "the kernel does not let this CPU go offline (CPU 0 on x86), or lacks CONFIG_HOTPLUG_CPU")
      .context(fmt::format("take CPU {} {}", cpu, online ? "online" : "offline"));
}

Status MachineChanges::set_smt(bool on) {
  const fs::path file = root_ / "sys/devices/system/cpu/smt/control";
  const std::string where = fmt::format("switch SMT {}", on ? "on" : "off");
  std::error_code error;
  if (fs::exists(file, error)) {
    KTSTR_TRY_ASSIGN(std::string state, read_text(file));
    state = std::string(trimmed(state));
    if (state != "on" && state != "off")
      return fail(ErrorCode::kUnsupported, "{}: {} says '{}'", where, file.string(), state)
          .with_hint("ask for a topology with two threads a core, like 1n1l2c2t");
  }
  return change(file, on ? "on" : "off", "the kernel lacks CONFIG_HOTPLUG_SMT").context(where);
}

Status MachineChanges::write_sysctl(const std::string& name, const std::string& value) {
  KTSTR_TRY(check_sysctl_name(name));
  std::string path = name;
  if (path.find('/') == std::string::npos) std::replace(path.begin(), path.end(), '.', '/');
  return change(root_ / "proc/sys" / path, value, "this kernel has no such sysctl").context("sysctl " + name);
}

Status MachineChanges::steer_irq(const std::string& irq, Cpu cpu) {
  const std::string where = fmt::format("steer interrupt {} to CPU {}", irq, cpu);
  std::string number = irq;
  if (!is_number(irq)) {
    auto found = find_irq(root_ / "proc/interrupts", irq).context(where);
    if (!found) return std::move(found).error();
    number = *std::move(found);
  }
  return change(root_ / "proc/irq" / number / "smp_affinity_list", std::to_string(cpu),
                "there is no interrupt of this number")
      .context(where);
}

Result<CpuSet> MachineChanges::online() const {
  KTSTR_TRY_ASSIGN(const std::string text, read_text(root_ / "sys/devices/system/cpu/online"));
  return CpuSet::parse(text);
}

Status MachineChanges::set_cpu_speed(const CpuSet& cpus, int percent) {
  if (!speeds_)
    return fail(ErrorCode::kUnsupported, "the speed of CPUs cannot be set here")
        .with_hint("it needs det mode, with turns by the plugin: `ktstr doctor` says whether they are to be had");
  if (!speeds_before_) {
    KTSTR_TRY_ASSIGN(speeds_now_, speeds_->get());
    speeds_before_ = speeds_now_;
  }
  std::vector<int> speeds = speeds_now_;
  for (const Cpu cpu : cpus) {
    if (cpu < 0 || static_cast<std::size_t>(cpu) >= speeds.size())
      return fail(ErrorCode::kInvalidArgument, "there is no CPU {}: the machine has {} CPUs", cpu, speeds.size());
    speeds[static_cast<std::size_t>(cpu)] = percent;
  }
  KTSTR_TRY(speeds_->set(speeds));
  speeds_now_ = std::move(speeds);
  return ok();
}

std::vector<Error> MachineChanges::restore() {
  std::vector<Error> errors;
  if (speeds_before_) {
    if (const Status status = speeds_->set(*speeds_before_); !status) errors.push_back(status.error());
  }
  speeds_before_.reset();
  for (; !undo_.empty(); undo_.pop_back())
    if (Status restored = write_file(undo_.back().file, undo_.back().value); !restored)
      errors.push_back(std::move(restored).error());
  return errors;
}

}  // namespace ktstr
