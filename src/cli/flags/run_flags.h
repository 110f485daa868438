// SPDX-License-Identifier: Apache-2.0
//
// The subcommands about kept runs, and the search for races: replay, trace, why, races.
#pragma once

#include "base/text/duration.h"
#include "cli/flags/setting_flags.h"
#include "trace/probes/user_probes.h"

namespace ktstr::cli {

inline constexpr int kMostReplays = 1'000'000;

struct ReplayFlags {
  CLI::App* replay;
  ReplayCommand command;
  std::string with, until;
  std::vector<std::string> show;
  std::optional<std::string> kernel;

  explicit ReplayFlags(CLI::App& app)
      : replay(app.add_subcommand("replay", "run a kept run once more, with the inputs as they were")) {
    add_text(*replay, "run", command.run, "ID",
             "the id of a run or its beginning, 'last', 'last-failed', or the path of a run's directory")
        ->required();
    replay->add_option("--times", command.times, "replay it N times")
        ->type_name("N")
        ->check(CLI::Range(1, kMostReplays));
    add_text(*replay, "--with", with, "console,events",
             "show more of it, which does not disturb it: the whole serial console, every event with its guest time");
    add_text(*replay, "--probe", command.probes, "LIST",
             "record calls of these functions too, as `ktstr run --probe`: the run is the same");
    replay->add_flag("--trace", command.trace,
                     "of a run in kvm or tcg mode: have the guest's kernel trace itself for `ktstr trace`");
    replay->add_flag("--current", command.current,
                     "with the scheduler, test program, files and agent as they are now; says which have changed");
    add_text(*replay, "--until", until, "TIME",
             "stop the guest there and let it stand still: 1.5s after the body's start, or fail, fail-20ms, fail+20ms");
    replay
        ->add_option(
            "--show", show,
            "with --until: print a variable of the kernel, of a task, or of the BPF scheduler (bpf:NAME), and end: "
            "'runqueues[1].curr->comm', 'task[107].scx.slice'")
        ->type_name("EXPRESSION")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    replay->add_flag("--gdb", command.gdb,
                     "with --until: open a gdbstub, and write a script that gives gdb the kernel's symbols");
    add_text(*replay, "--kernel", kernel, "PATH|KEY|VERSION", "where the recorded kernel is, or another one");
    replay->add_flag("--anyway", command.anyway, "also with another QEMU or kernel: the digest may differ");
    replay->add_flag("--json", command.json, "machine-readable results on stdout");
    replay->add_flag("-v,--verbose", command.verbosity, "say what is being done; twice: and why");
  }

  Result<Command> interpreted() const {
    ReplayCommand result = command;
    if (kernel) {
      KTSTR_TRY_ASSIGN(result.kernel, parse_kernel(*kernel));
    }
    if (!result.probes.empty()) {
      KTSTR_TRY(parse_user_probes(result.probes).context("--probe"));
    }
    if (!until.empty()) {
      KTSTR_TRY_ASSIGN(result.until, StopTime::parse(until).context("--until"));
      if (result.times > 1) return fail(ErrorCode::kInvalidArgument, "--until stops one replay: leave --times out");
    }
    for (const std::string& text : show) {
      KTSTR_TRY_ASSIGN(Expression expression, Expression::parse(unveiled(text)).context("--show"));
      result.show.push_back(std::move(expression));
    }
    if (!result.show.empty() && until.empty())
      return Error(ErrorCode::kInvalidArgument, "--show reads a guest that stands still")
          .with_hint("say where with --until: --until fail-20ms --show 'runqueues.nr_running'");
    if (result.gdb && until.empty())
      return Error(ErrorCode::kInvalidArgument, "--gdb looks at a guest that stands still")
          .with_hint("say where with --until: --until fail-20ms --gdb");
    for (std::size_t from = 0; from < with.size();) {
      const std::size_t comma = std::min(with.find(',', from), with.size());
      const std::string word = with.substr(from, comma - from);
      if (word == "console")
        result.with_console = true;
      else if (word == "events")
        result.with_events = true;
      else
        return fail(ErrorCode::kInvalidArgument, "--with '{}': no such evidence; accepted: console, events", word);
      from = comma + 1;
    }
    return Command(std::move(result));
  }
};

struct TraceFlags {
  CLI::App* trace;
  TraceCommand command;
  bool text = false, json = false, pftrace = false;
  std::string from, to;

  explicit TraceFlags(CLI::App& app) : trace(app.add_subcommand("trace", "what a recorded run's guest did")) {
    add_text(*trace, "run", command.run, "ID",
             "the id of a run or its beginning, 'last', 'last-failed', or the path of a run's directory")
        ->required();
    add_text(*trace, "-o,--output", command.output, "FILE",
             "where to; default: trace.pftrace in the run's directory, text and JSON to stdout");
    CLI::Option* const as_pftrace =
        trace->add_flag("--pftrace", pftrace, "for ui.perfetto.dev and trace_processor; the default");
    CLI::Option* const as_text =
        trace->add_flag("--text", text, "one line a task's time on a CPU, as perf sched timehist has it")
            ->excludes(as_pftrace);
    trace->add_flag("--json", json, "one JSON object an event, a line each")->excludes(as_pftrace)->excludes(as_text);
    trace
        ->add_flag("--accounts", command.accounts,
                   "what each task, CPU and cgroup had of the body's time, as a table, or with --json as JSON")
        ->excludes(as_pftrace)
        ->excludes(as_text);
    const std::string_view of_window =
        "only what happened {} this time, in guest seconds into the body; not for Perfetto";
    add_text(*trace, "--from", from, "SECONDS", fmt::format(fmt::runtime(of_window), "from"));
    add_text(*trace, "--to", to, "SECONDS", fmt::format(fmt::runtime(of_window), "up to"));
    add_text(
        *trace, "--beside", command.beside, "ID",
        "another run, as a failing seed's and a passing one's: both in one file for Perfetto, from the beginning of "
        "their bodies on the same time line");
    trace->add_flag("-v,--verbose", command.verbosity, "say also what could not be recorded");
  }

  Result<Command> interpreted() const {
    TraceCommand result = command;
    KTSTR_TRY_ASSIGN(result.from_s, seconds_of("--from", from));
    KTSTR_TRY_ASSIGN(result.to_s, seconds_of("--to", to));
    if (result.from_s && result.to_s && *result.from_s > *result.to_s)
      return fail(ErrorCode::kInvalidArgument, "--from is later than --to");
    if ((result.from_s || result.to_s) && !text && !json && !command.accounts)
      return Error(ErrorCode::kInvalidArgument, "a trace for Perfetto is always the whole one")
          .with_hint("leave --from and --to out, or look at it with --text, --json or --accounts");
    if (!result.beside.empty() && (text || json || command.accounts))
      return Error(ErrorCode::kInvalidArgument, "two runs are shown beside each other in a trace for Perfetto")
          .with_hint("leave --beside out, or --text, --json and --accounts");
    if (text) result.format = TraceCommand::Format::kText;
    if (json) result.format = TraceCommand::Format::kJson;
    return Command(std::move(result));
  }
};

struct WhyFlags {
  CLI::App* why;
  WhyCommand command;

  explicit WhyFlags(CLI::App& app) : why(app.add_subcommand("why", "why a run failed: the story on one screen")) {
    add_text(
        *why, "run", command.run, "ID",
        "the id of a run or its beginning, 'last', 'last-failed', or the path of a run's directory; default: last");
    why->add_flag("--replay", command.replay,
                  "replay it with probes first, and show the last calls of the scheduler's callbacks too");
    why->add_flag("--json", command.json, "as JSON");
  }
};

struct RunsCommands {
  CLI::App* runs;
  CLI::App* list;
  CLI::App* show;
  CLI::App* export_runs;
  CLI::App* clean;
  RunsListCommand list_command;
  RunsShowCommand show_command;
  RunsExportCommand export_command;
  RunsCleanCommand clean_command;
  std::string most, keep;
  std::vector<std::string> reports;

  explicit RunsCommands(CLI::App& app)
      : runs(app.add_subcommand("runs", "runs that are kept: list, show, export, clean")),
        list(runs->add_subcommand("list", "the newest, with how each ended")),
        show(runs->add_subcommand("show", "the report of one")),
        export_runs(runs->add_subcommand("export", "results for other programs, as ktstr run --report writes them")),
        clean(runs->add_subcommand("clean", "remove runs that nobody uses")) {
    runs->require_subcommand(1);
    constexpr const char* kRun = "the id of a run or its beginning, 'last', 'last-failed'";
    for (const auto& [command, wanted] :
         {std::pair(list, &list_command.wanted), std::pair(export_runs, &export_command.wanted)}) {
      command->add_flag("--failed", wanted->failed, "those that did not pass");
      add_text(*command, "--test", wanted->test, "GLOB[:GLOB]", "of tests whose names match (* and ?)");
    }
    add_text(*list, "-n", most, "N", "that many; default: 20");
    list->add_flag("--json", list_command.json, "all of them, as JSON");
    add_text(*show, "run", show_command.run, "ID", fmt::format("{}; default: last", kRun));
    show->add_flag("-v,--verbose", show_command.verbose, "every worker, every check, whole logs");
    show->add_flag("--json", show_command.json, "its result.json");
    export_runs->add_option("runs", export_command.runs, kRun)->type_name("ID");
    export_runs->add_option("--report", reports, "as of ktstr run; default: csv:-")
        ->type_name("FORMAT:FILE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    clean->add_option("runs", clean_command.runs, kRun)->type_name("ID");
    add_text(*clean, "--keep", keep, "N", "all but the newest N");
    clean->add_flag("--all", clean_command.all, "all of them");
  }

  Result<Command> interpreted() const {
    constexpr std::uint64_t kMostRuns = 1'000'000;
    if (*list) {
      RunsListCommand result = list_command;
      KTSTR_TRY_ASSIGN(result.most, count_of("-n", most, result.most, kMostRuns));
      return Command(std::move(result));
    }
    if (*show) return Command(show_command);
    if (*clean) {
      RunsCleanCommand result = clean_command;
      std::transform(result.runs.begin(), result.runs.end(), result.runs.begin(), unveiled);
      KTSTR_TRY_ASSIGN(result.keep, count_of("--keep", keep, 0, kMostRuns));
      const int said = (result.runs.empty() ? 0 : 1) + (keep.empty() ? 0 : 1) + (result.all ? 1 : 0);
      if (said != 1)
        return Error(ErrorCode::kInvalidArgument, "which runs are to go?")
            .with_hint("give their ids, --keep N for all but the newest N, or --all");
      return Command(std::move(result));
    }
    RunsExportCommand result = export_command;
    std::transform(result.runs.begin(), result.runs.end(), result.runs.begin(), unveiled);
    for (const std::string& text : reports.empty() ? std::vector<std::string>{"csv:-"} : reports) {
      KTSTR_TRY_ASSIGN(ReportTarget target, ReportTarget::parse(unveiled(text)).context("--report"));
      result.reports.push_back(std::move(target));
    }
    return Command(std::move(result));
  }
};

struct ReportFlags {
  CLI::App* report;
  ReportCommand command;

  explicit ReportFlags(CLI::App& app)
      : report(app.add_subcommand("report",
                                  "kept runs as one HTML page: timelines, waits, checks, two beside each other")) {
    report
        ->add_option("runs", command.runs, "the ids of runs or their beginnings, 'last', 'last-failed'; default: last")
        ->type_name("ID");
    add_text(*report, "-o,--output", command.output, "FILE", "where to; default: report.html");
    report->add_flag("--all", command.all, "all that are kept");
    report->add_flag("--failed", command.wanted.failed, "all that did not pass");
    add_text(*report, "--test", command.wanted.test, "GLOB[:GLOB]", "all of tests whose names match (* and ?)");
  }

  Result<Command> interpreted() const {
    ReportCommand result = command;
    std::transform(result.runs.begin(), result.runs.end(), result.runs.begin(), unveiled);
    result.all = result.all || result.wanted.failed || result.wanted.test != "*";
    if (result.all && !result.runs.empty())
      return Error(ErrorCode::kInvalidArgument, "which runs: the named ones, or all of a kind?")
          .with_hint("give their ids, or --all, --failed or --test");
    return Command(std::move(result));
  }
};

struct RacesFlags {
  CLI::App* races;
  RacesCommand command;
  std::string file, runs, tries, budget;
  SettingFlags flags;

  explicit RacesFlags(CLI::App& app)
      : races(app.add_subcommand("races",
                                 "find races in a BPF scheduler: watch one run, then force what could go "
                                 "wrong")) {
    add_text(*races, "file", file, "FILE.toml|:NAME", "scenario file, or a canned scenario: a test that passes");
    add_text(*races, "--explain", command.explain, "RUN", "instead: show which CPU was held where in a forced run");
    add_text(*races, "--runs", runs, "N", "forced runs at most; default: 60");
    add_text(*races, "--budget", budget, "D", "start no forced run after this much host time: 5m");
    races->add_flag("!--no-shorten", command.shorten, "do not shorten the schedule and the test of a failure");
    races->add_flag("--resume", command.resume, "reuse the runs that the last search of this test made");
    add_text(*races, "--tries", tries, "N", "runs of each candidate, each with another seed; default: 3");
    races->add_flag("--first", command.first_only, "stop when one has been found");
    flags.add_all(*races);
  }

  Result<Command> interpreted(std::vector<std::string> tests) const {
    constexpr std::uint64_t kMostRuns = 1'000'000;
    RacesCommand result = command;
    KTSTR_TRY_ASSIGN(result.options, flags.options(std::move(tests)));
    if (!result.explain.empty()) return Command(std::move(result));
    if (file.empty())
      return Error(ErrorCode::kInvalidArgument, "which test? No file is given")
          .with_hint("ktstr races FILE.toml, or --explain RUN for a run that was forced");
    result.file = file;
    if (!budget.empty()) {
      KTSTR_TRY_ASSIGN(result.budget, parse_duration(budget));
    }
    KTSTR_TRY_ASSIGN(result.most_runs, count_of("--runs", runs, result.most_runs, kMostRuns));
    KTSTR_TRY_ASSIGN(result.tries, count_of("--tries", tries, result.tries, kMostRuns));
    if (result.options.seeds || result.options.repeat > 1)
      return Error(ErrorCode::kInvalidArgument, "races are looked for from one run on")
          .with_hint(
              "leave --seeds and --repeat out; --seed N says which run, --tries with how many seeds each "
              "candidate is forced");
    if (result.options.gives("--hold"))
      return Error(ErrorCode::kInvalidArgument, "which CPU is to be held is what is looked for")
          .with_hint("leave --hold out; ktstr run takes it");
    if (!result.options.reports.empty())
      return Error(ErrorCode::kInvalidArgument, "--report is about the runs of tests")
          .with_hint("leave it out; --json gives all candidates of a search");
    if (!result.options.axes(false).empty())
      return Error(ErrorCode::kInvalidArgument, "races are looked for on one machine, with one scheduler")
          .with_hint("give each flag once");
    return Command(std::move(result));
  }
};

}  // namespace ktstr::cli
