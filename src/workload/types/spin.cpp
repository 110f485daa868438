// SPDX-License-Identifier: Apache-2.0
//
// Work types that keep a CPU busy, never sleep, and touch no memory.
#include <emmintrin.h>

#include "workload/types/alu.h"
#include "workload/types/families.h"
#include "workload/types/region.h"

namespace ktstr {

namespace {

constexpr EnumName<AluWidth> kAluWidths[] = {{AluWidth::kScalar, "scalar"}, {AluWidth::kVector, "vector"}};

void run_spin_wait(const SpinWait&, WorkerRun& run) { run.spin_iterations(); }

void run_yield_heavy(const YieldHeavy&, WorkerRun& run) {
  // Small next to the cost of the yield itself, so that yielding is what this worker mostly does.
  constexpr std::uint32_t kSpins = 256;
  while (!run.stopping()) {
    run.spin(kSpins);
    run.yield();
    run.end_iteration();
  }
}

void run_mixed(const Mixed& type, WorkerRun& run) {
  while (!run.stopping()) {
    run.spin(type.spins);
    run.yield();
    run.end_iteration();
  }
}

// SSE2 has no product of 64 bits: two of 32 at a time.
void multiply_vectors(std::uint32_t turns) {
  const __m128i start = _mm_set_epi32(3, 5, 7, 9);
  __m128i chain[4] = {start, start, start, start};
  const __m128i factor = _mm_set1_epi32(0x1e3779b1);
  for (std::uint32_t i = 0; i < turns; ++i)
    for (__m128i& each : chain) {
      each = _mm_mul_epu32(each, factor);
      asm volatile("" : "+x"(each));
    }
}

void run_alu_hot(const AluHot& type, WorkerRun& run) {
  while (!run.stopping()) {
    for (std::uint32_t unit = 0; unit < WorkerRun::kUnitsPerCheckpoint && !run.stopping(); ++unit) {
      if (type.width == AluWidth::kVector)
        multiply_vectors(kAluTurnsPerUnit);
      else
        multiply(kAluTurnsPerUnit);
      run.end_unit();
    }
    run.end_timed_iteration();
  }
}

void run_smt_sibling_spin(const SmtSiblingSpin&, WorkerRun& run) {
  while (!run.stopping()) {
    run.spin(WorkerRun::kUnitsPerCheckpoint * WorkerRun::kSpinsPerUnit);
    run.end_timed_iteration();
  }
}
constexpr std::size_t size_of_pair(const SmtSiblingSpin&) { return 2; }

// In parts of a unit each, so that checkpoints are as dense as anywhere.
void run_ipc_variance(const IpcVariance& type, WorkerRun& run) {
  const Region region(std::size_t{512} << 10);
  if (!region.valid()) return run.give_up("map 512 KiB", errno);
  const auto bytes = region.as<volatile std::uint8_t>();
  while (!run.stopping()) {
    for (std::uint32_t period = 0; period < type.period_iters && !run.stopping(); ++period, run.end_timed_iteration())
      for (std::uint32_t done = 0; done < type.hot_iters && !run.stopping(); done += kAluTurnsPerUnit) {
        multiply(std::min(kAluTurnsPerUnit, type.hot_iters - done));
        run.end_unit();
      }
    for (std::uint32_t period = 0; period < type.period_iters && !run.stopping(); ++period, run.end_timed_iteration())
      for (std::uint32_t done = 0; done < type.cold_iters && !run.stopping(); done += kTouchesPerUnit) {
        const std::uint32_t touches = std::min(kTouchesPerUnit, type.cold_iters - done);
        for (std::uint32_t i = 0; i < touches; ++i) {
          volatile std::uint8_t& byte = bytes[run.random(bytes.size())];
          byte = static_cast<std::uint8_t>(byte + 1);
        }
        run.end_unit();
      }
  }
}

}  // namespace

EnumNames<AluWidth> names_of(AluWidth) { return names_from<kAluWidths>(); }

std::vector<WorkTypeRow> busy_types() {
  const std::vector<std::string_view> kIteration = {"iteration"};
  return {
      work_row<SpinWait, run_spin_wait>(
          "SpinWait", "a CPU hog: preemption, slices, fairness", "",
          "counts each unit, looks at the clock every 16th: 0.5 % of its instructions at full speed"),
      work_row<YieldHeavy, run_yield_heavy>("YieldHeavy", "yields all the time: enqueue and dispatch", "",
                                            "a look at the clock after each yield"),
      work_row<Mixed, run_mixed>("Mixed", "bursts with a yield after each", "",
                                 "a look at the clock after each yield; units as of SpinWait",
                                 {work_parameter<&Mixed::spins>("spins")}),
      measuring(work_row<AluHot, run_alu_hot>(
                    "AluHot", "a CPU hog with full arithmetic units, no memory", "how long an iteration takes",
                    "counts each unit, looks at the clock every 16th: 0.5 % of its instructions at full speed",
                    {work_parameter<&AluHot::width>("width")}),
                kIteration),
      measuring(in_groups<SmtSiblingSpin, size_of_pair>(work_row<SmtSiblingSpin, run_smt_sibling_spin>(
                    "SmtSiblingSpin", "two hogs, meant for the siblings of a core", "how long an iteration takes",
                    "as SpinWait, a look at the clock an iteration: 0.8 % of its instructions at full speed")),
                kIteration),
      measuring(work_row<IpcVariance, run_ipc_variance>("IpcVariance", "instructions per cycle that rise and fall",
                                                        "how long an iteration takes",
                                                        "counts each unit, looks at the clock every 16th and after "
                                                        "each turn: 0.4 % of its instructions at full speed",
                                                        {work_parameter<&IpcVariance::hot_iters>("hot_iters"),
                                                         work_parameter<&IpcVariance::cold_iters>("cold_iters"),
                                                         work_parameter<&IpcVariance::period_iters>("period_iters")}),
                kIteration),
  };
}

}  // namespace ktstr
