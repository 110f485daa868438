// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/vcpus.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>

namespace ktstr {

namespace {

constexpr std::chrono::seconds kLookLimit{10};
constexpr int kLooks = 4;
constexpr std::chrono::milliseconds kBetweenVcpuLooks{300};
constexpr std::uint64_t kInterruptFlag = 0x200;  // RFLAGS.IF
constexpr std::size_t kMostVcpus = 4096;

// The number after `key`, "RIP=" for example, from `from` on.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key, int base) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  std::uint64_t value = 0;
  const char* const first = text.data() + at + key.size();
  if (std::from_chars(first, text.data() + text.size(), value, base).ec != std::errc()) return {};
  return value;
}

Result<VcpuState> parse_vcpu(std::string_view block) {
  const auto cpu = number_after(block, "CPU#", 10), pc = number_after(block, "RIP=", 16),
             flags = number_after(block, "RFL=", 16), level = number_after(block, "CPL=", 10),
             halted = number_after(block, "HLT=", 10);
  if (!cpu || *cpu >= kMostVcpus || !pc || !flags || !level || !halted)
    return fail(ErrorCode::kProtocol, "QEMU's registers cannot be read: {}", block.substr(0, 200));
  return VcpuState{.cpu = static_cast<int>(*cpu),
                   .pc = *pc,
                   .halted = *halted != 0,
                   .interrupts = (*flags & kInterruptFlag) != 0,
                   .user = *level == 3};
}

}  // namespace

void merge_look(std::vector<VcpuState>& all, const std::vector<VcpuState>& look) {
  if (all.size() != look.size()) {
    all = look;
    return;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (look[i].interrupts || !all[i].interrupts) all[i].pc = look[i].pc;
    all[i].halted = all[i].halted && look[i].halted;
    all[i].interrupts = all[i].interrupts || look[i].interrupts;
    all[i].user = all[i].user || look[i].user;
  }
}

Standstill standstill_of(const std::vector<VcpuState>& vcpus) {
  auto in_kernel = [](const VcpuState& vcpu) { return !vcpu.user && (!vcpu.halted || !vcpu.interrupts); };
  if (std::any_of(vcpus.begin(), vcpus.end(), in_kernel)) return Standstill::kKernel;
  const bool runs = std::any_of(vcpus.begin(), vcpus.end(), [](const VcpuState& vcpu) { return !vcpu.halted; });
  return runs ? Standstill::kUser : Standstill::kIdle;
}

Result<std::vector<VcpuState>> parse_vcpus(std::string_view registers) {
  std::vector<VcpuState> vcpus;
  std::size_t at = registers.find("CPU#");
  while (at != std::string_view::npos && vcpus.size() < kMostVcpus) {
    const std::size_t next = registers.find("CPU#", at + 1);
    KTSTR_TRY_ASSIGN(const VcpuState vcpu, parse_vcpu(registers.substr(at, next - at)));
    vcpus.push_back(vcpu);
    at = next;
  }
  if (vcpus.empty()) return fail(ErrorCode::kProtocol, "QEMU shows no CPU: {}", registers.substr(0, 200));
  return vcpus;
}

Result<std::vector<VcpuState>> look_at_vcpus(Qmp& qmp) {
  KTSTR_TRY(qmp.greet(kLookLimit));
  std::vector<VcpuState> vcpus;
  for (int i = 0; i < kLooks; ++i) {
    if (i > 0) {
      KTSTR_TRY(qmp.execute("cont", Qmp::Json::object(), kLookLimit));
      std::this_thread::sleep_for(kBetweenVcpuLooks);
    }
    KTSTR_TRY(qmp.execute("stop", Qmp::Json::object(), kLookLimit));
    KTSTR_TRY_ASSIGN(const Qmp::Json said,
                     qmp.execute("human-monitor-command", {{"command-line", "info registers -a"}}, kLookLimit));
    if (!said.is_string()) return fail(ErrorCode::kProtocol, "QEMU shows no registers: {}", said.dump().substr(0, 200));
    KTSTR_TRY_ASSIGN(const auto look, parse_vcpus(said.get_ref<const std::string&>()));
    merge_look(vcpus, look);
  }
  return vcpus;
}

}  // namespace ktstr
