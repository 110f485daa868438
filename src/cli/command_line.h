// SPDX-License-Identifier: Apache-2.0
//
// From argv to what is asked for. Only command_line.cpp knows the library that does the parsing; nothing here runs,
// prints or exits.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cli/run_options.h"
#include "runner/replay/time_travel.h"

namespace ktstr::cli {

// Help and version: for stdout, exit 0.
struct ShowText {
  std::string text;
};
struct RunCommand {
  std::filesystem::path file;
  RunOptions options;
};
struct ReplayCommand {
  std::string run;     // as find_run() takes it
  std::string kernel;  // empty: the recorded one
  std::string probes;  // as RunRequest has them
  bool trace = false;  // as there
  int times = 1;
  bool anyway = false;
  bool current = false;
  bool with_console = false, with_events = false;
  std::optional<StopTime> until;  // where to stop it for good
  bool gdb = false;
  std::vector<Expression> show;  // read where it is stopped
  bool json = false;
  int verbosity = 0;
};
// A run's trace, for a viewer, a person or a program.
struct TraceCommand {
  enum class Format { kPerfetto, kText, kJson } format = Format::kPerfetto;
  std::string run;                     // as find_run() takes it
  std::string beside;                  // another run, in the same file for Perfetto; empty: none
  bool accounts = false;               // what each task, CPU and cgroup had, as a table or as JSON
  std::string output;                  // a file; empty: trace.pftrace in the run's directory, or stdout
  std::optional<double> from_s, to_s;  // what of it, in guest seconds into the body; none: all
  int verbosity = 0;
};
// The story of a run's failure.
struct WhyCommand {
  std::string run = "last";  // as find_run() takes it
  bool replay = false;       // replay it with probes first
  bool json = false;
};
// Races of a scenario's BPF scheduler.
struct RacesCommand {
  std::filesystem::path file;
  RunOptions options;                              // with neither seeds nor repeats
  std::uint64_t most_runs = 60;                    // forced
  std::uint64_t tries = 3;                         // of each candidate
  std::optional<std::chrono::nanoseconds> budget;  // of host time
  bool first_only = false;
  bool shorten = true;
  bool resume = false;
  std::string explain;  // a run, in place of a search
};
struct TestCommand {
  std::string program;
  std::vector<std::string> arguments;  // for the program, untouched
};
struct KernelFetchCommand {
  std::string what;
};
struct KernelListCommand {
  bool json = false;
};
struct KernelRemoveCommand {
  std::string key;
};
struct KernelPathCommand {
  std::string spec;
};
struct WarmListCommand {
  bool json = false;
};
struct WarmBuildCommand {
  std::vector<Topology> topologies;  // empty: the smallest
  RunOptions options;                // without a topology
};
struct WarmCleanCommand {
  std::vector<std::string> digests;  // beginnings; empty: all
};
// Kept runs.
struct RunsSelection {
  std::string test = "*";  // as NameFilter has it
  bool failed = false;     // those that did not pass
};
struct RunsListCommand {
  RunsSelection wanted;
  std::size_t most = 20;
  bool json = false;
};
struct RunsShowCommand {
  std::string run = "last";  // as find_run() takes it
  bool verbose = false, json = false;
};
struct RunsExportCommand {
  std::vector<std::string> runs;  // empty: all that are wanted
  RunsSelection wanted;
  std::vector<ReportTarget> reports;
};
// Kept runs as one HTML file.
struct ReportCommand {
  std::vector<std::string> runs;  // empty: those that are wanted, or the last one where nothing is
  RunsSelection wanted;
  bool all = false;  // kept runs that are wanted
  std::string output = "report.html";
};
struct RunsCleanCommand {
  std::vector<std::string> runs;  // empty: all but the newest
  std::size_t keep = 0;
  bool all = false;  // that was said
};
// The canned scenarios.
struct ScenariosCommand {
  bool json = false;
};
// Definitions of schedulers.
struct SchedulersCommand {
  std::string name;            // empty: all
  std::filesystem::path file;  // a scenario file; empty: none
  bool json = false;
};
struct WorkListCommand {
  bool json = false;
};
// One of them, with its parameters and their ranges.
struct WorkShowCommand {
  std::string name;
};
// A file of rt-app, a recorded trace or a dump of sched_ext as a scenario file.
struct WorkImportCommand {
  std::string file;                    // or the id of a run, or "-" for stdin
  std::string output;                  // none: stdout
  std::string format;                  // "": what it looks like
  std::optional<double> from_s, to_s;  // of the recording
  std::vector<std::string> tasks;      // names or pids; empty: all
  std::optional<std::size_t> most_tasks;
};
struct DoctorCommand {
  bool json = false;
};
// A scenario as a script.
struct ExportCommand {
  std::filesystem::path file;  // as RunCommand has it
  RunOptions options;
  std::string output;  // none: stdout
  bool here = false;   // on the CPUs of this machine
  bool strict = false;
};
// A script for a shell, or what may follow the words of a command line.
struct CompletionCommand {
  std::string shell;               // "bash", "zsh" or "fish"; empty: the other one
  std::vector<std::string> words;  // after "ktstr"
};
// Manual pages.
struct ManCommand {
  std::vector<std::string> command;  // {"runs"}; empty: that of ktstr
  std::filesystem::path directory;   // for all pages; empty: the one, on stdout
};
using Command =
    std::variant<ShowText, RunCommand, ReplayCommand, TraceCommand, WhyCommand, RacesCommand, TestCommand,
                 KernelFetchCommand, KernelListCommand, KernelRemoveCommand, KernelPathCommand, WarmListCommand,
                 WarmBuildCommand, WarmCleanCommand, RunsListCommand, RunsShowCommand, RunsExportCommand, ReportCommand,
                 RunsCleanCommand, ScenariosCommand, SchedulersCommand, WorkListCommand, WorkShowCommand,
                 WorkImportCommand, DoctorCommand, ExportCommand, CompletionCommand, ManCommand>;

// `arguments` without the program's name. kInvalidArgument, with where to look it up, for what is not understood.
Result<Command> parse_command_line(const std::vector<std::string>& arguments);

// What a test program is asked for.
struct TestProgramCommand {
  bool list = false;
  std::string filter = "*";
  RunOptions options;
};
Result<std::variant<ShowText, TestProgramCommand>> parse_test_program_arguments(
    const std::string& program_name, const std::vector<std::string>& arguments);

std::string version_text();  // "ktstr 0.1.0"

}  // namespace ktstr::cli
