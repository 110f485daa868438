// SPDX-License-Identifier: Apache-2.0
#include "runner/guest_tracing.h"

#include <fcntl.h>
#include <unistd.h>

#include "results/run_record.h"

namespace ktstr {

namespace {

using TracingPart = TracingRecord::Part;

constexpr const char* kPagesName = "tracefs.pages";
constexpr std::size_t kLongestComm = 15;        // of kernel threads /proc says more than their events
constexpr Bytes kMostTaken = Bytes{256} << 20;  // of records; an agent sends half of that
constexpr Bytes kMostTrace = Bytes{64} << 20;   // as the recorder's

Error malformed(const TracingRecord& said) {
  return fail(ErrorCode::kCorruptData, "the guest's trace has a part '{}' with {} numbers", to_string(said.part),
              said.numbers.size());
}

std::optional<SchedClass> ordinary_class(std::uint64_t number) {
  if (number == TracingRecord::kByTheKernel) return SchedClass::kFair;
  if (number == TracingRecord::kByBpf) return SchedClass::kExt;
  return {};
}

TraceEvent seen_task(std::uint64_t time_ns, const TracingRecord& said) {
  const std::vector<std::uint64_t>& n = said.numbers;
  const bool runnable = n[3] != 0;
  return make_event(time_ns, 0,
                    trace::TaskSeen{.pid = static_cast<std::int32_t>(n[0]),
                                    .tgid = static_cast<std::int32_t>(n[1]),
                                    .cpu = static_cast<std::uint32_t>(n[2]),
                                    .state = runnable ? 0U : 1U,
                                    .on_rq = runnable ? 1U : 0U,
                                    .cgroup = n[4],
                                    .mask = {n[5], n[6], n[7], n[8]},
                                    .comm = as_trace_text<2>(std::string_view(said.name).substr(0, kLongestComm))});
}

}  // namespace

Status GuestTracing::open(const fs::path& directory) {
  pages_path_ = directory / kPagesName;
  KTSTR_TRY_ASSIGN(pages_, open_file(pages_path_, O_RDWR | O_CREAT | O_TRUNC));
  return ok();
}

void GuestTracing::not_all(std::string why) {
  if (why_not_all_.empty()) why_not_all_ = std::move(why);
}

Status GuestTracing::take(const Record& record) {
  taken_ += kFrameHeaderBytes + record.payload.size();
  if (taken_ > kMostTaken)
    return fail(ErrorCode::kUnsupported, "the guest sent more than {} of its kernel's trace", format_bytes(kMostTaken));
  KTSTR_TRY_ASSIGN(const TracingRecord said, decode<TracingRecord>(record.payload));
  switch (said.part) {
    case TracingPart::kFormat: {
      const Status added = trace_.add_format(said.name, said.data);
      if (!added && added.error().code() != ErrorCode::kNotFound) not_all(added.error().message());
      began_ = true;
      return ok();
    }
    case TracingPart::kAbsent:
      if (said.name.empty())
        not_all("the guest's kernel does not trace itself: " + said.data);
      else
        trace_.add_absent(said.name, said.data);
      return ok();
    case TracingPart::kTask:
    case TracingPart::kCgroup:
      return take_seen(said, record.time_ns);
    case TracingPart::kClass:
      if (said.numbers.size() != 1) return malformed(said);
      trace_.add_class(record.time_ns, ordinary_class(said.numbers[0]));
      return ok();
    case TracingPart::kPages:
      return take_pages(said);
    case TracingPart::kLost:
      if (said.numbers.size() != 2) return malformed(said);
      trace_.add_lost(said.numbers[0], said.numbers[1]);
      return ok();
    case TracingPart::kFull:
      is_cut_off_ = true;
      not_all("the guest's trace became larger than " + format_bytes(kMostTracedBytes));
      return ok();
  }
  return malformed(said);
}

Status GuestTracing::take_seen(const TracingRecord& said, std::uint64_t time_ns) {
  const bool is_task = said.part == TracingPart::kTask;
  if (said.numbers.size() != (is_task ? 9 : 2)) return malformed(said);
  trace_.add_seen(is_task ? seen_task(time_ns, said)
                          : make_event(time_ns, 0,
                                       trace::CgroupSeen{.cgroup = said.numbers[0],
                                                         .parent = said.numbers[1],
                                                         .name = as_trace_text<4>(said.name)}));
  return ok();
}

Status GuestTracing::take_pages(const TracingRecord& said) {
  if (said.numbers.size() != 1) return malformed(said);
  if (!pages_.valid()) return ok();
  if (const Status written = write_all(pages_.get(), as_byte_span(said.data)); !written) {
    not_all(written.error().message());
    pages_.reset();
    return ok();
  }
  stored_.push_back({said.numbers[0], size_, said.data.size()});
  size_ += said.data.size();
  return ok();
}

Status GuestTracing::gather(const Mapping& pages) {
  for (const Stored& one : stored_)
    KTSTR_TRY(trace_.add_pages(one.cpu, ByteSpan(pages.bytes()).subspan(one.offset, one.size)));
  return ok();
}

Status GuestTracing::finish(const fs::path& file, const std::string& kernel) {
  ::unlink(pages_path_.c_str());
  if (!began_) {
    not_all("the guest did not come to where its kernel begins to trace");
    return ok();
  }
  Mapping pages;
  if (size_ > 0 && pages_.valid()) {
    KTSTR_TRY_ASSIGN(pages, Mapping::map(pages_, 0, size_, false));
    if (const Status gathered = gather(pages); !gathered) not_all(gathered.error().message());
  }
  lost_ = trace_.lost();
  std::vector<TraceGap> missing = trace_.gaps();
  if (is_cut_off_) missing.push_back({std::string(kLostEvents), "", "all events from some moment on"});
  KTSTR_TRY_ASSIGN(
      TraceWriter writer,
      TraceWriter::create(
          file, {.kernel = kernel, .cpus = cpus_, .source = std::string(kTracefs), .missing = std::move(missing)},
          kMostTrace));
  const Status read = trace_.read([&](const TraceEvent& event) {
    ++events_;
    writer.add(event);
  });
  if (!read) not_all(read.error().message());
  if (writer.not_stored() > 0) not_all("the guest's trace became larger than " + format_bytes(kMostTrace));
  return writer.finish();
}

}  // namespace ktstr
