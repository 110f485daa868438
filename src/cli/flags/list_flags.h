// SPDX-License-Identifier: Apache-2.0
//
// The subcommands about what there is on this machine: kernel, warm, work, schedulers; and export.
#pragma once

#include "cli/flags/setting_flags.h"
#include "cli/run_request.h"

namespace ktstr::cli {

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

struct ExportFlags {
  CLI::App* exported;
  ExportCommand command;
  std::string file;
  SettingFlags flags;

  explicit ExportFlags(CLI::App& app)
      : exported(app.add_subcommand("export", "a scenario as a bash script, for a machine without ktstr")) {
    add_text(*exported, "file", file, "FILE.toml|:NAME", "scenario file, or a canned scenario (see ktstr scenarios)")
        ->required();
    add_text(*exported, "-o,--output", command.output, "FILE", "where to, executable; default: stdout");
    exported->add_flag("--strict", command.strict, "refuse what a shell cannot do in the same way, with a list of it");
    exported->add_flag("--here", command.here, "place it on the CPUs of this machine, in place of a topology's");
    flags.add(*exported, setting_of("--scheduler"), "that the script starts; '' for none. Default: the scenario's");
    for (const char* flag : {"--topology", "--seed", "--duration", "--work-type"})
      flags.add(*exported, setting_of(flag));
    exported->footer("'ktstr run FILE.toml --host' is the exact way to run a scenario on a real machine.");
  }

  Result<Command> interpreted() const {
    ExportCommand result = command;
    result.file = file;
    KTSTR_TRY_ASSIGN(result.options, flags.options({}));
    if (result.here && result.options.gives("--topology"))
      return Error(ErrorCode::kInvalidArgument, "--here takes the topology of this machine")
          .with_hint("leave --topology out, or --here");
    return Command(std::move(result));
  }
};

}  // namespace ktstr::cli
