// SPDX-License-Identifier: Apache-2.0
#include "guest/tracing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "guest/processes/seen_tasks.h"
#include "guest/schedulers/sched_ext_state.h"
#include "workload/task/task_affinity.h"

namespace ktstr::guest {

namespace {

using namespace literals;
using TracingPart = TracingRecord::Part;

// The first is what all else hangs on.
constexpr const char* kEvents[] = {
    "sched/sched_switch",       "sched/sched_wakeup",  "sched/sched_wakeup_new",
    "sched/sched_migrate_task", "task/task_newtask",   "task/task_rename",
    "sched/sched_process_exit", "cgroup/cgroup_mkdir", "cgroup/cgroup_attach_task",
};

constexpr Bytes kRingBytes = 2_MiB, kAllRingBytes = 64_MiB, kLeastRingBytes = 256_KiB;
constexpr std::size_t kPartBytes = 64_KiB;     // no kernel hands out a larger part of a ring at once
constexpr std::size_t kRecordBytes = 256_KiB;  // of parts, in one record
// A part of a ring: struct buffer_data_page in kernel/trace/ring_buffer.c. Its length is in the lower bits of its
// second word; after its contents there may be how many events are missing before it.
constexpr std::size_t kRingHead = 16, kMissingBytes = 8;
constexpr std::uint64_t kLengthMask = (std::uint64_t{1} << 20) - 1;

void send_part(RecordLog& log, TracingPart part, std::vector<std::uint64_t> numbers, std::string name,
               std::string data) {
  log.write(RecordType::kTracing, TracingRecord{part, std::move(numbers), std::move(name), std::move(data)});
}

// What follows the contents is not sent.
std::size_t used_of(ByteSpan part) {
  if (part.size() < kRingHead) return 0;
  std::uint64_t commit = 0;
  std::memcpy(&commit, part.data() + 8, sizeof commit);
  return std::min<std::size_t>(part.size(), kRingHead + (commit & kLengthMask) + kMissingBytes);
}

bool is_empty(ByteSpan part) {
  std::uint64_t commit = 0;
  if (part.size() >= kRingHead) std::memcpy(&commit, part.data() + 8, sizeof commit);
  return (commit & kLengthMask) == 0;
}

// "overrun: 12", per_cpu/cpuN/stats
std::uint64_t number_after(const std::string& text, std::string_view key) {
  const std::size_t at = text.find(key);
  std::uint64_t number = 0;
  if (at != std::string::npos && (at == 0 || text[at - 1] == '\n'))
    std::from_chars(text.data() + at + key.size(), text.data() + text.size(), number);
  return number;
}

// "ktstr/nice_3" of "p:ktstr/nice_3 0xffffffff81108310 ..."
std::string name_in(const std::string& line) {
  return line.starts_with("p:") ? line.substr(2, line.find(' ') - 2) : line;
}

Status append(const fs::path& path, const std::string& text) {
  KTSTR_TRY_ASSIGN(const Fd file, open_file(path, O_WRONLY | O_APPEND));
  return write_all(file.get(), as_byte_span(text)).context(path.string());
}

// What runs on a CPU is known once something else does: nobody else may begin there for long. Above all others by
// priority, we are that for a moment, everywhere.
void visit_all_cpus() {
  CpuMask before;
  if (!CpuMask::read(0, before)) return;
  // A CPU that is going offline has its own events.
  for (const Cpu cpu : before.to_set()) CpuMask(CpuSet{cpu}).apply(0);
  before.apply(0);
}

}  // namespace

Result<Tracing> Tracing::start(const std::vector<std::string>& probe_events, RecordLog& log) {
  return start(Roots(), probe_events, log);
}

Result<Tracing> Tracing::start(const Roots& roots, const std::vector<std::string>& probe_events, RecordLog& log) {
  Tracing tracing(roots);
  KTSTR_TRY(tracing.make_rings());
  KTSTR_TRY(tracing.enable(probe_events, log));
  tracing.say_class(log);
  send_cgroups(tracing.roots_.cgroups, log);
  send_tasks(tracing.roots_.proc, tracing.roots_.cgroups, log);
  visit_all_cpus();
  return tracing;
}

Status Tracing::make_rings() {
  if (::mkdir(instance_.c_str(), 0755) != 0 && errno != EEXIST) return fail_errno("cannot make {}", instance_.string());
  KTSTR_TRY(write_text(instance_ / "tracing_on", "0"));
  // The clock of all else that the guest says.
  KTSTR_TRY(write_text(instance_ / "trace_clock", "mono"));
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(instance_ / "per_cpu", error)) {
    const std::string name = entry.path().filename().string();
    Ring ring;
    if (!name.starts_with("cpu")) continue;
    std::from_chars(name.data() + 3, name.data() + name.size(), ring.cpu);
    KTSTR_TRY_ASSIGN(ring.raw, open_file(entry.path() / "trace_pipe_raw", O_RDONLY | O_NONBLOCK));
    rings_.push_back(std::move(ring));
  }
  if (error) return fail(ErrorCode::kUnsupported, "{}: {}", (instance_ / "per_cpu").string(), error.message());
  std::sort(rings_.begin(), rings_.end(), [](const Ring& a, const Ring& b) { return a.cpu < b.cpu; });
  ring_bytes_ = std::clamp(kAllRingBytes / std::max<std::size_t>(rings_.size(), 1), kLeastRingBytes, kRingBytes);
  room_.resize(kPartBytes);
  return write_text(instance_ / "buffer_size_kb", std::to_string(ring_bytes_ >> 10));
}

Status Tracing::enable(const std::string& event, RecordLog& log) {
  const fs::path directory = instance_ / "events" / event;
  KTSTR_TRY_ASSIGN(std::string format, read_text(directory / "format"));
  KTSTR_TRY(write_text(directory / "enable", "1"));
  send_part(log, TracingPart::kFormat, {}, event, std::move(format));
  return ok();
}

Status Tracing::enable(const std::vector<std::string>& probe_events, RecordLog& log) {
  KTSTR_TRY_ASSIGN(std::string head, read_text(instance_ / "events/header_page"));
  send_part(log, TracingPart::kFormat, {}, "header_page", std::move(head));
  KTSTR_TRY(write_text(instance_ / "tracing_on", "1"));
  auto absent = [&](std::string event, const Error& error) {
    const bool is_missing = error.code() == ErrorCode::kNotFound;
    send_part(log, TracingPart::kAbsent, {}, std::move(event),
              is_missing ? "this kernel has no such event" : error.message());
  };
  for (const char* const event : kEvents) {
    Status enabled = enable(event, log);
    if (!enabled && event == kEvents[0]) return std::move(enabled).context("trace who runs");
    if (!enabled) absent(event, enabled.error());
  }
  for (const std::string& line : probe_events) {
    const std::string event = name_in(line);
    Status made = append(roots_.tracefs / "kprobe_events", line + "\n");
    if (made) made = enable(event, log);
    if (!made) absent(event, made.error());
  }
  return ok();
}

// A BPF scheduler has all ordinary tasks unless it says otherwise: then nothing shows which of them.
void Tracing::say_class(RecordLog& log) {
  const SchedExtState ext = read_sched_ext_state(roots_.sys);
  std::uint64_t now = TracingRecord::kByTheKernel;
  if (!ext.state.empty() && ext.state != "disabled") {
    const auto all = read_attribute(roots_.sys / "kernel/sched_ext/switch_all");
    now = ext.state == "enabled" && all && *all == "1" ? TracingRecord::kByBpf : TracingRecord::kByEither;
  }
  if (now == class_) return;
  class_ = now;
  send_part(log, TracingPart::kClass, {now}, "", "");
}

void Tracing::drain(RecordLog& log) {
  if (over_) return;
  say_class(log);
  for (const Ring& ring : rings_) drain(ring, log);
}

void Tracing::drain(const Ring& ring, RecordLog& log) {
  ByteWriter parts;
  auto hand_on = [&] {
    if (!parts.bytes().empty())
      send_part(log, TracingPart::kPages, {ring.cpu}, "", std::string(as_text(parts.bytes())));
    parts = ByteWriter();
  };
  for (std::size_t taken = 0; taken < 2 * ring_bytes_ && !over_;) {
    const ssize_t got = ::read(ring.raw.get(), room_.data(), room_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    const ByteSpan part = ByteSpan(room_).first(static_cast<std::size_t>(got));
    taken += part.size();
    if (is_empty(part)) continue;
    const std::size_t used = used_of(part);
    parts.u32(static_cast<std::uint32_t>(used));
    parts.raw(part.first(used));
    sent_ += used;
    over_ = sent_ > kMostTracedBytes;
    if (parts.bytes().size() >= kRecordBytes) hand_on();
  }
  hand_on();
  if (!over_) return;
  ignore_result(write_text(instance_ / "tracing_on", "0"), "then it costs, and nobody reads it");
  send_part(log, TracingPart::kFull, {}, "", "");
}

void Tracing::stop(RecordLog& log) {
  const bool whole = !over_;
  ignore_result(write_text(instance_ / "tracing_on", "0"), "what is recorded from now on is not read");
  drain(log);
  for (const Ring& ring : rings_) {
    const auto stats = read_text(instance_ / "per_cpu" / ("cpu" + std::to_string(ring.cpu)) / "stats");
    if (!stats || !whole) continue;
    const std::uint64_t lost = number_after(*stats, "overrun: ") + number_after(*stats, "commit overrun: ") +
                               number_after(*stats, "dropped events: ");
    if (lost > 0) send_part(log, TracingPart::kLost, {ring.cpu, lost}, "", "");
  }
  over_ = true;
}

}  // namespace ktstr::guest
