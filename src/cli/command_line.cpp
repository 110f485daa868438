// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <memory>

#include "base/text/duration.h"
#include "cli/host_options.h"
#include "cli/run_request.h"
#include "trace/probes/user_probes.h"

namespace ktstr::cli {

namespace {

// Words after the first "--" are the test's own and never reach the parser.
struct SplitArguments {
  std::vector<std::string> ours;
  std::vector<std::string> tests;
};

SplitArguments split_at_double_dash(const std::vector<std::string>& arguments) {
  const auto dash = std::find(arguments.begin(), arguments.end(), "--");
  SplitArguments split;
  split.ours.assign(arguments.begin(), dash);
  if (dash != arguments.end()) split.tests.assign(dash + 1, arguments.end());
  return split;
}

// CLI11 2.1 takes an empty word for a missing value: it travels through the parser as this.
constexpr std::string_view kEmptyWord = "\x01";

std::string veiled(const std::string& word) {
  const bool empty_value = word.starts_with("--") && word.find('=') == word.size() - 1;
  return word.empty() || empty_value ? word + std::string(kEmptyWord) : word;
}

std::string unveiled(const std::string& word) { return word == kEmptyWord ? std::string() : word; }

// Into a std::string or an optional one.
template <typename Text>
CLI::Option* add_text(CLI::App& app, const std::string& name, Text& into, const std::string& type,
                      const std::string& description) {
  const auto store = [&into](const std::string& word) { into = unveiled(word); };
  return app.add_option_function<std::string>(name, store, description)->type_name(type);
}

// Flags of settings, and their values.
class SettingFlags {
 public:
  // With `many_values` it may be given several times.
  void add(CLI::App& app, const Setting& setting, const char* help, bool many_values = false) {
    const auto keep = [this, &setting](std::string word) { words_.emplace_back(&setting, std::move(word)); };
    if (*setting.type != '\0')
      app.add_option_function<std::vector<std::string>>(
             setting.flags,
             [keep](const std::vector<std::string>& words) {
               for (const std::string& word : words) keep(unveiled(word));
             },
             help)
          ->type_name(setting.type)
          ->expected(1)
          ->multi_option_policy(many_values ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
    else
      app.add_flag_function(
          setting.flags,
          [keep](std::int64_t times) {
            if (times > 0) keep(std::to_string(times));
          },
          help);
  }
  void add(CLI::App& app, const Setting& setting) { add(app, setting, setting.help); }
  void add_all(CLI::App& app) {
    for (const Setting& setting : settings()) add(app, setting, setting.help, setting.is_axis);
    app.footer(
        "--scheduler, --topology, --kernel and --work-type may be given several times: each combination is run.\n"
        "Words after -- are given to the test (Ctx::args()).");
  }

  Result<RunOptions> options(std::vector<std::string> args) const {
    RunOptions options;
    options.args = std::move(args);
    for (const auto& [setting, word] : words_) KTSTR_TRY(options.give(*setting, word));
    KTSTR_TRY(check_together(options));
    if (options.gives("--host")) KTSTR_TRY(check_host_options(options));
    return options;
  }

 private:
  std::vector<std::pair<const Setting*, std::string>> words_;
};

// Parses; a text to show instead of running, or an empty one.
Result<ShowText> parse(CLI::App& app, std::vector<std::string> arguments) {
  std::transform(arguments.begin(), arguments.end(), arguments.begin(), veiled);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the end
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return ShowText{app.help()};
  } catch (const CLI::CallForAllHelp&) {
    return ShowText{app.help("", CLI::AppFormatMode::All)};
  } catch (const CLI::CallForVersion& version) {
    return ShowText{std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    const std::string command = chosen.empty() ? app.get_name() : app.get_name() + " " + chosen.front()->get_name();
    const std::vector<std::string> extras = app.remaining(true);
    const std::string what = extras.empty() ? error.what() : fmt::format("not understood: {}", fmt::join(extras, " "));
    return fail(ErrorCode::kInvalidArgument, "{}", what)
        .with_hint(fmt::format("'{} --help' shows what is understood", command));
  }
  return ShowText{};
}

constexpr int kMostReplays = 1'000'000;

struct ReplayFlags {
  CLI::App* replay;
  ReplayCommand command;
  std::string with, until;
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

// None for a flag that was not given.
Result<std::optional<double>> seconds_of(std::string_view flag, const std::string& text) {
  if (text.empty()) return std::optional<double>();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value < 1e9))
    return fail(ErrorCode::kInvalidArgument, "{} '{}' is not a number of seconds, as 0.812", flag, text);
  return std::optional(value);
}

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

// A number from 1 to `most`.
Result<std::uint64_t> count_of(std::string_view flag, const std::string& text, std::uint64_t by_default,
                               std::uint64_t most) {
  if (text.empty()) return by_default;
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > most)
    return fail(ErrorCode::kInvalidArgument, "{} '{}' is not a number from 1 to {}", flag, text, most);
  return count;
}

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
    add_text(*races, "--explain", command.explain, "RUN",
             "instead: tell which CPU stood where in a run that was forced");
    add_text(*races, "--runs", runs, "N", "forced runs at most; default: 60");
    add_text(*races, "--budget", budget, "D", "begin no more forced runs after so much time of this machine: 5m");
    races->add_flag("!--no-shorten", command.shorten,
                    "leave a race as it was found, with all its holds and all of the test");
    races->add_flag("--resume", command.resume,
                    "do not make those runs again that the last search of this test has made");
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
    if (!result.options.axes(false).empty())
      return Error(ErrorCode::kInvalidArgument, "races are looked for on one machine, with one scheduler")
          .with_hint("give each flag once");
    return Command(std::move(result));
  }
};

struct KernelCommands {
  CLI::App* kernel;
  CLI::App* fetch;
  CLI::App* list;
  CLI::App* remove;
  CLI::App* path;
  KernelFetchCommand fetch_command;
  KernelListCommand list_command;
  KernelRemoveCommand remove_command;
  KernelPathCommand path_command;

  explicit KernelCommands(CLI::App& app)
      : kernel(app.add_subcommand("kernel", "kernels to boot: fetch, list, remove")),
        fetch(kernel->add_subcommand("fetch", "download a kernel from Debian's archive into the cache")),
        list(kernel->add_subcommand("list", "what is in the cache")),
        remove(kernel->add_subcommand("remove", "take a kernel out of the cache")),
        path(kernel->add_subcommand("path", "print the path of the vmlinux that --kernel SPEC would boot")) {
    kernel->require_subcommand(1);
    add_text(*fetch, "what", fetch_command.what, "SUITE|VERSION",
             "a suite (trixie-backports, sid) or a version (6.12, 7.3); default: the newest with sched_ext");
    list->add_flag("--json", list_command.json, "as JSON");
    add_text(*remove, "key", remove_command.key, "KEY", "as 'ktstr kernel list' shows it")->required();
    add_text(*path, "spec", path_command.spec, "SPEC",
             "as --kernel takes it; default: the kernel that is used without one");
  }

  Command command() const {
    if (*fetch) return fetch_command;
    if (*list) return list_command;
    if (*remove) return remove_command;
    return path_command;
  }
};

struct WarmCommands {
  CLI::App* warm;
  CLI::App* list;
  CLI::App* build;
  CLI::App* clean;
  WarmListCommand list_command;
  WarmCleanCommand clean_command;
  std::vector<std::string> topologies;
  SettingFlags flags;

  explicit WarmCommands(CLI::App& app)
      : warm(app.add_subcommand("warm", "images of booted machines that runs continue: list, build, clean")),
        list(warm->add_subcommand("list", "what is in the cache")),
        build(warm->add_subcommand("build", "boot machines now, so that no run has to")),
        clean(warm->add_subcommand("clean", "remove images that no run uses")) {
    warm->require_subcommand(1);
    list->add_flag("--json", list_command.json, "as JSON");
    build->add_option("--topology", topologies, "a machine's topology, as of a run; may be repeated; default: 1n1l2c1t")
        ->type_name("NnNlNcNt")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    flags.add(*build, setting_of("--kernel"));
    flags.add(*build, setting_of("--mode"), "as of a run");
    for (const char* flag : {"--memory", "--shift", "--verbose"}) flags.add(*build, setting_of(flag));
    clean->add_option("digests", clean_command.digests, "as 'ktstr warm list' shows them; default: all")
        ->type_name("DIGEST");
  }

  Result<Command> interpreted() const {
    if (*list) return Command(list_command);
    if (*clean) {
      WarmCleanCommand result = clean_command;
      std::transform(result.digests.begin(), result.digests.end(), result.digests.begin(), unveiled);
      return Command(std::move(result));
    }
    WarmBuildCommand command;
    KTSTR_TRY_ASSIGN(command.options, flags.options({}));
    for (const std::string& text : topologies) {
      KTSTR_TRY_ASSIGN(const Topology topology, Topology::parse(unveiled(text)).context("--topology"));
      command.topologies.push_back(topology);
    }
    return Command(std::move(command));
  }
};

// `try` is a run of a scenario that is made for it.
struct WorkCommands {
  CLI::App* work;
  CLI::App* list;
  CLI::App* show;
  CLI::App* import;
  CLI::App* try_out;
  WorkListCommand list_command;
  WorkShowCommand show_command;
  WorkImportCommand import_command;
  std::string tried, from, to, tasks;
  SettingFlags flags;

  explicit WorkCommands(CLI::App& app)
      : work(app.add_subcommand("work", "work types, what workers can do: list, show, try, import")),
        list(work->add_subcommand("list", "all there are, with what each does to a scheduler")),
        show(work->add_subcommand("show", "one of them: what it measures, its parameters and their ranges")),
        import(work->add_subcommand("import",
                                    "write a file of rt-app, a recorded trace, or a dump of sched_ext as a "
                                    "scenario file")),
        try_out(work->add_subcommand("try", "run one of them for a second, alone, and print what it measured")) {
    work->require_subcommand(1);
    list->add_flag("--json", list_command.json, "as JSON");
    add_text(*show, "name", show_command.name, "NAME", "as 'ktstr work list' shows it")->required();
    add_text(
        *import, "file", import_command.file, "FILE|ID",
        "rt-app's JSON; sched_switch and sched_waking as perf script, trace-cmd report or ftrace print them; a "
        "trace of Perfetto; a log with a dump of sched_ext, or - for stdin; or a run of ktstr with a trace (or, with "
        "--format dump, a dump), by its id, 'last' or its directory")
        ->required();
    add_text(*import, "-o,--output", import_command.output, "FILE.toml", "where to; default: stdout");
    add_text(*import, "--format", import_command.format, "FORMAT",
             "rt-app, text, perfetto, ktstr or dump; default: what the file looks like");
    add_text(*import, "--from", from, "SECONDS",
             "of a trace what happened from this time, in seconds after its first event, or into the body of a run");
    add_text(*import, "--to", to, "SECONDS", "... up to this time");
    import
        ->add_option("--task", import_command.tasks,
                     "of a trace the tasks of this name, or with this pid; may be repeated; default: all")
        ->type_name("NAME|PID")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_text(*import, "--tasks", tasks, "N", "of a trace that many, those with the most CPU time; default: 16");
    add_text(*try_out, "type", tried, "TYPE", "NAME, or with parameters \"NAME(burst=1ms, sleep=2ms)\"")->required();
    flags.add_all(*try_out);
  }

  Result<Command> interpreted(std::vector<std::string> tests) const {
    if (*list) return Command(list_command);
    if (*show) return Command(show_command);
    if (*import) return imported();
    RunCommand run;
    run.file = std::string(kWorkPrefix) + tried;
    KTSTR_TRY_ASSIGN(run.options, flags.options(std::move(tests)));
    return Command(std::move(run));
  }

 private:
  Result<Command> imported() const {
    WorkImportCommand result = import_command;
    KTSTR_TRY_ASSIGN(result.from_s, seconds_of("--from", from));
    KTSTR_TRY_ASSIGN(result.to_s, seconds_of("--to", to));
    std::transform(result.tasks.begin(), result.tasks.end(), result.tasks.begin(), unveiled);
    if (result.from_s && result.to_s && *result.from_s > *result.to_s)
      return fail(ErrorCode::kInvalidArgument, "--from is later than --to");
    if (tasks.empty()) return Command(std::move(result));
    KTSTR_TRY_ASSIGN(result.most_tasks, count_of("--tasks", tasks, 0, 1024));
    return Command(std::move(result));
  }
};

struct SchedulersFlags {
  CLI::App* schedulers;
  SchedulersCommand command;
  std::string file;

  explicit SchedulersFlags(CLI::App& app)
      : schedulers(app.add_subcommand("schedulers", "the schedulers that ktstr.toml, here or above, declares")) {
    add_text(*schedulers, "name", command.name, "NAME", "one of them; default: all");
    add_text(*schedulers, "--file", file, "FILE.toml", "a scenario file: those that it declares and finds as well");
    schedulers->add_flag("--json", command.json, "as JSON");
  }

  Command interpreted() const {
    SchedulersCommand result = command;
    result.file = file;
    return result;
  }
};

// `ktstr test PROGRAM ...`: the words after PROGRAM are the program's, whatever they look like.
bool is_test_command(const std::vector<std::string>& arguments) {
  return arguments.size() >= 2 && arguments[0] == "test" && !arguments[1].starts_with("-");
}

}  // namespace

std::string version_text() { return "ktstr " KTSTR_VERSION; }

Result<Command> parse_command_line(const std::vector<std::string>& arguments) {
  if (is_test_command(arguments)) return Command(TestCommand{arguments[1], {arguments.begin() + 2, arguments.end()}});

  CLI::App app("Tests Linux process schedulers in real kernels.", "ktstr");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);

  CLI::App* run = app.add_subcommand("run", "run a scenario file");
  RunCommand run_command;
  SettingFlags flags;
  std::string file;
  add_text(*run, "file", file, "FILE.toml|:NAME", "scenario file, or a canned scenario (see ktstr scenarios)")
      ->required();
  flags.add_all(*run);

  const ReplayFlags replay(app);
  const TraceFlags trace(app);
  const WhyFlags why(app);
  const RacesFlags races(app);

  std::string program;
  CLI::App* test = app.add_subcommand("test", "run the tests of a program that links ktstr::main");
  add_text(*test, "program", program, "PROGRAM", "the test program")->required();
  test->footer("Everything after PROGRAM is given to it; 'ktstr test PROGRAM --help' shows what it understands.");

  const KernelCommands kernel(app);
  const WarmCommands warm(app);

  const WorkCommands work(app);

  ScenariosCommand scenarios_command;
  CLI::App* scenarios = app.add_subcommand("scenarios", "the canned scenarios, for ktstr run :NAME");
  scenarios->add_flag("--json", scenarios_command.json, "as JSON");

  const SchedulersFlags schedulers(app);

  DoctorCommand doctor_command;
  CLI::App* doctor = app.add_subcommand("doctor", "what this machine has of what is needed, and how to get the rest");
  doctor->add_flag("--json", doctor_command.json, "as JSON");

  CLI::App* version = app.add_subcommand("version", "print the version");

  SplitArguments split = split_at_double_dash(arguments);
  KTSTR_TRY_ASSIGN(ShowText show, parse(app, std::move(split.ours)));
  if (!show.text.empty()) return Command(std::move(show));
  if (!*run && !*races.races && !*work.try_out && !split.tests.empty())
    return fail(ErrorCode::kInvalidArgument, "only 'ktstr run', 'ktstr races' and 'ktstr test' take words after --");
  if (*version) return Command(ShowText{version_text() + "\n"});
  if (*scenarios) return Command(scenarios_command);
  if (*schedulers.schedulers) return schedulers.interpreted();
  if (*doctor) return Command(doctor_command);
  if (*replay.replay) return replay.interpreted();
  if (*trace.trace) return trace.interpreted();
  if (*why.why) return Command(why.command);
  if (*races.races) return races.interpreted(std::move(split.tests));
  if (*kernel.kernel) return kernel.command();
  if (*warm.warm) return warm.interpreted();
  if (*work.work) return work.interpreted(std::move(split.tests));
  if (*test) return Command(TestCommand{program, {}});
  run_command.file = file;
  KTSTR_TRY_ASSIGN(run_command.options, flags.options(std::move(split.tests)));
  return Command(std::move(run_command));
}

Result<std::variant<ShowText, TestProgramCommand>> parse_test_program_arguments(
    const std::string& program_name, const std::vector<std::string>& arguments) {
  using Parsed = std::variant<ShowText, TestProgramCommand>;
  CLI::App app("Scheduler tests, each in a real kernel of its own.", program_name);
  app.set_version_flag("--version", version_text());
  TestProgramCommand command;
  SettingFlags flags;
  app.add_flag("--list", command.list, "print the names of the tests; with --json, what each asks for");
  add_text(app, "--filter", command.filter, "GLOB[:GLOB]",
           "run the tests whose names match one of these patterns (* and ?)");
  flags.add_all(app);

  SplitArguments split = split_at_double_dash(arguments);
  KTSTR_TRY_ASSIGN(ShowText show, parse(app, std::move(split.ours)));
  if (!show.text.empty()) return Parsed(std::move(show));
  KTSTR_TRY_ASSIGN(command.options, flags.options(std::move(split.tests)));
  return Parsed(std::move(command));
}

}  // namespace ktstr::cli
