// SPDX-License-Identifier: Apache-2.0
#include "guest/quantum.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/splitmix.h"

namespace ktstr::guest {

namespace {

constexpr Bytes kHpetAddress = 0xfed00000;
constexpr int kComparator = 2;
constexpr std::uint32_t kTimerEnable = 1u << 2, kTimerPeriodic = 1u << 3, kTimerPeriodicCapable = 1u << 4,
                        kTimerSetValue = 1u << 6, kTimer32Bit = 1u << 8;
constexpr std::uint32_t kLastIoApicPin = 23;
constexpr std::int64_t kLongestNs = INT64_MAX / 1'000'000;  // that can be counted in femtoseconds

class Hpet {
 public:
  explicit Hpet(Mapping mapping) : mapping_(std::move(mapping)) {}
  std::uint32_t read(std::size_t offset) const {
    return *reinterpret_cast<volatile std::uint32_t*>(mapping_.data() + offset);
  }
  void write(std::size_t offset, std::uint32_t value) {
    *reinterpret_cast<volatile std::uint32_t*>(mapping_.data() + offset) = value;
  }
  static constexpr std::size_t kPeriodFs = 0x04, kConfig = 0x10, kCounter = 0xf0;
  static constexpr std::size_t kTimerConfig = 0x100 + 0x20 * kComparator;
  static constexpr std::size_t kTimerRoutes = kTimerConfig + 4;
  static constexpr std::size_t kTimerComparator = kTimerConfig + 8;

 private:
  Mapping mapping_;
};

}  // namespace

Status set_quantum(std::chrono::nanoseconds quantum, std::uint64_t phase_seed) {
  KTSTR_TRY_ASSIGN(const Fd memory, open_file("/dev/mem", O_RDWR | O_SYNC));
  KTSTR_TRY_ASSIGN(Mapping mapping, Mapping::map(memory, kHpetAddress, 4096, true));
  Hpet hpet(std::move(mapping));
  const std::uint32_t tick_fs = hpet.read(Hpet::kPeriodFs);
  if (tick_fs == 0 || tick_fs > 100'000'000)  // the specification's upper bound
    return fail(ErrorCode::kUnsupported, "no HPET at {:#x}: the quantum has no timer", kHpetAddress);
  if ((hpet.read(Hpet::kTimerConfig) & kTimerPeriodicCapable) == 0 ||
      (hpet.read(Hpet::kTimerRoutes) & (1u << kLastIoApicPin)) == 0)
    return fail(ErrorCode::kUnsupported, "HPET comparator {} cannot tick periodically on pin {}", kComparator,
                kLastIoApicPin);

  const std::int64_t ticks = quantum.count() <= kLongestNs ? quantum.count() * 1'000'000 / tick_fs : INT64_MAX;
  if (ticks < 1 || ticks > UINT32_MAX)
    return fail(ErrorCode::kInvalidArgument, "a quantum of {} ns is not 1 to {} ticks of the HPET, of {} fs each",
                quantum.count(), UINT32_MAX, tick_fs);
  const auto period = static_cast<std::uint32_t>(ticks);
  const std::uint32_t base = (kLastIoApicPin << 9) | kTimerPeriodic | kTimer32Bit;
  if ((hpet.read(Hpet::kConfig) & 1) == 0) hpet.write(Hpet::kConfig, hpet.read(Hpet::kConfig) | 1);
  // With its interrupt off: first the comparator, then the period, and only then enable.
  const auto phase = static_cast<std::uint32_t>(splitmix64(phase_seed) % period);
  hpet.write(Hpet::kTimerConfig, base | kTimerSetValue);
  hpet.write(Hpet::kTimerComparator, hpet.read(Hpet::kCounter) + 1'000'000 + phase);
  hpet.write(Hpet::kTimerComparator, period);
  hpet.write(Hpet::kTimerConfig, base | kTimerEnable);
  const std::uint32_t config = hpet.read(Hpet::kTimerConfig);
  if ((config & (kTimerEnable | kTimerPeriodic)) != (kTimerEnable | kTimerPeriodic))
    return fail(ErrorCode::kUnsupported, "HPET comparator {} did not take its configuration ({:#x})", kComparator,
                config);
  return ok();
}

}  // namespace ktstr::guest
