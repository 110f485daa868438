// SPDX-License-Identifier: Apache-2.0
#include "trace/tracefs/kernel_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <queue>

namespace ktstr {

// Walks the parts of one ring.
class KernelTrace::Cursor {
 public:
  Cursor(std::uint16_t cpu, const Ring& ring) : cpu_(cpu), ring_(ring) {}

  std::uint16_t cpu() const { return cpu_; }
  std::uint64_t time_ns() const { return now_.time_ns; }
  const RawTraceEvent& event() const { return now_; }
  // Whether events are missing right before this one.
  bool after_hole() const { return after_hole_; }

  // False: there is no further event.
  Result<bool> go_on() {
    after_hole_ = false;
    for (;;) {
      if (part_) {
        KTSTR_TRY_ASSIGN(const auto event, part_->next());
        if (event) {
          // Time does not go back.
          now_ = {std::max(now_.time_ns, event->time_ns), event->data};
          return true;
        }
      }
      if (next_ == ring_.parts.size()) return false;
      KTSTR_TRY_ASSIGN(part_, RingPart::over(ring_.parts[next_++]));
      after_hole_ = after_hole_ || part_->missing() > 0;
    }
  }

 private:
  std::uint16_t cpu_;
  const Ring& ring_;
  std::size_t next_ = 0;
  std::optional<RingPart> part_;
  RawTraceEvent now_;
  bool after_hole_ = false;
};

namespace {

// What the decoder of parts takes for granted.
Status check_head(std::string_view text) {
  KTSTR_TRY_ASSIGN(const EventFormat head, parse_event_format(text));
  const FormatField* const time = head.field("timestamp");
  const FormatField* const length = head.field("commit");
  const FormatField* const data = head.field("data");
  if (time != nullptr && time->offset == 0 && time->size == 8 && length != nullptr && length->offset == 8 &&
      length->size == 8 && data != nullptr && data->offset == RingPart::kHead)
    return ok();
  return fail(ErrorCode::kUnsupported, "this kernel lays out the rings of its trace in a way that is not known");
}

}  // namespace

Status KernelTrace::add_format(std::string_view name, std::string_view text) {
  return name == "header_page" ? check_head(text) : translation_.add_format(name, text);
}

Status KernelTrace::add_pages(std::uint64_t cpu, ByteSpan pages) {
  if (cpu >= rings_.size())
    return fail(ErrorCode::kCorruptData, "there is a trace of CPU {} of {}", cpu, rings_.size());
  ByteReader in(pages);
  while (in.remaining() > 0) {
    const ByteSpan bytes = in.raw(in.u32());
    if (in.failed()) return fail(ErrorCode::kCorruptData, "a trace of CPU {} is cut off", cpu);
    KTSTR_TRY_ASSIGN(const RingPart part, RingPart::over(bytes));
    Ring& ring = rings_[cpu];
    ring.missing += std::min(part.missing(), UINT64_MAX - ring.missing);
    ring.parts.push_back(bytes);
  }
  return ok();
}

void KernelTrace::add_lost(std::uint64_t cpu, std::uint64_t events) {
  if (cpu < rings_.size()) rings_[cpu].lost = std::max(rings_[cpu].lost, events);
}

std::uint64_t KernelTrace::lost() const {
  return std::accumulate(rings_.begin(), rings_.end(), std::uint64_t{0}, [](std::uint64_t sum, const Ring& ring) {
    const std::uint64_t of_ring = std::max(ring.missing, ring.lost);
    return of_ring > UINT64_MAX - sum ? UINT64_MAX : sum + of_ring;
  });
}

std::vector<TraceGap> KernelTrace::gaps() const {
  std::vector<TraceGap> gaps = translation_.gaps();
  if (const std::uint64_t events = lost(); events > 0)
    gaps.push_back({std::string(kLostEvents), "", fmt::format("{} events, for which a ring had no room", events)});
  return gaps;
}

Status KernelTrace::read(const TraceTranslation::Give& give) {
  std::vector<Cursor> cursors;
  for (std::size_t cpu = 0; cpu < rings_.size(); ++cpu)
    cursors.emplace_back(static_cast<std::uint16_t>(cpu), rings_[cpu]);
  // Those that have an event, the earliest first, of equal ones that of the lower CPU.
  using Entry = std::pair<std::uint64_t, std::size_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> waiting;
  Status status = ok();
  auto go_on = [&](std::size_t cpu) {
    const Result<bool> more = cursors[cpu].go_on();
    if (more && *more) waiting.emplace(cursors[cpu].time_ns(), cpu);
    if (!more && status) status = Status(more.error()).context(fmt::format("the trace of CPU {}", cpu));
  };
  for (std::size_t cpu = 0; cpu < cursors.size(); ++cpu) go_on(cpu);
  const auto is_earlier = [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; };
  std::stable_sort(seen_.begin(), seen_.end(), is_earlier);
  std::stable_sort(classes_.begin(), classes_.end(), is_earlier);
  std::size_t seen = 0, changes = 0;
  auto up_to = [&](std::uint64_t time_ns) {
    for (; seen < seen_.size() && seen_[seen].time_ns <= time_ns; ++seen) translation_.see(seen_[seen], give);
    for (; changes < classes_.size() && classes_[changes].time_ns <= time_ns; ++changes)
      translation_.set_class(classes_[changes].ordinary);
  };
  while (!waiting.empty()) {
    const auto [time_ns, at] = waiting.top();
    waiting.pop();
    up_to(time_ns);
    const Cursor& cursor = cursors[at];
    if (cursor.after_hole()) give(TraceTranslation::hole(time_ns, cursor.cpu()));
    translation_.translate(cursor.cpu(), {time_ns, cursor.event().data}, give);
    go_on(at);
  }
  up_to(UINT64_MAX);
  return status;
}

}  // namespace ktstr
