// SPDX-License-Identifier: Apache-2.0
#include "runner/recorder.h"

#include <algorithm>
#include <utility>

#include "trace/probes/kernel_view.h"

namespace ktstr {

namespace {

constexpr std::uint64_t kNanosecondsAMillisecond = 1'000'000;
constexpr std::uint64_t kSlowestTsc = 100'000, kFastestTsc = 10'000'000;  // kHz; what else a guest says is wrong
constexpr Bytes kMostTraceBytes = Bytes{64} << 20;                        // some ten million events

// That may have a name.
std::optional<std::uint64_t> address_in(const TraceEvent& event) {
  if (event.kind == TraceKind::kAccess) return event_as<trace::Access>(event).address;
  if (event.kind != TraceKind::kLockUse) return std::nullopt;
  const auto use = event_as<trace::LockUse>(event);
  if (use.change != trace::LockUse::kWanted) return std::nullopt;
  return use.value;
}

}  // namespace

Recorder::Recorder(KernelProbes kernel, UserProbes user, WatchedMemory memory, int cpus)
    : kernel_(std::move(kernel)), user_(std::move(user)), memory_(std::move(memory)), cpus_(cpus) {
  kernel_.probes.insert(kernel_.probes.end(), user_.of_kernel.begin(), user_.of_kernel.end());
  for (const auto* probes : {&std::as_const(memory_.locks.probes), &memory_.handed_out.probes()})
    kernel_.probes.insert(kernel_.probes.end(), probes->begin(), probes->end());
  std::stable_sort(kernel_.probes.begin(), kernel_.probes.end(),
                   [](const auto& a, const auto& b) { return a.address < b.address; });
}

ExitsOfKernel Recorder::exits() const {
  ExitsOfKernel all{.probes = user_.ends, .thunks = user_.thunks, .and_late = user_.wants_ends_of_bpf()};
  for (const auto* ends : {&std::as_const(memory_.locks.ends), &memory_.handed_out.ends()})
    all.probes.insert(all.probes.end(), ends->begin(), ends->end());
  if (memory_.accesses) all.thunks = memory_.locks.thunks;
  return all;
}

std::pair<std::uint64_t, std::uint64_t> Recorder::late_range() const {
  return user_.of_bpf.empty() ? ProbeListener::late_range() : kBpfRange;
}

control::MemoryWatch Recorder::watch() const {
  control::MemoryWatch watch{};
  if (!memory_.any()) return watch;
  for (const control::WatchedCode& code : memory_.kernel) watch.code[watch.pieces++] = code;
  watch.code[watch.pieces++] = {kBpfRange.first, kBpfRange.second, 1, 0};
  if (memory_.accesses) watch.kind = static_cast<std::uint32_t>(TraceKind::kAccess);
  if (!memory_.schedule.empty()) watch.hold_kind = static_cast<std::uint32_t>(TraceKind::kHeld);
  return watch;
}

Result<ProbesBegun> Recorder::begin(const control::GuestSpace& ram, std::uint64_t guest_ns) {
  KTSTR_TRY_ASSIGN(const control::AddressSpace space, find_kernel(ram, kernel_.layout));
  control::GuestSpace memory = ram;
  memory.set_kernel(space);
  if (kernel_.layout.tsc_khz != 0) {
    const std::uint64_t khz = memory.load(kernel_.layout.tsc_khz, 4).value_or(0);
    if (khz >= kSlowestTsc && khz <= kFastestTsc) ticks_a_ms_ = khz;
  }
  for (const TraceEvent& seen : seen_at(guest_ns, memory, kernel_.layout, cpus_)) give(seen);
  std::vector<std::string> names = user_.names;
  BpfProbes bpf;
  if (!user_.of_bpf.empty()) bpf = bpf_probes(memory, user_, names.size());
  names.insert(names.end(), bpf.names.begin(), bpf.names.end());
  for (const NamedNumber& named : user_.named) give(named_value(guest_ns, named));
  for (std::size_t i = 0; i < names.size(); ++i) give(probe_placed(guest_ns, i, names[i]));
  not_placed_ = std::move(bpf.not_placed);
  ProbesBegun begun{.space = space, .late = std::move(bpf.probes), .late_exits = std::move(bpf.ends)};
  if (!memory_.any()) return begun;
  BpfSource source = bpf_source(guest_ns, memory, memory_.layout);
  for (const TraceEvent& seen : source.events) give(seen);
  if (memory_.accesses) {
    for (const TraceEvent& seen : functions_seen(guest_ns, memory_.functions)) give(seen);
    const auto tasks = tasks_at(memory, kernel_.layout);
    for (const TraceEvent& seen : memory_.handed_out.begin(guest_ns, std::move(source.scattered), tasks)) give(seen);
  }
  if (memory_.data) {
    memory_.data->find_cpus(memory, cpus_);
    begun.preempt_counts = memory_.data->preempt_counts();
  }
  auto holds = placed_holds(memory_.schedule, bpf_functions(memory, memory_.layout.functions), memory_.functions);
  if (holds)
    begun.holds = *std::move(holds);
  else
    why_no_holds_ = holds.error().message();
  return begun;
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
  if (made.kind == kHandedOut) {
    for (const TraceEvent& seen : memory_.handed_out.follow(made)) give(seen);
    return;
  }
  if (memory_.data)
    if (const auto address = address_in(made))
      for (const TraceEvent& seen : memory_.data->seen_at(made.time_ns, *address)) give(seen);
  give(made);
}

void Recorder::give(TraceEvent event) {
  ++events_;
  cut_masks(event, static_cast<std::uint32_t>(cpus_));
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
