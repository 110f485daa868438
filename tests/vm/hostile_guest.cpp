// SPDX-License-Identifier: Apache-2.0
//
// A payload that attacks the harness from inside of the guest, as root: it maps the mailbox and writes there what no
// agent writes, or takes what it can get of the machine. One attack a run, named by the argument.
#include <fcntl.h>
#include <sched.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string_view>

#include "guest/mailbox_mapping.h"

namespace {

using namespace ktstr;
using mailbox::Lane;

Mapping map_box() {
  const auto command_line = read_text("/proc/cmdline");
  auto mapping = guest::map_mailbox(command_line ? *command_line : "");
  if (!mapping) {
    std::puts(mapping.error().message().c_str());
    ::_exit(1);
  }
  return *std::move(mapping);
}

mailbox::View box() {
  static const Mapping mapping = map_box();
  return mailbox::View(mapping.bytes());
}

std::uint64_t now() { return static_cast<std::uint64_t>(monotonic_now().count()); }

void nothing() { std::puts("all is well"); }

// Workers that never were, more than there can be.
void lie_about_workers() {
  const auto entries = box().live_workers();
  std::memset(static_cast<void*>(entries.data()), 0xe9, entries.size_bytes());
  for (LiveWorker& worker : entries) {
    worker.pid = worker.index = 7;
    worker.state = LiveWorker::kTaken;
  }
  box().layout().live.used = UINT32_MAX;
  box().layout().live.ended_iterations = UINT64_MAX;
}

void garbage() {
  lie_about_workers();
  std::uint64_t state = 1;
  for (const Lane lane : {Lane::kAgent, Lane::kBody}) {
    for (std::byte& byte : box().lane(lane)) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      byte = static_cast<std::byte>(state >> 56);
    }
    mailbox::store(box().layout().lanes[static_cast<std::size_t>(lane)].committed, mailbox::kLaneSize);
  }
  ::pause();
}

// Goes on where the body has stopped, which waits for us.
class Forger {
 public:
  Forger() {
    const ByteSpan lane = box().lane(Lane::kBody);
    std::uint32_t count = 0;
    for (Bytes at = 0; at < used_; ++count) {
      std::uint32_t length = 0, sequence = 0;
      std::memcpy(&length, lane.data() + at + 8, 4);
      std::memcpy(&sequence, lane.data() + at + 12, 4);
      if (at == 0) count = sequence;
      at += (kFrameHeaderBytes + length + 7) & ~Bytes{7};
    }
    for (std::uint32_t i = 0; i < count; ++i) writer_.append(RecordType::kEnd, 0, {});  // up to our number
  }

  void say(RecordType type, ByteSpan payload) {
    const auto& ours = scratch_view_.layout().lanes[1];
    const Bytes before = mailbox::load(ours.committed);
    writer_.append(type, now(), payload);
    const Bytes after = mailbox::load(ours.committed), begin = after > before ? before : 0;
    auto& theirs = box().layout().lanes[1];
    if (used_ + (after - begin) > mailbox::kLaneSize) {
      guest::ring_doorbell(box(), mailbox::BellReason::kLaneFull, 1);
      used_ = 0;
      mailbox::store(theirs.committed, 0u);
      mailbox::store(theirs.generation, mailbox::load(theirs.generation) + 1);
    }
    std::memcpy(box().lane(Lane::kBody).data() + used_, scratch_view_.lane(Lane::kBody).data() + begin, after - begin);
    used_ += after - begin;
    mailbox::store(theirs.committed, used_);
  }

 private:
  Bytes used_ = mailbox::load(box().layout().lanes[1].committed);
  ByteVector scratch_ = ByteVector(mailbox::kDeliveryOffset);
  mailbox::View scratch_view_{scratch_};
  LaneWriter writer_{scratch_view_, Lane::kBody, [](auto, auto) {}};
};

void records() {
  Forger forger;
  const ByteVector line = encode(LogRecord{LogRecord::Stream::kBody, std::string(kMaxPayloadBytes - 64, 'x')});
  for (;;) forger.say(RecordType::kLog, line);
}

// A set of 4096 CPUs is written in six bytes.
void sets() {
  constexpr std::uint32_t kLlcs = 40'000;
  ByteWriter topology;
  topology.text("");
  topology.u32(kLlcs);
  for (std::uint32_t i = 0; i < kLlcs; ++i) {
    topology.u32(i);
    topology.u32(0);
    topology.text("0-4095");
    topology.u32(0);
  }
  topology.u32(0);
  Forger().say(RecordType::kTopology, topology.bytes());
  ::pause();
}

void heartbeats() {
  auto& guest = box().layout().guest;
  for (;;) {
    for (const Phase phase : {Phase::kAttach, Phase::kBody}) {
      mailbox::store(guest.phase_since_ns, now());
      mailbox::store(guest.phase, static_cast<std::uint32_t>(phase));
      mailbox::store(guest.heartbeats, mailbox::load(guest.heartbeats) + 1);
    }
  }
}

void dropped() {
  for (auto& lane : box().layout().lanes) mailbox::store(lane.dropped, UINT64_MAX);
}

// As if all were over: no result, no end of the body, no last record.
void done() {
  mailbox::store(box().layout().guest.phase, static_cast<std::uint32_t>(Phase::kDone));
  ::reboot(RB_POWER_OFF);
  ::pause();
}

void bell() {
  for (;;) guest::ring_doorbell(box(), mailbox::BellReason::kLaneFull, 1);
}

// A speed that no CPU has, for more CPUs than there are, in a list that does not end; then one that fits no slot.
void requests() {
  auto& slot = box().request(Lane::kBody);
  slot.data.fill(std::byte{0xff});
  const auto ask = [&](std::uint32_t kind, std::uint32_t size) {
    mailbox::store(slot.kind, kind);
    mailbox::store(slot.size, size);
    mailbox::store(slot.state, static_cast<std::uint32_t>(mailbox::RequestSlot::State::kAsked));
    guest::ring_doorbell(box(), mailbox::BellReason::kRequest, 1);
  };
  for (std::uint32_t kind = 0; kind < 8; ++kind) ask(kind, static_cast<std::uint32_t>(slot.data.size()));
  if (mailbox::load(slot.state) != static_cast<std::uint32_t>(mailbox::RequestSlot::State::kFailed))
    std::puts("a request of nonsense was not refused");
  ask(1, 1u << 31);
  ::pause();
}

void write_without_end(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY);
  while (fd >= 0 && ::write(fd, text.data(), text.size()) > 0) {
  }
  std::perror(path);
}

void console() { write_without_end("/dev/ttyS0", std::string(4095, 'x') + "\n"); }

void kmsg() {
  const int fd = ::open("/proc/sys/kernel/printk_devkmsg", O_WRONLY);
  if (fd < 0 || ::write(fd, "on\n", 3) != 3) std::perror("printk_devkmsg");
  write_without_end("/dev/kmsg", "<2>this line of the kernel's log is followed by others, without end\n");
}

void processes() {
  for (int i = 0; i < 5000; ++i)
    if (::fork() == 0)
      for (;;) ::pause();
  ::pause();
}

// Above the agent, on every CPU, without the kernel's reserve for others.
void hog() {
  const int fd = ::open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY);
  if (fd < 0 || ::write(fd, "-1\n", 3) != 3) std::perror("sched_rt_runtime_us");
  const sched_param highest{.sched_priority = 99};
  const long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  for (long cpu = cpus - 1; cpu >= 0; --cpu) {
    if (cpu != 0 && ::fork() != 0) continue;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    ::sched_setaffinity(0, sizeof set, &set);
    ::sched_setscheduler(0, SCHED_FIFO, &highest);
    for (volatile unsigned long spins = 0;;) spins = spins + 1;
  }
}

constexpr struct {
  std::string_view name;
  void (*run)();
} kAttacks[] = {{"nothing", nothing},
                {"garbage", garbage},
                {"records", records},
                {"sets", sets},
                {"heartbeats", heartbeats},
                {"dropped", dropped},
                {"done", done},
                {"bell", bell},
                {"requests", requests},
                {"console", console},
                {"kmsg", kmsg},
                {"processes", processes},
                {"hog", hog}};

}  // namespace

int main(int argc, char** argv) {
  for (const auto& attack : kAttacks) {
    if (argc != 2 || attack.name != argv[1]) continue;
    attack.run();
    return 0;
  }
  std::fputs("hostile_guest ATTACK: see kAttacks\n", stderr);
  return 64;
}
