// SPDX-License-Identifier: Apache-2.0
//
// ktstr work import: what others have recorded or described, as a scenario file.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/file.h"
#include "base/log.h"
#include "base/text/users_mistake.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "dump_import/dump_import.h"
#include "replay/own_trace.h"
#include "replay/perfetto_trace.h"
#include "replay/recording_format.h"
#include "replay/replay_scenario.h"
#include "replay/sched_text.h"
#include "results/find_run.h"
#include "results/run_directory.h"
#include "results/run_record_json.h"
#include "rt_app/rt_app.h"
#include "runner/environment.h"
#include "runner/event_file.h"
#include "trace/trace_file.h"

namespace ktstr::cli {

namespace {

constexpr Bytes kLongestRtApp = Bytes{1} << 20, kLongestRecording = Bytes{4} << 30, kLongestDump = Bytes{64} << 20;

struct Imported {
  std::string toml;
  std::vector<std::string> notes;
};

// A file as it is, however large.
struct InputFile {
  static Result<InputFile> open(const fs::path& path) {
    KTSTR_TRY_ASSIGN(Fd file, open_file(path, O_RDONLY));
    struct stat seen {};
    if (::fstat(file.get(), &seen) != 0) return fail_errno("cannot look at {}", path.string());
    if (!S_ISREG(seen.st_mode)) return fail(ErrorCode::kInvalidArgument, "{} is not a regular file", path.string());
    if (seen.st_size == 0) return fail(ErrorCode::kInvalidArgument, "{} is empty", path.string());
    if (static_cast<Bytes>(seen.st_size) > kLongestRecording)
      return fail(ErrorCode::kInvalidArgument, "{} has more than {}", path.string(), format_bytes(kLongestRecording));
    KTSTR_TRY_ASSIGN(Mapping bytes, Mapping::map(file, 0, static_cast<Bytes>(seen.st_size), false));
    return InputFile{std::move(bytes)};
  }
  Mapping bytes;
};

ReplayScenarioOptions options_of(const WorkImportCommand& command, std::string name) {
  ReplayScenarioOptions options{.name = std::move(name),
                                .from_s = command.from_s,
                                .to_s = command.to_s,
                                .zero_ns = {},
                                .end_ns = {},
                                .tasks = command.tasks};
  if (command.most_tasks) options.most_tasks = *command.most_tasks;
  return options;
}

Result<Imported> as_replay(const Recording& recording, const ReplayScenarioOptions& options) {
  KTSTR_TRY_ASSIGN(ReplayScenario made, replay_scenario(recording, options));
  return Imported{std::move(made.toml), std::move(made.notes)};
}

Status takes_all(const WorkImportCommand& command, const char* what) {
  if (!command.from_s && !command.to_s && command.tasks.empty() && !command.most_tasks) return ok();
  return Error(ErrorCode::kInvalidArgument, "--from, --to, --task and --tasks are for recorded traces")
      .with_hint(fmt::format("{} is taken as a whole", what));
}

Result<Imported> from_rt_app(const WorkImportCommand& command, std::string_view json, const std::string& name) {
  KTSTR_TRY(takes_all(command, "a file of rt-app"));
  if (json.size() > kLongestRtApp)
    return fail(ErrorCode::kInvalidArgument, "a file of rt-app has at most {}", format_bytes(kLongestRtApp));
  KTSTR_TRY_ASSIGN(ImportedScenario made, import_rt_app(json, name));
  return Imported{std::move(made.toml), std::move(made.notes)};
}

Result<Imported> from_dump(const WorkImportCommand& command, std::string_view text, const std::string& name) {
  KTSTR_TRY(takes_all(command, "a dump"));
  if (text.size() > kLongestDump)
    return fail(ErrorCode::kInvalidArgument, "{}: a log with a dump has at most {}", command.file,
                format_bytes(kLongestDump));
  KTSTR_TRY_ASSIGN(ImportedDump made, import_dump(text, name, command.file));
  return Imported{std::move(made.toml), std::move(made.notes)};
}

Result<Imported> from_own_trace(const WorkImportCommand& command, ByteSpan bytes, const std::string& name) {
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::over(bytes));
  KTSTR_TRY_ASSIGN(const Recording recording, read_own_trace(reader));
  return as_replay(recording, options_of(command, name));
}

Result<RecordingFormat> format_of(const WorkImportCommand& command, ByteSpan bytes) {
  constexpr std::size_t kLooked = 4096;
  if (command.format.empty()) {
    auto format = recording_format(bytes.first(std::min(bytes.size(), kLooked)));
    if (format && *format == RecordingFormat::kText && has_dump(as_text(bytes))) return RecordingFormat::kDump;
    return format;
  }
  if (const auto known = enum_from<RecordingFormat>(command.format)) return *known;
  return fail(ErrorCode::kInvalidArgument,
              "--format '{}' is not known; there are rt-app, text, perfetto, ktstr and dump", command.format);
}

Result<Imported> from_bytes(const WorkImportCommand& command, ByteSpan bytes, const std::string& name) {
  const auto format = format_of(command, bytes);
  if (!format) return Error(format.error()).context(command.file);
  if (*format == RecordingFormat::kDump) return from_dump(command, as_text(bytes), name);
  auto imported = [&]() -> Result<Imported> {
    switch (*format) {
      case RecordingFormat::kRtApp:
        return from_rt_app(command, as_text(bytes), name);
      case RecordingFormat::kOwn:
        return from_own_trace(command, bytes, name);
      case RecordingFormat::kPerfetto: {
        KTSTR_TRY_ASSIGN(const Recording recording, read_perfetto(bytes));
        return as_replay(recording, options_of(command, name));
      }
      case RecordingFormat::kText: {
        KTSTR_TRY_ASSIGN(const Recording recording, read_sched_text(as_text(bytes)));
        return as_replay(recording, options_of(command, name));
      }
      case RecordingFormat::kDump:
        break;
    }
    return fail(ErrorCode::kInternal, "no such format");
  }();
  if (!imported) return Error(imported.error()).context(command.file);
  return imported;
}

Result<Imported> from_file(const WorkImportCommand& command) {
  const fs::path path = command.file;
  KTSTR_TRY_ASSIGN(const InputFile file, InputFile::open(path));
  return from_bytes(command, file.bytes.bytes(), path.stem().string());
}

// "-": what a pipe gives, as far as a log may be long.
Result<Imported> from_stdin(WorkImportCommand command) {
  command.file = "stdin";
  ByteVector bytes;
  std::array<std::byte, 64 << 10> part{};
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read stdin");
    if (got == 0) break;
    bytes.insert(bytes.end(), part.begin(), part.begin() + got);
    if (bytes.size() > kLongestDump)
      return fail(ErrorCode::kInvalidArgument, "stdin has more than {}", format_bytes(kLongestDump))
          .with_hint("give it as a file");
  }
  if (bytes.empty()) return fail(ErrorCode::kInvalidArgument, "stdin is empty");
  return from_bytes(command, bytes, "imported");
}

// What a run's scheduler printed and what the kernel said beside it, in their order.
Result<std::string> logs_of(const fs::path& run) {
  const fs::path path = run / "events.bin";
  KTSTR_TRY_ASSIGN(const InputFile file, InputFile::open(path));
  EventReader reader(file.bytes.bytes());
  std::string text;
  for (;;) {
    auto record = reader.next();
    if (!record) return Error(record.error()).context(path.string());
    if (!*record) return text;
    if ((*record)->type != RecordType::kLog) continue;
    const auto log = decode<LogRecord>((*record)->payload);
    if (!log) return Error(log.error()).context(path.string());
    if (log->stream == LogRecord::Stream::kScheduler || log->stream == LogRecord::Stream::kKernel)
      text += log->text + "\n";
    if (text.size() > kLongestDump) return text;
  }
}

// The body of it, on a machine as its own.
Result<Imported> from_run(const WorkImportCommand& command) {
  const bool dump = command.format == to_string(RecordingFormat::kDump);
  if (!command.format.empty() && command.format != to_string(RecordingFormat::kOwn) && !dump)
    return fail(ErrorCode::kInvalidArgument,
                "'{}' is no file, and of a run there are a trace of ktstr and a dump alone", command.file);
  const RunnerEnvironment environment = RunnerEnvironment::from_process();
  KTSTR_TRY(has_directories(environment));
  KTSTR_TRY_ASSIGN(const fs::path run, find_run(environment.state_dir, command.file));
  const auto held = hold_run(run);
  if (!held) return held.error();
  if (dump) {
    KTSTR_TRY_ASSIGN(const std::string logs, logs_of(run));
    return from_dump(command, logs, "imported");
  }
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(run / kTraceFileName));
  KTSTR_TRY_ASSIGN(const Recording recording, read_own_trace(reader));
  ReplayScenarioOptions options = options_of(command, "replay");
  if (const auto record = load_run_record(run)) {
    options.name = record->test + "_replay";
    options.topology = record->tuple.topology.to_string();
    if (record->body_start_ns > 0) {
      options.zero_ns = record->body_start_ns;
      if (record->body_ns > 0) options.end_ns = record->body_start_ns + record->body_ns;
    }
  } else {
    log_warn("seconds count from the trace's begin: {}", record.error().message());
  }
  auto imported = as_replay(recording, options);
  if (!imported) return Error(imported.error()).context(run.string());
  return imported;
}

// A run's directory, or a name that no file has and that cannot be a path.
bool means_a_run(const std::string& name) {
  std::error_code error;
  if (fs::is_directory(name, error)) return true;
  return !fs::exists(name, error) && name.find_first_of("/.") == std::string::npos;
}

}  // namespace

int execute(const WorkImportCommand& command) {
  const auto imported = command.file == "-"         ? from_stdin(command)
                        : means_a_run(command.file) ? from_run(command)
                                                    : from_file(command);
  if (!imported) return report_error(users_mistake(imported.error()));
  for (const std::string& note : imported->notes) log_warn("{}: {}", command.file, note);
  const Status written =
      command.output.empty() ? print_out(imported->toml) : write_text(command.output, imported->toml);
  return written ? kExitOk : report_error(users_mistake(written.error()));
}

}  // namespace ktstr::cli
