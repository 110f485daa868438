// SPDX-License-Identifier: Apache-2.0
//
// ktstr work import: what others have recorded or described, as a scenario file.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text/users_mistake.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/output.h"
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
#include "trace/trace_file.h"

namespace ktstr::cli {

namespace {

constexpr Bytes kLongestRtApp = Bytes{1} << 20, kLongestRecording = Bytes{4} << 30;

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

Result<Imported> from_rt_app(const WorkImportCommand& command, std::string_view json, const std::string& name) {
  if (command.from_s || command.to_s || !command.tasks.empty() || command.most_tasks)
    return Error(ErrorCode::kInvalidArgument, "--from, --to, --task and --tasks are for recorded traces")
        .with_hint("a file of rt-app is taken as a whole");
  if (json.size() > kLongestRtApp)
    return fail(ErrorCode::kInvalidArgument, "a file of rt-app has at most {}", format_bytes(kLongestRtApp));
  KTSTR_TRY_ASSIGN(ImportedScenario made, import_rt_app(json, name));
  return Imported{std::move(made.toml), std::move(made.notes)};
}

Result<Imported> from_own_trace(const WorkImportCommand& command, ByteSpan bytes, const std::string& name) {
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::over(bytes));
  KTSTR_TRY_ASSIGN(const Recording recording, read_own_trace(reader));
  return as_replay(recording, options_of(command, name));
}

Result<RecordingFormat> format_of(const WorkImportCommand& command, ByteSpan bytes) {
  constexpr std::size_t kLooked = 4096;
  if (command.format.empty()) return recording_format(bytes.first(std::min(bytes.size(), kLooked)));
  if (const auto known = enum_from<RecordingFormat>(command.format)) return *known;
  return fail(ErrorCode::kInvalidArgument, "--format '{}' is not known; there are rt-app, text, perfetto and ktstr",
              command.format);
}

Result<Imported> from_file(const WorkImportCommand& command) {
  const fs::path path = command.file;
  KTSTR_TRY_ASSIGN(const InputFile file, InputFile::open(path));
  const ByteSpan bytes = file.bytes.bytes();
  const std::string name = path.stem().string();
  const auto format = format_of(command, bytes);
  if (!format) return Error(format.error()).context(command.file);
  const auto imported = [&]() -> Result<Imported> {
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
    }
    return fail(ErrorCode::kInternal, "no such format");
  }();
  if (!imported) return Error(imported.error()).context(command.file);
  return imported;
}

// The body of it, on a machine as its own.
Result<Imported> from_run(const WorkImportCommand& command) {
  if (!command.format.empty() && command.format != to_string(RecordingFormat::kOwn))
    return fail(ErrorCode::kInvalidArgument, "'{}' is no file, and of a run there is a trace of ktstr alone",
                command.file);
  const RunnerEnvironment environment = RunnerEnvironment::from_process();
  KTSTR_TRY(has_directories(environment));
  KTSTR_TRY_ASSIGN(const fs::path run, find_run(environment.state_dir, command.file));
  const auto held = hold_run(run);
  if (!held) return held.error();
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
  const auto imported = means_a_run(command.file) ? from_run(command) : from_file(command);
  if (!imported) return report_error(users_mistake(imported.error()));
  for (const std::string& note : imported->notes) log_warn("{}: {}", command.file, note);
  const Status written =
      command.output.empty() ? print_out(imported->toml) : write_text(command.output, imported->toml);
  return written ? kExitOk : report_error(users_mistake(written.error()));
}

}  // namespace ktstr::cli
