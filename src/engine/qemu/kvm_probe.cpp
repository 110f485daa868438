// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/kvm_probe.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <array>
#include <cstring>
#include <thread>

#include "base/clock.h"
#include "base/file.h"

namespace ktstr {

namespace {

// The probe's guest: page tables that map the first 2 MiB one to one, and code.
constexpr std::uint64_t kMemorySize = 0x8000;
constexpr std::uint64_t kTopTable = 0x1000, kSecondTable = 0x2000, kThirdTable = 0x3000;
constexpr std::uint64_t kCode = 0x4000;
constexpr std::uint16_t kPort = 0x3f8;
constexpr std::uint64_t kPresentWritable = 0x3, kLargePage = 0x80;
constexpr std::uint64_t kCr0 = 0x80000001;  // PG, PE
constexpr std::uint64_t kCr4 = 0x20;        // PAE
constexpr std::uint64_t kEfer = 0x500;      // LME, LMA

Result<int> kvm_ioctl(const Fd& fd, unsigned long request, void* argument, std::string_view name) {
  const int result = ::ioctl(fd.get(), request, argument);
  if (result < 0) return fail_errno("{} fails", name);
  return result;
}

Result<Fd> kvm_create(const Fd& fd, unsigned long request, std::string_view name) {
  const int result = ::ioctl(fd.get(), request, 0);
  if (result < 0) return fail_errno("{} fails", name);
  return Fd(result);
}

void write_guest(std::byte* memory) {
  auto put = [&](std::uint64_t at, std::uint64_t value) { std::memcpy(memory + at, &value, sizeof value); };
  put(kTopTable, kSecondTable | kPresentWritable);
  put(kSecondTable, kThirdTable | kPresentWritable);
  put(kThirdTable, kPresentWritable | kLargePage);
  constexpr std::array<std::uint8_t, 2> kProgram = {0xee /* out dx, al */, 0xf4 /* hlt */};
  std::memcpy(memory + kCode, kProgram.data(), kProgram.size());
}

kvm_segment segment(std::uint8_t type, bool is_code) {
  kvm_segment result{};
  result.limit = 0xffffffff;
  result.selector = is_code ? 0x8 : 0x10;
  result.type = type;
  result.present = 1;
  result.s = 1;
  result.g = 1;
  result.l = is_code;
  result.db = !is_code;
  return result;
}

Status enter_long_mode(const Fd& vcpu) {
  kvm_sregs sregs{};
  KTSTR_TRY(kvm_ioctl(vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS"));
  sregs.cr3 = kTopTable;
  sregs.cr4 = kCr4;
  sregs.cr0 = kCr0;
  sregs.efer = kEfer;
  sregs.cs = segment(11, true);
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = segment(3, false);
  KTSTR_TRY(kvm_ioctl(vcpu, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS"));
  kvm_regs regs{};
  regs.rip = kCode;
  regs.rdx = kPort;
  regs.rax = 'k';
  regs.rflags = 2;
  KTSTR_TRY(kvm_ioctl(vcpu, KVM_SET_REGS, &regs, "KVM_SET_REGS"));
  return ok();
}

Status run_tiny_guest(const fs::path& device) {
  KTSTR_TRY_ASSIGN(const Fd kvm, open_file(device, O_RDWR));
  KTSTR_TRY_ASSIGN(const int version, kvm_ioctl(kvm, KVM_GET_API_VERSION, nullptr, "KVM_GET_API_VERSION"));
  if (version != KVM_API_VERSION)
    return fail(ErrorCode::kUnsupported, "its API has version {}, not {}", version, KVM_API_VERSION);
  KTSTR_TRY_ASSIGN(const Fd machine, kvm_create(kvm, KVM_CREATE_VM, "KVM_CREATE_VM"));
  void* const memory = ::mmap(nullptr, kMemorySize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("cannot map memory for the probe's guest");
  write_guest(static_cast<std::byte*>(memory));  // the mapping goes with this child process
  kvm_userspace_memory_region region{};
  region.memory_size = kMemorySize;
  region.userspace_addr = reinterpret_cast<std::uint64_t>(memory);
  KTSTR_TRY(kvm_ioctl(machine, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION"));
  KTSTR_TRY_ASSIGN(const Fd vcpu, kvm_create(machine, KVM_CREATE_VCPU, "KVM_CREATE_VCPU"));
  KTSTR_TRY_ASSIGN(const int run_size, kvm_ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, nullptr, "KVM_GET_VCPU_MMAP_SIZE"));
  KTSTR_TRY_ASSIGN(const Mapping shared, Mapping::map(vcpu, 0, static_cast<Bytes>(run_size), true));
  KTSTR_TRY(enter_long_mode(vcpu));
  KTSTR_TRY(kvm_ioctl(vcpu, KVM_RUN, nullptr, "KVM_RUN"));
  const auto* run = reinterpret_cast<const kvm_run*>(shared.data());
  if (run->exit_reason == KVM_EXIT_IO && run->io.port == kPort && run->io.direction == KVM_EXIT_IO_OUT) return ok();
  return fail(
      ErrorCode::kUnsupported,
      "a guest of two instructions ends with exit reason {} (hardware's reason {:#x}) instead of its port write",
      run->exit_reason, run->exit_reason == KVM_EXIT_FAIL_ENTRY ? run->fail_entry.hardware_entry_failure_reason : 0);
}

constexpr std::string_view kWorks = "works";

// What the child says: why it does not work, or kWorks.
std::string judge(const fs::path& device) {
  const Status status = run_tiny_guest(device);
  return status ? std::string(kWorks) : status.error().message();
}

// Kills and reaps, but does not wait for a child that is stuck in the kernel.
void put_away(pid_t child) {
  ::kill(child, SIGKILL);
  for (int i = 0; i < 100 && ::waitpid(child, nullptr, WNOHANG) == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

}  // namespace

std::optional<std::string> ask_in_child(const std::function<std::string()>& judge, std::chrono::milliseconds limit) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe").message();
  Fd reader(ends[0]), writer(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("cannot fork").message();
  if (child == 0) {
    const std::string answer = judge();
    ::_exit(write_all(writer.get(), as_byte_span(answer)) ? 0 : 1);
  }
  writer.reset();
  const Nanoseconds deadline = monotonic_now() + limit;
  std::optional<std::string> answer("");
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now());
    pollfd waiting{reader.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      answer.reset();
      break;
    }
    std::array<char, 512> buffer;
    const ssize_t got = ::read(reader.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    answer->append(buffer.data(), static_cast<std::size_t>(got));
  }
  put_away(child);
  return answer;
}

bool has_hardware_virtualisation(std::string_view cpuinfo) {
  const auto flags = cpuinfo.find("\nflags");
  if (flags == std::string_view::npos) return false;
  std::string_view line = cpuinfo.substr(flags + 1);
  line = line.substr(0, line.find('\n'));
  return (std::string(line) + " ").find(" vmx ") != std::string::npos ||
         (std::string(line) + " ").find(" svm ") != std::string::npos;
}

KvmProbe probe_kvm_device(const fs::path& device, const fs::path& cpuinfo, std::chrono::milliseconds limit) {
  const auto answer = ask_in_child([&] { return judge(device); }, limit);
  if (answer == kWorks) {
    const auto cpu = read_text(cpuinfo);
    if (!cpu) return {false, cpu.error().message()};
    if (has_hardware_virtualisation(*cpu)) return {true, ""};
    return {false,
            fmt::format("{}: the CPU has neither vmx nor svm; what answers there emulates, and no stock kernel boots",
                        device.string())};
  }
  const std::string why = !answer ? fmt::format("a guest of two instructions does not end within {} ms", limit.count())
                          : answer->empty() ? "the probe's process died"
                                            : *answer;
  return {false, why.find(device.string()) == std::string::npos ? device.string() + ": " + why : why};
}

}  // namespace ktstr
