// SPDX-License-Identifier: Apache-2.0
#include "races/watched_run.h"

#include <algorithm>
#include <array>

#include "probe_page.h"
#include "trace/trace_file.h"

namespace ktstr {

namespace {

constexpr std::uint32_t kBytesOfAccess = 0xff;
constexpr std::size_t kMostCpus = 1024;
constexpr std::size_t kMostAccesses = 4'000'000;  // some 200 MB

}  // namespace

Result<WatchedRun> read_watched_run(const std::filesystem::path& trace_file) {
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_file));
  WatchedRun run;
  std::array<std::uint32_t, kMostCpus> runs{};
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::optional<TraceEvent> event, reader.next());
    if (!event) break;
    run.names.follow(*event);
    if (event->kind == TraceKind::kSwitch) ++runs[event->cpu % kMostCpus];
    if (event->kind == TraceKind::kLockUse) run.locks.follow(*event);
    if (event->kind != TraceKind::kAccess) continue;
    const auto seen = event_as<trace::Access>(*event);
    if ((seen.how & kBytesOfAccess) == 0) continue;
    if (run.accesses.size() == kMostAccesses) {
      run.all = false;
      break;
    }
    run.accesses.push_back({.time_ns = event->time_ns,
                            .place = seen.place,
                            .address = seen.address,
                            .bytes = seen.how & kBytesOfAccess,
                            .vcpu = event->cpu,
                            .store = (seen.how & control::kStore) != 0,
                            .atomic = (seen.how & control::kAtomic) != 0,
                            .interrupts = (seen.how & control::kInterruptsOff) == 0,
                            .locks = run.locks.held_by(event->cpu),
                            .run = runs[event->cpu % kMostCpus]});
  }
  run.all = run.all && !reader.cut_short() && reader.not_stored() == 0;
  if (run.accesses.empty()) return fail(ErrorCode::kNotFound, "no watched code has touched memory while the body ran");
  const bool known = std::any_of(run.accesses.begin(), run.accesses.end(),
                                 [&](const MemoryAccess& one) { return run.names.place(one.place).has_value(); });
  if (!known)
    return fail(
        ErrorCode::kNotFound,
        "no code of a BPF scheduler that was attached where the body begins has run, or of the kernel that is watched");
  return run;
}

}  // namespace ktstr
