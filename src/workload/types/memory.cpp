// SPDX-License-Identifier: Apache-2.0
//
// Work types that are busy with memory: caches, page faults, NUMA nodes.
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "workload/types/families.h"
#include "workload/types/memory_pass.h"
#include "workload/types/numa_nodes.h"

namespace ktstr {

namespace {

constexpr std::int64_t kMostKib = std::int64_t{1} << 20;  // 1 GiB a worker

template <typename Type, typename After>
void run_passes(const Type& type, WorkerRun& run, After&& after) {
  const MemoryPass pass(type.size_kib, type.stride);
  if (!pass.valid()) return run.give_up("map its memory", errno);
  while (!run.stopping()) {
    pass.go(run);
    after();
    run.end_iteration();
  }
}

void run_cache_pressure(const CachePressure& type, WorkerRun& run) {
  run_passes(type, run, [] {});
}
void run_cache_yield(const CacheYield& type, WorkerRun& run) {
  run_passes(type, run, [&] { run.yield(); });
}

void run_page_fault_churn(const PageFaultChurn& type, WorkerRun& run) {
  const Region region(std::size_t{type.region_kib} << 10, Region::Pages::kOnTouch);
  if (!region.valid()) return run.give_up("map its memory", errno);
  const auto bytes = region.as<volatile std::uint8_t>();
  while (!run.stopping()) {
    // A fault takes about as long as a unit of spinning.
    for (std::uint32_t i = 0; i < type.touches_per_cycle && !run.stopping(); ++i) {
      bytes[run.random(bytes.size() / kPage) * kPage] = 1;
      if (i % 8 == 7) run.end_unit();
    }
    run.end_unit();
    if (::madvise(region.data(), bytes.size(), MADV_DONTNEED) != 0) return run.give_up("give its memory back", errno);
    run.spin(type.spin_iters);
    run.end_iteration();
  }
}

// The system call itself: there is no function of the C library for it.
bool bind_to_node(void* at, std::size_t bytes, std::size_t node) {
  std::array<unsigned long, 16> nodes{};  // MAX_NUMNODES is at most 1024
  constexpr std::size_t kBits = 8 * sizeof(unsigned long);
  nodes[node / kBits] |= 1ul << (node % kBits);
  return ::syscall(SYS_mbind, at, bytes, MPOL_BIND, nodes.data(), nodes.size() * kBits, MPOL_MF_MOVE) == 0;
}

Status prepare_numa_sweep(const NumaWorkingSetSweep& type, GroupResources& shared) {
  KTSTR_TRY_ASSIGN(const CpuSet all, nodes_with_memory());
  CpuSet nodes = all;
  if (!type.target_nodes.empty()) {
    nodes = {};
    for (const std::uint32_t node : type.target_nodes) nodes.add(static_cast<Cpu>(node));
  }
  if (!nodes.is_subset_of(all))
    return fail(ErrorCode::kInvalidArgument, "of target_nodes {} only {} have memory", nodes.to_string(),
                nodes.intersection(all).to_string());
  shared.add_mask(nodes);
  return ok();
}

void run_numa_sweep(const NumaWorkingSetSweep& type, WorkerRun& run) {
  const Region region(std::size_t{type.region_kib} << 10, Region::Pages::kOnTouch);
  if (!region.valid()) return run.give_up("map its memory", errno);
  const auto bytes = region.as<volatile std::uint8_t>();
  const CpuMask nodes = run.mask(0);
  for (Cpu node = nodes.next(-1); !run.stopping(); node = nodes.next(node)) {
    if (!bind_to_node(region.data(), bytes.size(), static_cast<std::size_t>(node)))
      return run.give_up("bind its memory to a NUMA node", errno);
    const std::uint64_t until = run.checkpoint() + static_cast<std::uint64_t>(type.sweep_period.count());
    std::size_t page = 0;
    for (; page < bytes.size() / kPage && !run.stopping(); ++page) {
      bytes[page * kPage] = 1;
      if (page % 8 == 7) run.end_unit();
    }
    run.end_unit();
    run.end_iteration();
    if (const std::uint64_t now = run.checkpoint(); now < until) run.sleep_for(std::chrono::nanoseconds(until - now));
  }
}

}  // namespace

std::vector<WorkTypeRow> memory_types() {
  WorkTypeRow sweep = sharing<NumaWorkingSetSweep, prepare_numa_sweep>(work_row<NumaWorkingSetSweep, run_numa_sweep>(
      "NumaWorkingSetSweep", "memory that wanders from node to node", "how late it wakes up",
      "counts a unit every 8 pages, looks at the clock every 16th; 5 looks more a sweep",
      {work_parameter<&NumaWorkingSetSweep::region_kib>("region_kib", 4, kMostKib),
       work_parameter<&NumaWorkingSetSweep::sweep_period>("sweep_period"),
       work_parameter<&NumaWorkingSetSweep::target_nodes>("target_nodes")}));
  sweep.moves_memory = true;
  return {
      work_row<CachePressure, run_cache_pressure>(
          "CachePressure", "a CPU hog that fills caches", "",
          "counts each unit (256 touches), looks at the clock every 16th: 0.7 % of its instructions at full speed",
          {work_parameter<&CachePressure::size_kib>("size_kib", 1, kMostKib),
           work_parameter<&CachePressure::stride>("stride")}),
      work_row<CacheYield, run_cache_yield>("CacheYield", "fills caches and yields: moves cost", "",
                                            "as CachePressure, and a look at the clock after each yield",
                                            {work_parameter<&CacheYield::size_kib>("size_kib", 1, kMostKib),
                                             work_parameter<&CacheYield::stride>("stride")}),
      work_row<PageFaultChurn, run_page_fault_churn>(
          "PageFaultChurn", "page faults: time in the kernel, mmap_lock", "",
          "counts a unit every 8 faults, looks at the clock every 16th: 0.3 % of its instructions at full speed",
          {work_parameter<&PageFaultChurn::region_kib>("region_kib", 4, kMostKib),
           work_parameter<&PageFaultChurn::touches_per_cycle>("touches_per_cycle"),
           work_parameter<&PageFaultChurn::spin_iters>("spin_iters")}),
      std::move(sweep),
  };
}

}  // namespace ktstr
