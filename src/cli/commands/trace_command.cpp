// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "base/text/users_mistake.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "report/page/trace_marks.h"
#include "results/find_run.h"
#include "results/run_directory.h"
#include "results/run_record_json.h"
#include "runner/environment.h"
#include "runner/interrupt.h"
#include "trace/accounts.h"
#include "trace/export/perfetto.h"
#include "trace/export/trace_text.h"
#include "trace/trace_file.h"

namespace ktstr::cli {

namespace {

constexpr const char* kPerfettoName = "trace.pftrace";

Error no_trace(const fs::path& run, const Result<RunRecord>& record) {
  std::string why = "it came to no result";
  std::string hint = "a run in det mode has one, where nothing is in the way of its recorder";
  if (record && record->mode != "det" && record->why_no_trace.empty()) {
    why = fmt::format("it ran in {} mode, and only guests in det mode are recorded", record->mode);
    hint = "run it with --mode det";
    if (record->mode != "host") hint += ", or with --trace: then the guest's kernel traces itself";
  } else if (record) {
    why = !record->why_no_trace.empty() ? record->why_no_trace
          : record->trace_events > 0    ? fmt::format("its {} is gone", kTraceFileName)
                                        : "nothing was recorded";
  }
  return fail(ErrorCode::kNotFound, "there is no trace in {}: {}", run.string(), why).with_hint(hint);
}

// What a person has to know of a trace that was read to its end.
void say_what_is_missing(const TraceReader& reader, const Result<RunRecord>& record) {
  if (record && !record->why_no_trace.empty()) log_warn("not everything was recorded: {}", record->why_no_trace);
  if (reader.cut_short())
    log_warn("the trace is cut short: its run was killed, or its disk was full; what is here is what was stored");
  if (reader.not_stored() > 0)
    log_warn("the trace became too large: its last {} events were not stored", reader.not_stored());
  if (reader.passed_over() > 0)
    log_warn("{} events are of kinds that this ktstr does not know; the one that recorded them does",
             reader.passed_over());
  for (const TraceGap& gap : reader.header().missing)
    if (gap.kind == kLostEvents)
      log_warn("the trace has holes: {}", gap.why);
    else
      log_info("not recorded: {}{}{}: {}", gap.kind, gap.field.empty() ? "" : " ", gap.field, gap.why);
}

// Where an export goes.
class Output {
 public:
  // To stdout without a path.
  static Result<Output> open(const std::optional<fs::path>& path) {
    Output output;
    if (!path) return output;
    auto opened = open_file(*path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!opened) return users_mistake(std::move(opened).error());
    output.file_ = *std::move(opened);
    output.path_ = *path;
    return output;
  }
  Status write(std::string_view part) {
    bytes_ += part.size();
    if (path_) return write_all(file_.get(), as_byte_span(part)).context(path_->string());
    KTSTR_TRY(print_out(part));
    return nobody_reads() ? Status(fail(ErrorCode::kCancelled, "nobody reads stdout")) : ok();
  }
  Bytes bytes() const { return bytes_; }

 private:
  Fd file_;
  std::optional<fs::path> path_;
  Bytes bytes_ = 0;
};

TraceMarks marks_of(const Result<RunRecord>& record) {
  if (record) return trace_marks(*record);
  log_warn("the trace is without steps and findings: {}", record.error().message());
  return {};
}

// What was asked for, as guest time. Without a body there is none.
Result<TraceWindow> window_of(const TraceCommand& command, const Result<RunRecord>& record) {
  TraceWindow window;
  if (!command.from_s && !command.to_s) return window;
  if (!record) return record.error();
  if (record->body_start_ns == 0)
    return Error(ErrorCode::kInvalidArgument, "--from and --to are seconds into the body, and this run has none")
        .with_hint("without them the whole trace is shown");
  auto at = [&](double seconds) { return record->body_start_ns + static_cast<std::uint64_t>(seconds * 1e9); };
  if (command.from_s) window.from_ns = at(*command.from_s);
  if (command.to_s) window.to_ns = at(*command.to_s);
  return window;
}

// Of the body, where the record says when that was, or of a part of it.
Result<std::string> accounts_of(TraceReader& reader, const Result<RunRecord>& record, const TraceWindow& window,
                                bool as_json) {
  std::uint64_t from = 0, to = UINT64_MAX;
  if (record && record->body_ns > 0 && record->body_start_ns > 0) {
    from = record->body_start_ns;
    to = from + record->body_ns;
  }
  from = std::max(from, window.from_ns);
  to = std::min(to, window.to_ns);
  KTSTR_TRY_ASSIGN(const Accounts accounts, account(reader, from, to));
  return as_json ? to_json(accounts) + "\n" : to_text(accounts);
}

// A run that has a trace, which nobody removes while it is looked at.
struct RecordedRun {
  static Result<RecordedRun> open(const RunnerEnvironment& environment, const std::string& id) {
    KTSTR_TRY_ASSIGN(fs::path run, find_run(environment.state_dir, id));
    auto held = hold_run(run);
    if (!held) return std::move(held).error();
    Result<RunRecord> record = load_run_record(run);
    std::error_code error;
    if (!fs::exists(run / kTraceFileName, error)) return no_trace(run, record);
    KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(run / kTraceFileName));
    return RecordedRun{std::move(run), std::move(held), std::move(record), std::move(reader)};
  }

  fs::path path;
  Result<std::optional<FileLock>> held;
  Result<RunRecord> record;
  TraceReader reader;

  // The word for it in a picture with another one.
  std::string label() const {
    return record ? fmt::format("{} ({})", record->id, to_string(record->outcome)) : path.filename().string();
  }
  std::uint64_t body_start_ns() const { return record ? record->body_start_ns : 0; }
};

// Where one of them has no body, their own times are kept.
Status export_beside(RecordedRun& one, RecordedRun& other, const PerfettoWriter::Sink& sink) {
  const std::uint32_t cpus = one.reader.header().cpus, all = cpus + other.reader.header().cpus;
  const bool have_bodies = one.body_start_ns() > 0 && other.body_start_ns() > 0;
  const std::int64_t shift =
      !have_bodies ? 0
                   : static_cast<std::int64_t>(one.body_start_ns()) - static_cast<std::int64_t>(other.body_start_ns());
  KTSTR_TRY(export_perfetto(one.reader, marks_of(one.record), sink, {.label = one.label(), .cpus = all}));
  return export_perfetto(other.reader, marks_of(other.record), sink,
                         {.number = 1, .label = other.label(), .first_cpu = cpus, .cpus = all, .shift_ns = shift})
      .context("the run beside it");
}

Status export_trace(const TraceCommand& command) {
  const RunnerEnvironment environment = RunnerEnvironment::from_process();
  KTSTR_TRY(has_directories(environment));
  KTSTR_TRY_ASSIGN(RecordedRun shown, RecordedRun::open(environment, command.run));
  std::optional<RecordedRun> beside;
  if (!command.beside.empty()) {
    KTSTR_TRY_ASSIGN(RecordedRun other, RecordedRun::open(environment, command.beside));
    if (other.path == shown.path) return fail(ErrorCode::kInvalidArgument, "--beside names the same run once more");
    beside.emplace(std::move(other));
  }
  const fs::path& run = shown.path;
  const Result<RunRecord>& record = shown.record;
  TraceReader& reader = shown.reader;
  KTSTR_TRY_ASSIGN(const TraceWindow window, window_of(command, record));
  const bool for_perfetto = command.format == TraceCommand::Format::kPerfetto && !command.accounts;
  std::optional<fs::path> path;
  if (!command.output.empty())
    path = command.output;
  else if (for_perfetto)
    path = run / kPerfettoName;
  KTSTR_TRY_ASSIGN(Output output, Output::open(path));
  const auto sink = [&](std::string_view part) { return output.write(part); };
  Status exported = ok();
  if (command.accounts) {
    auto made = accounts_of(reader, record, window, command.format == TraceCommand::Format::kJson);
    exported = made ? sink(*made) : Status(std::move(made).error());
  } else if (command.format == TraceCommand::Format::kText) {
    exported = export_text(reader, sink, window);
  } else if (command.format == TraceCommand::Format::kJson) {
    exported = export_json(reader, sink, window);
  }
  if (for_perfetto) {
    const auto bytes = [&](ByteSpan part) { return sink(ktstr::as_text(part)); };
    exported = beside ? export_beside(shown, *beside, bytes) : export_perfetto(reader, marks_of(record), bytes);
  }
  if (!exported && exported.error().code() == ErrorCode::kCorruptData)
    return std::move(exported).context((run / kTraceFileName).string());
  KTSTR_TRY(exported);
  say_what_is_missing(reader, record);
  if (beside) say_what_is_missing(beside->reader, beside->record);
  if (!path) return ok();
  return print_out(
      fmt::format("{} ({}){}\n", path->string(), format_bytes(output.bytes()),
                  for_perfetto ? ": open it in https://ui.perfetto.dev, which keeps it on this machine" : ""));
}

}  // namespace

int execute(const TraceCommand& command) {
  set_verbosity(command.verbosity);
  const Status status = export_trace(command);
  return status || nobody_reads() ? kExitOk : report_error(status.error());
}

}  // namespace ktstr::cli
