// SPDX-License-Identifier: Apache-2.0
#include "plain_boot.h"

#include <chrono>

#include "base/system/process.h"
#include "engine/doorbell.h"
#include "engine/guest_memory.h"
#include "engine/qemu/command_line.h"
#include "wire/cpio.h"

namespace ktstr::bench {

namespace {

constexpr std::chrono::minutes kLimit{20};

Result<ByteVector> make_initramfs() {
  KTSTR_TRY_ASSIGN(const ByteVector init, read_bytes(KTSTR_BENCH_INIT));
  NewcWriter archive;
  KTSTR_TRY(archive.add_character_device("/dev/console", 0600, 5, 1));
  KTSTR_TRY(archive.add_file("/init", 0755, init));
  return archive.finish();
}

}  // namespace

Result<Taken> plain_boot(GuestSpec spec) {
  const Bytes asked = spec.memory != 0 ? spec.memory : memory_by_rule(spec.topology);
  const auto layout = MemoryLayout::plan(spec.topology, asked, mailbox::size_for_delivery(0));
  KTSTR_TRY_ASSIGN(const GuestMemory memory, GuestMemory::create(spec.ram_dir, layout));
  const fs::path console = memory.directory() / "console";
  const fs::path bell = memory.directory() / "doorbell";
  spec.initramfs = memory.directory() / "initramfs";
  KTSTR_TRY_ASSIGN(const ByteVector initramfs, make_initramfs());
  KTSTR_TRY(write_atomically(spec.initramfs, initramfs));
  // Nobody rings, but QEMU waits for a reader before it starts.
  KTSTR_TRY_ASSIGN(const Doorbell doorbell, Doorbell::create(bell));

  Subprocess::Options options;
  options.argv = qemu_command_line(spec, {spec.qemu, memory.files(), bell, console}, layout, CpuVendor::kIntel);
  const Stopwatch stopwatch;
  KTSTR_TRY_ASSIGN(const CapturedOutput output, run_captured(options, kLimit).context("boot plain QEMU"));
  const Taken taken = stopwatch.taken();
  if (!output.status.success())
    return fail(ErrorCode::kGuestLost, "plain QEMU {}: {}", output.status.describe(), output.err);
  // A panic ends QEMU as quietly.
  KTSTR_TRY_ASSIGN(const std::string said, read_text(console));
  if (said.find("Power down") == std::string::npos)
    return fail(ErrorCode::kGuestLost, "the plain guest did not power off; its console: {}", said);
  return taken;
}

}  // namespace ktstr::bench
