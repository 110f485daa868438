// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/time_travel.h"

#include <fcntl.h>

#include "base/text/duration.h"
#include "engine/guest_memory.h"
#include "engine/mapped_ram.h"
#include "kernel/config.h"
#include "kernel/elf.h"
#include "kernel/kallsyms.h"
#include "kernel/symbol_file.h"
#include "kernel_state/guest_state.h"
#include "kernel_state/read_value.h"
#include "runner/collector.h"
#include "runner/event_file.h"

namespace ktstr {

namespace {

using std::chrono::nanoseconds;

// arch/x86: where the kernel's image is mapped, and where from (__START_KERNEL_map). Without a decompressor before it
// the kernel runs where it was linked for: nobody moves it (KASLR).
constexpr std::uint64_t kKernelMap = 0xffffffff80000000;
constexpr int kDefaultHz = 250;

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

// The failure's moment, as near as the events tell it.
struct Failure {
  std::uint64_t at_ns = 0;
  std::string what;
};

std::optional<Failure> failure_of(const GuestStory& story, const RunRecord& record) {
  if (story.scheduler().exited) return Failure{story.scheduler().exited_ns, "the scheduler's end"};
  for (const Detail& detail : record.details) {
    if (detail.verdict != Verdict::kFail) continue;
    for (const auto& worker : record.workers) {
      if (detail.kind != DetailKind::kStuck || !detail.is_about(worker)) continue;
      return Failure{worker.max_gap_ended_ns(), worker.name() + " ran again"};
    }
    return Failure{story.body_end_ns, "the body's end"};
  }
  return {};
}

// The guest kernel's clock as its memory shows it: ticks, and once in a while the agent's word on what time it is.
class GuestClock {
 public:
  GuestClock(std::uint64_t jiffies_address, std::uint64_t hz) : jiffies_address_(jiffies_address), hz_(hz) {}

  nanoseconds tick() const { return nanoseconds(1'000'000'000 / hz_); }
  std::uint64_t now(const GuestMemory& memory) {
    const auto& guest = memory.mailbox().layout().guest;
    if (!jiffies_ && !find(memory)) return 0;
    const std::uint64_t beats = mailbox::load(guest.heartbeats);
    const std::uint64_t ticks = mailbox::load(*jiffies_);
    if (beats != beats_ || base_ns_ == 0) {
      beats_ = beats;
      base_ns_ = mailbox::load(guest.heartbeat_ns);
      base_ticks_ = ticks;
    }
    return base_ns_ + (ticks - base_ticks_) * static_cast<std::uint64_t>(tick().count());
  }

 private:
  bool find(const GuestMemory& memory) {
    constexpr Bytes kPage = 4096;
    const std::uint64_t physical = jiffies_address_ - kKernelMap;
    const auto place = memory.layout().locate(physical);
    if (!place) return false;
    const auto fd = open_file(memory.files()[place->node], O_RDWR);
    if (!fd) return false;
    auto page = Mapping::map(*fd, place->offset & ~(kPage - 1), kPage, true);
    if (!page) return false;
    page_ = *std::move(page);
    jiffies_ = reinterpret_cast<std::uint64_t*>(page_.data() + (place->offset & (kPage - 1)));
    return true;
  }

  std::uint64_t jiffies_address_, hz_;
  Mapping page_;
  const std::uint64_t* jiffies_ = nullptr;
  std::uint64_t beats_ = 0, base_ns_ = 0, base_ticks_ = 0;
};

Result<fs::path> prepare_gdb(const TimeTravel& travel, const KernelSymbols& symbols, const PausedGuest& guest) {
  const fs::path symbol_path = travel.work_dir / "kernel.symbols", script = travel.work_dir / "gdb.script";
  const fs::path socket = guest.memory.directory() / "gdb";
  KTSTR_TRY(write_atomically(symbol_path, symbol_file(symbols)));
  KTSTR_TRY(guest.serve_gdb(socket));
  const std::string text = fmt::format(
      "set pagination off\nset confirm off\nset architecture i386:x86-64\nsymbol-file {}\ntarget remote {}\n",
      symbol_path.string(), socket.string());
  KTSTR_TRY(write_atomically(script, as_byte_span(text)));
  return script;
}

// An expression that has no value is no reason not to look at the others.
Result<std::vector<ShownValue>> read_all(const TimeTravel& travel, const KernelDescription& names,
                                         const GuestMemory& memory) {
  KTSTR_TRY_ASSIGN(const MappedRam ram, map_ram(memory));
  KTSTR_TRY_ASSIGN(const GuestState state, GuestState::of(ram.space, names, travel.cpus));
  std::vector<ShownValue> shown;
  for (const Expression& expression : travel.show) {
    ShownValue& one =
        shown.emplace_back(ShownValue{.expression = expression.text, .value = {}, .error = {}, .hint = {}});
    if (auto value = read_value(state, expression))
      one.value = *std::move(value);
    else
      std::tie(one.error, one.hint) = std::pair(value.error().message(), value.error().hint());
  }
  return shown;
}

}  // namespace

Result<StopTime> StopTime::parse(std::string_view text) {
  constexpr std::string_view kFail = "fail";
  const std::string hint = "a time after the body's start (1.5s), or fail, fail-20ms, fail+20ms";
  StopTime time;
  if (text.starts_with(kFail)) {
    time.from = From::kFailure;
    text.remove_prefix(kFail.size());
    if (text.empty()) return time;
  }
  int sign = 1;
  if (time.from == From::kFailure) {
    if (text[0] != '-' && text[0] != '+')
      return fail(ErrorCode::kInvalidArgument, "'fail{}' is not a time to stop at", text).with_hint(hint);
    sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  auto offset = parse_duration(text);
  if (!offset) return Error(ErrorCode::kInvalidArgument, offset.error().message()).with_hint(hint);
  time.offset = sign * *offset;
  return time;
}

Result<StopMoment> find_stop_moment(const StoredRun& stored, const StopTime& time) {
  KTSTR_TRY_ASSIGN(const ByteVector bytes, read_bytes(stored.dir / "events.bin"));
  KTSTR_TRY_ASSIGN(const std::vector<Record> events, unpack_events(bytes));
  Collector collector;
  for (const Record& event : events) KTSTR_TRY(collector.add(event));
  const GuestStory& story = collector.story();
  if (story.body_start_ns == 0)
    return fail(ErrorCode::kInvalidArgument, "run {} had no body: there is nothing to stop in", stored.id);
  StopMoment moment{.guest_ns = story.body_start_ns, .body_start_ns = story.body_start_ns, .what = "the body's start"};
  if (time.from == StopTime::From::kFailure) {
    const auto failure = stored.record ? failure_of(story, *stored.record) : std::nullopt;
    if (!failure) return fail(ErrorCode::kInvalidArgument, "run {} did not fail", stored.id);
    moment.guest_ns = failure->at_ns;
    moment.what = failure->what;
  }
  const auto wanted = static_cast<std::int64_t>(moment.guest_ns) + time.offset.count();
  const std::uint64_t end = events.empty() ? 0 : events.back().time_ns;
  if (wanted < static_cast<std::int64_t>(moment.body_start_ns) || static_cast<std::uint64_t>(wanted) > end)
    return fail(ErrorCode::kInvalidArgument,
                "that is not in the run: its body started at {:.3f} s of guest time and the run ended at {:.3f} s",
                seconds(moment.body_start_ns), seconds(end));
  if (time.offset.count() != 0)
    moment.what = fmt::format("{} {} {}", format_duration(std::chrono::abs(time.offset)),
                              time.offset.count() < 0 ? "before" : "after", moment.what);
  moment.guest_ns = static_cast<std::uint64_t>(wanted);
  return moment;
}

Result<std::shared_ptr<const GuestPause>> make_pause(const TimeTravel& travel) {
  KTSTR_TRY_ASSIGN(const ByteVector image, read_bytes(travel.vmlinux));
  KTSTR_TRY_ASSIGN(const ElfFile elf, ElfFile::parse(image));
  auto found = KernelSymbols::from_image(elf);
  const auto jiffies = found ? found->find("jiffies_64") : std::nullopt;
  if (!jiffies || jiffies->address < kKernelMap)
    return fail(ErrorCode::kUnsupported, "the kernel's image does not say where its clock is (no symbol jiffies_64)");
  auto symbols = std::make_shared<const KernelSymbols>(*std::move(found));
  auto clock = std::make_shared<GuestClock>(jiffies->address,
                                            static_cast<std::uint64_t>(timer_hz(travel.vmlinux).value_or(kDefaultHz)));
  std::shared_ptr<const KernelDescription> names;
  if (!travel.show.empty()) {
    KTSTR_TRY_ASSIGN(KernelDescription made, KernelDescription::of(image));
    names = std::make_shared<const KernelDescription>(std::move(made));
  }
  auto pause = std::make_shared<GuestPause>();
  pause->reached = [clock, until = travel.moment.guest_ns](const GuestMemory& memory) {
    return clock->now(memory) >= until;
  };
  pause->when_paused = [clock, symbols, names, travel](const PausedGuest& guest) -> Status {
    StoppedGuest stopped{.guest_ns = clock->now(guest.memory),
                         .tick = clock->tick(),
                         .memory = guest.memory.files(),
                         .console_log = guest.console_log,
                         .gdb_script = {},
                         .shown = {}};
    if (names) {
      KTSTR_TRY_ASSIGN(stopped.shown, read_all(travel, *names, guest.memory));
    }
    if (travel.gdb) {
      KTSTR_TRY_ASSIGN(stopped.gdb_script, prepare_gdb(travel, *symbols, guest));
    }
    travel.look(stopped);
    return ok();
  };
  return std::shared_ptr<const GuestPause>(std::move(pause));
}

}  // namespace ktstr
