// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe_hook.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <new>

#include "probes.h"
#include "watch_hook.h"

namespace ktstr::control {

namespace {

// GLib's, as far as they are used.
struct GArray {
  char* data;
  unsigned length;
};
struct GByteArray {
  std::uint8_t* data;
  unsigned length;
};
struct RegisterDescriptor {
  void* handle;
  const char* name;
  const char* feature;
};

constexpr const char* kNames[kGuestRegisters] = {"rdi", "rsi", "rdx", "rcx", "r8", "r9", "rax", "rsp"};
constexpr const char* kNeeded[] = {"qemu_plugin_get_registers",
                                   "qemu_plugin_read_register",
                                   "qemu_plugin_tb_get_insn",
                                   "qemu_plugin_insn_vaddr",
                                   "qemu_plugin_insn_data",
                                   "qemu_plugin_insn_size",
                                   "qemu_plugin_register_vcpu_insn_exec_cb",
                                   "icount_update",
                                   "icount_get",
                                   "g_byte_array_new",
                                   "g_byte_array_set_size",
                                   "g_array_free"};
constexpr int kReadsRegisters = 1;  // QEMU_PLUGIN_CB_R_REGS

struct Qemu {
  GArray* (*get_registers)();
  int (*read_register)(void* handle, GByteArray* into);
  void* (*tb_get_insn)(const qemu_plugin_tb* block, std::size_t index);
  std::uint64_t (*insn_vaddr)(const void* insn);
  std::size_t (*insn_size)(const void* insn);
  // The bytes themselves up to version 2 of the API, where nothing is put anywhere.
  const void* (*insn_data)(const void* insn, void* into, std::size_t bytes);
  void (*register_insn_exec)(void* insn, void (*callback)(unsigned, void*), int flags, void* data);
  void (*icount_update)(void* cpu);
  std::int64_t (*icount_get)();
  GByteArray* (*byte_array_new)();
  GByteArray* (*byte_array_set_size)(GByteArray*, unsigned);
  char* (*array_free)(GArray*, int free_segment);
} qemu;

ProbePage* page = nullptr;
Probes* probes = nullptr;
const VcpuTable* table = nullptr;
void** running_cpu = nullptr;
bool data_is_copied = true;
void* handles[kGuestRegisters] = {};
void* flags = nullptr;  // a handle too
GByteArray* bytes = nullptr;

template <typename Function>
void look_up(Function& function, const char* symbol) {
  function = reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, symbol));
}

void wait_for_host() { ::usleep(100); }

std::uint64_t read_register(void* handle) {
  if (handle == nullptr) return 0;
  qemu.byte_array_set_size(bytes, 0);
  qemu.read_register(handle, bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes->data, bytes->length < sizeof value ? bytes->length : sizeof value);
  return value;
}

// As a guest would read it at the end of the block, whose instructions are counted when it begins. QEMU adds up what a
// vCPU has executed when somebody asks, and refuses to be asked by a vCPU in the middle of a block.
std::uint64_t guest_time(void* cpu) {
  qemu.icount_update(cpu);
  *running_cpu = nullptr;
  const std::int64_t now = qemu.icount_get();
  *running_cpu = cpu;
  return static_cast<std::uint64_t>(now);
}

void take(const Probe& probe, std::uint64_t left = 0) {
  void* const cpu = *running_cpu;
  std::uint64_t registers[kRegisters] = {};
  const std::uint32_t used = Probes::registers_of(probe);
  for (std::size_t i = 0; i < kGuestRegisters; ++i)
    if ((used >> i & 1) != 0) registers[i] = read_register(handles[i]);
  registers[static_cast<std::size_t>(Register::kLeft)] = left;
  probes->take(probe, table->find(cpu), guest_time(cpu), registers);
}

void on_probe(unsigned, void* data) {
  if (!probes_wait && probes->active()) take(*static_cast<const Probe*>(data));
}

void on_late_block(unsigned, void* address) {
  if (probes_wait || !probes->active()) return;
  const auto [first, last] = probes->find_late(reinterpret_cast<std::uintptr_t>(address));
  for (const Probe* probe = first; probe != last; ++probe) take(*probe);
}

// A jump out of a function. They stay as they are: each translation of the same instruction has the same.
struct Jump {
  const Probe* probe;
  std::uint64_t target;
};
constexpr std::size_t kMostJumps = 4096;
Jump jumps[kMostJumps];
std::size_t jumps_known = 0;

// Null where there is no room for more.
Jump* remembered(const Jump& wanted) {
  for (std::size_t i = 0; i < jumps_known; ++i)
    if (jumps[i].probe == wanted.probe && jumps[i].target == wanted.target) return &jumps[i];
  if (jumps_known == kMostJumps) return nullptr;
  jumps[jumps_known] = wanted;
  return &jumps[jumps_known++];
}

void on_jump(unsigned, void* data) {
  const Jump& jump = *static_cast<const Jump*>(data);
  if (!probes_wait && probes->active()) take(*jump.probe, jump.target);
}

void on_late_return(unsigned, void* address) {
  if (probes_wait || !probes->active()) return;
  probes->each_late_exit(reinterpret_cast<std::uintptr_t>(address), [](const ExitProbe& one) { take(one.probe); });
}

Leaving how_it_leaves(const void* insn, std::uint64_t address) {
  unsigned char room[16] = {};
  const std::size_t size = qemu.insn_size(insn);
  if (size == 0 || size > sizeof room) return {};
  const void* const there = qemu.insn_data(insn, room, size);
  return probes->how_left(data_is_copied ? room : static_cast<const unsigned char*>(there), size, address);
}

// What leaves a function ends a block.
void place_exits(void* insn) {
  const std::uint64_t address = qemu.insn_vaddr(insn);
  const bool late = probes->may_be_late_exit(address);
  bool known = false;
  probes->each_exit(address, [&](const ExitProbe&) { known = true; });
  if (!late && !known) return;
  const Leaving leaves = how_it_leaves(insn, address);
  if (leaves.how == Leaving::kNot) return;
  if (late && leaves.how == Leaving::kReturn)
    qemu.register_insn_exec(insn, on_late_return, kReadsRegisters, reinterpret_cast<void*>(address));
  probes->each_exit(address, [&](const ExitProbe& one) {
    if (leaves.how == Leaving::kReturn) {
      qemu.register_insn_exec(insn, on_probe, kReadsRegisters, const_cast<Probe*>(&one.probe));
    } else if (!probes->is_inside(one, leaves.target)) {
      if (Jump* const jump = remembered({&one.probe, leaves.target}))
        qemu.register_insn_exec(insn, on_jump, kReadsRegisters, jump);
    }
  });
}

bool map_ram(const RamPiece& piece) {
  const int fd = ::open(piece.path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat status {};
  void* mapped = MAP_FAILED;
  if (::fstat(fd, &status) == 0 && piece.offset + piece.bytes <= static_cast<std::uint64_t>(status.st_size))
    mapped = ::mmap(nullptr, piece.bytes, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(piece.offset));
  ::close(fd);
  if (mapped == MAP_FAILED) return false;
  probes->space().add({piece.physical, piece.bytes, static_cast<const unsigned char*>(mapped)});
  return true;
}

}  // namespace

bool probes_wait = false;

void look_for_begin() {
  if (!probes->active()) return;
  probes_wait = false;
  probes->space().set_kernel(page->space);
  begin_holds();
  __atomic_store_n(&page->began_ns, guest_time(*running_cpu), __ATOMIC_RELEASE);
}

const char* probes_lack() {
  for (const char* symbol : kNeeded)
    if (::dlsym(RTLD_DEFAULT, symbol) == nullptr) return symbol;
  return nullptr;
}

const char* open_probes(const char* file, int api_version) {
  data_is_copied = api_version >= 3;
  const int fd = ::open(file, O_RDWR | O_CLOEXEC);
  struct stat status {};
  if (fd < 0 || ::fstat(fd, &status) != 0 || status.st_size < static_cast<off_t>(kRingOffset))
    return "the probe page cannot be opened";
  void* const mapped =
      ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (mapped == MAP_FAILED) return "the probe page cannot be mapped";
  page = static_cast<ProbePage*>(mapped);
  const std::uint64_t words = page->ring_words;
  if (page->magic != kProbeMagic || page->version != kProbeVersion || page->pieces > kMostPieces || words == 0 ||
      (words & (words - 1)) != 0 || probe_file_bytes(words) != static_cast<std::size_t>(status.st_size))
    return "this is not a probe page of this version";
  look_up(qemu.get_registers, "qemu_plugin_get_registers");
  look_up(qemu.read_register, "qemu_plugin_read_register");
  look_up(qemu.tb_get_insn, "qemu_plugin_tb_get_insn");
  look_up(qemu.insn_vaddr, "qemu_plugin_insn_vaddr");
  look_up(qemu.insn_size, "qemu_plugin_insn_size");
  look_up(qemu.insn_data, "qemu_plugin_insn_data");
  look_up(qemu.register_insn_exec, "qemu_plugin_register_vcpu_insn_exec_cb");
  look_up(qemu.icount_update, "icount_update");
  look_up(qemu.icount_get, "icount_get");
  look_up(qemu.byte_array_new, "g_byte_array_new");
  look_up(qemu.byte_array_set_size, "g_byte_array_set_size");
  look_up(qemu.array_free, "g_array_free");
  alignas(Probes) static unsigned char room[sizeof(Probes)];
  probes = new (room)
      Probes(*page, reinterpret_cast<std::uint64_t*>(static_cast<unsigned char*>(mapped) + kRingOffset), wait_for_host);
  for (std::uint32_t i = 0; i < page->pieces; ++i)
    if (!map_ram(page->piece[i])) return "the guest's memory cannot be mapped";
  if (page->watch.pieces != 0) {
    if (watch_lacks() != nullptr || api_version < 3) return "this QEMU does not show its plugins accesses to memory";
    prepare_watch(*page, *probes,
                  {.rsp = [] { return read_register(handles[static_cast<std::size_t>(Register::kRsp)]); },
                   .flags = [] { return read_register(flags); },
                   .time = guest_time});
  }
  probes_wait = true;
  return nullptr;
}

void prepare_probes(void** current_cpu, const VcpuTable& vcpus) {
  if (probes == nullptr || page->ready != 0) return;
  watch_vcpus(current_cpu, vcpus);
  running_cpu = current_cpu;
  table = &vcpus;
  bytes = qemu.byte_array_new();
  GArray* const all = qemu.get_registers();
  const auto* const descriptors = reinterpret_cast<const RegisterDescriptor*>(all->data);
  std::size_t found = 0;
  for (unsigned i = 0; i < all->length; ++i) {
    if (std::strcmp(descriptors[i].name, "eflags") == 0) flags = descriptors[i].handle;
    for (std::size_t wanted = 0; wanted < kGuestRegisters; ++wanted)
      if (handles[wanted] == nullptr && std::strcmp(descriptors[i].name, kNames[wanted]) == 0) {
        handles[wanted] = descriptors[i].handle;
        ++found;
      }
  }
  qemu.array_free(all, 1);
  __atomic_store_n(&page->ready, found == kGuestRegisters ? 1U : 0U, __ATOMIC_RELEASE);
}

void place_probes(qemu_plugin_tb* block) {
  if (probes == nullptr) return;
  place_watch(block);
  const std::uint64_t start = qemu_plugin_tb_vaddr(block);
  // Which of these have a probe is known only later, and the block stays translated.
  if (probes->may_be_late(start))
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_late_block, kReadsRegisters, reinterpret_cast<void*>(start));
  const std::size_t instructions = qemu_plugin_tb_n_insns(block);
  void* const last_insn = qemu.tb_get_insn(block, instructions - 1);
  place_exits(last_insn);
  const std::uint64_t last = qemu.insn_vaddr(last_insn);
  const Probe* probe = probes->find(start, last);
  if (probe == nullptr) return;
  for (std::size_t i = 0; i < instructions && probe != probes->end(); ++i) {
    void* const insn = qemu.tb_get_insn(block, i);
    const std::uint64_t address = qemu.insn_vaddr(insn);
    while (probe != probes->end() && probe->address < address) ++probe;
    for (; probe != probes->end() && probe->address == address; ++probe)
      qemu.register_insn_exec(insn, on_probe, kReadsRegisters, const_cast<Probe*>(probe));
  }
}

}  // namespace ktstr::control
