// SPDX-License-Identifier: Apache-2.0
#include "runner/recorder.h"

#include <algorithm>

#include "trace/kernel_view.h"

namespace ktstr {

namespace {

constexpr std::uint64_t kNanosecondsAMillisecond = 1'000'000;
constexpr Bytes kMostTraceBytes = Bytes{64} << 20;  // some ten million events

}  // namespace

Result<control::AddressSpace> Recorder::begin(const control::GuestSpace& ram, std::uint64_t guest_ns) {
  KTSTR_TRY_ASSIGN(const control::AddressSpace space, find_kernel(ram, kernel_.layout));
  control::GuestSpace memory = ram;
  memory.set_kernel(space);
  if (kernel_.layout.tsc_khz != 0) {
    const std::uint64_t khz = memory.load(kernel_.layout.tsc_khz, 4).value_or(0);
    if (khz != 0) ticks_a_ms_ = khz;
  }
  for (const TraceEvent& seen : seen_at(guest_ns, memory, kernel_.layout, cpus_)) give(seen);
  return space;
}

void Recorder::take(std::span<const std::uint64_t> event, const ClockPair& began) {
  // QEMU's TSC counts its nanoseconds, and the guest's clock is made of the TSC by what its kernel takes for its speed.
  const std::uint64_t since = event[0] - std::min(event[0], began.qemu_ns);
  const std::uint64_t in_guest =
      since / ticks_a_ms_ * kNanosecondsAMillisecond + since % ticks_a_ms_ * kNanosecondsAMillisecond / ticks_a_ms_;
  TraceEvent made{.time_ns = began.guest_ns + in_guest,
                  .kind = TraceKind{static_cast<std::uint16_t>(control::kind_in(event[1]))},
                  .cpu = static_cast<std::uint16_t>(control::vcpu_in(event[1])),
                  .count = static_cast<std::uint8_t>(std::min(event.size() - 2, kMostTraceValues)),
                  .unreadable = control::unreadable_in(event[1])};
  std::copy_n(event.begin() + 2, made.count, made.values.begin());
  give(made);
}

void Recorder::give(const TraceEvent& event) {
  ++events_;
  if (file_) file_->add(event);
}

void Recorder::store(const fs::path& file, const std::string& release) {
  TraceHeader header{.kernel = release, .cpus = static_cast<std::uint32_t>(cpus_), .source = "plugin"};
  for (const MissingProbe& one : kernel_.missing)
    header.missing.push_back({std::string(to_string(one.kind)), one.field, one.why});
  auto made = TraceWriter::create(file, header, kMostTraceBytes);
  if (made)
    file_ = *std::move(made);
  else
    stored_ = std::move(made).error();
}

Status Recorder::finish() {
  KTSTR_TRY(stored_);
  return file_ ? file_->finish() : ok();
}

}  // namespace ktstr
