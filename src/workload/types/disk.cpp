// SPDX-License-Identifier: Apache-2.0
//
// Work types that wait for a disk.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "workload/outside/null_disk.h"
#include "workload/types/families.h"
#include "workload/types/region.h"

namespace ktstr {

namespace {

constexpr std::size_t kKib = 1024;
// Of what is only read: it takes no memory.
constexpr Bytes kReadDisk = Bytes{64} << 20;
// Of a worker's part of the disk, in blocks.
constexpr std::size_t kConvoyBlocks = 64;

template <typename Type>
std::size_t block_of(const Type& type) {
  return type.block_kib * kKib;
}

// A short one is an error too.
bool transferred(ssize_t done, std::size_t wanted) {
  if (done == static_cast<ssize_t>(wanted)) return true;
  if (done >= 0) errno = EIO;
  return false;
}

bool write_block(WorkerRun& run, const Region& block, std::size_t bytes, std::size_t at) {
  return transferred(run.wait_in([&] { return ::pwrite(run.file(0), block.data(), bytes, static_cast<off_t>(at)); }),
                     bytes);
}

bool read_block(WorkerRun& run, const Region& block, std::size_t bytes, std::size_t at) {
  return transferred(run.wait_in([&] { return ::pread(run.file(0), block.data(), bytes, static_cast<off_t>(at)); }),
                     bytes);
}

bool sync_disk(WorkerRun& run) {
  return run.wait_in([&] { return ::fdatasync(run.file(0)); }) == 0;
}

Status prepare_sync_write(const IoSyncWrite& type, GroupResources& shared) {
  return add_disk(shared, {shared.workers() * type.writes * block_of(type), type.latency}, O_WRONLY | O_SYNC);
}

void run_sync_write(const IoSyncWrite& type, WorkerRun& run) {
  const std::size_t bytes = block_of(type), stripe = run.index() * type.writes * bytes;
  const Region block(bytes);
  if (!block.valid()) return run.give_up("map its memory", errno);
  while (!run.stopping()) {
    for (std::size_t i = 0; i < type.writes && !run.stopping(); ++i)
      if (!write_block(run, block, bytes, stripe + i * bytes)) return run.give_up("write to its disk", errno);
    if (!sync_disk(run)) return run.give_up("sync its disk", errno);
    run.end_unit();
    run.end_iteration();
  }
}

Status prepare_rand_read(const IoRandRead& type, GroupResources& shared) {
  return add_disk(shared, {kReadDisk, type.latency}, O_RDONLY | O_DIRECT);
}

void run_rand_read(const IoRandRead& type, WorkerRun& run) {
  const std::size_t bytes = block_of(type), blocks = kReadDisk / bytes;
  const Region block(bytes);
  if (!block.valid()) return run.give_up("map its memory", errno);
  while (!run.stopping()) {
    if (!read_block(run, block, bytes, run.random(blocks) * bytes)) return run.give_up("read from its disk", errno);
    run.end_unit();
    run.end_iteration();
  }
}

Status prepare_convoy(const IoConvoy& type, GroupResources& shared) {
  return add_disk(shared, {shared.workers() * kConvoyBlocks * block_of(type), type.latency}, O_RDWR | O_DIRECT);
}

void run_convoy(const IoConvoy& type, WorkerRun& run) {
  const std::size_t bytes = block_of(type), first = run.index() * kConvoyBlocks;
  const std::size_t all = run.workers() * kConvoyBlocks;
  const Region block(bytes);
  if (!block.valid()) return run.give_up("map its memory", errno);
  for (std::size_t pairs = 0; !run.stopping();) {
    if (!write_block(run, block, bytes, (first + pairs % kConvoyBlocks) * bytes))
      return run.give_up("write to its disk", errno);
    if (run.stopping()) return;
    if (!read_block(run, block, bytes, run.random(all) * bytes)) return run.give_up("read from its disk", errno);
    ++pairs;
    if (pairs % type.sync_every == 0 && !sync_disk(run)) return run.give_up("sync its disk", errno);
    run.end_unit();
    run.end_iteration();
  }
}

constexpr std::int64_t kShortestLatency = 1000, kLongestLatency = 1'000'000'000;

WorkTypeRow on_disk(WorkTypeRow row) {
  row.modules = {"configfs", "null_blk"};
  row.ready = [] { return load_disk_modules(); };
  return row;
}

}  // namespace

std::vector<WorkTypeRow> disk_types() {
  return {
      on_disk(sharing<IoSyncWrite, prepare_sync_write>(work_row<IoSyncWrite, run_sync_write>(
          "IoSyncWrite", "short sleeps that a disk ends, one for each block that is written through", "",
          "3 looks at the clock a write and a sync",
          {work_parameter<&IoSyncWrite::writes>("writes", 1, 256),
           work_parameter<&IoSyncWrite::block_kib>("block_kib", 1, 128),
           work_parameter<&IoSyncWrite::latency>("latency", kShortestLatency, kLongestLatency)}))),
      on_disk(sharing<IoRandRead, prepare_rand_read>(work_row<IoRandRead, run_rand_read>(
          "IoRandRead", "a disk's wake-up for each block that is read", "",
          "3 looks at the clock a read, and a number drawn",
          {work_parameter<&IoRandRead::block_kib>("block_kib", 1, 128),
           work_parameter<&IoRandRead::latency>("latency", kShortestLatency, kLongestLatency)}))),
      on_disk(sharing<IoConvoy, prepare_convoy>(work_row<IoConvoy, run_convoy>(
          "IoConvoy", "waits for a disk of several lengths: writes, reads and syncs by turns", "",
          "3 looks at the clock a write, a read and a sync, and a number drawn a read",
          {work_parameter<&IoConvoy::block_kib>("block_kib", 1, 128),
           work_parameter<&IoConvoy::sync_every>("sync_every", 1, 4096),
           work_parameter<&IoConvoy::latency>("latency", kShortestLatency, kLongestLatency)}))),
  };
}

}  // namespace ktstr
