// SPDX-License-Identifier: Apache-2.0
#include "cli/run_request.h"

#include <fmt/ranges.h>

#include <utility>

#include "base/file.h"
#include "base/text/users_mistake.h"
#include "canned/canned.h"
#include "cli/first_kernel.h"
#include "cli/host_options.h"
#include "cli/load_object.h"
#include "cli/repeat_command.h"
#include "cli/use_definition.h"
#include "engine/guest.h"
#include "engine/guest_memory.h"
#include "engine/qemu/mode.h"
#include "model/scheduler_definition.h"
#include "scenario_file/scenario_file.h"
#include "scenario_file/table_reader.h"
#include "scheduler/command.h"
#include "scheduler/find_definition.h"
#include "scheduler/package.h"
#include "workload/types/work_types.h"

namespace ktstr::cli {

namespace {

constexpr Bytes kLongestScenario = Bytes{16} << 20;

fs::path absolute_path(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

Result<std::string> resolve_scheduler(const std::string& command, RunRequest& request,
                                      const RunnerEnvironment& environment, const fs::path& beside) {
  KTSTR_TRY_ASSIGN(std::vector<std::string> words, split_command(command).context("scheduler"));
  if (words.empty()) return std::string();
  if (is_bpf_object(words.front())) {
    words.front() = absolute_path(words.front()).string();
    return scheduler_command(request, std::move(words), environment);
  }
  const auto program = find_scheduler(words.front(), beside);
  if (!program) return users_mistake(program.error());
  words.front() = absolute_path(*program).string();
  return shell_join(words);
}

// What ops attach.
Status resolve_staged(RunRequest& request, const RunnerEnvironment& environment, const fs::path& beside) {
  if (request.attach_by_op && request.scheduler.empty())
    return fail(ErrorCode::kInvalidArgument, "an op attaches the scheduler under test, and there is none")
        .with_hint("name it: `scheduler = \"PROGRAM ARGS\"` in the file, or --scheduler");
  if (request.scheduler.empty()) request.staged.erase("");  // an op starts anew what another one has attached
  for (auto& [name, staged] : request.staged) {
    if (name.empty()) {
      staged.command = request.scheduler;
    } else if (staged.definition) {
      KTSTR_TRY_ASSIGN(staged.command, command_of_definition(request, *staged.definition, environment, beside));
    } else {
      KTSTR_TRY_ASSIGN(staged.command, resolve_scheduler(staged.command, request, environment, beside));
    }
  }
  return ok();
}

bool is_below(const fs::path& path, const fs::path& directory) {
  const fs::path relative = path.lexically_relative(directory);
  return !relative.empty() && *relative.begin() != "..";
}

Status check_kernel(const RunRequest& request, const KernelImage& image) {
  if (!request.definition || supports_kernel(request.definition->definition, image.release)) return ok();
  const SchedulerDefinition& definition = request.definition->definition;
  return fail(ErrorCode::kInvalidArgument, "{} runs on kernels {}, and this one is {}", place_of(definition),
              fmt::join(definition.kernels, ", "), image.release)
      .with_hint("--kernel names another one; `ktstr kernel list` shows those that are here");
}

Result<std::string> resolve_kernel(const RunRequest& request, const RunnerEnvironment& environment) {
  const std::string& wanted = request.kernel;
  KernelEnvironment kernels;
  kernels.cache_root = environment.cache_dir / "kernels";
  kernels.ktstr_kernel = environment.kernel;
  const bool named = !wanted.empty() || environment.kernel.has_value();
  auto image = named ? select_kernel(kernels, wanted) : default_or_first_kernel(kernels);
  if (!image && named) return users_mistake(std::move(image).error());
  if (!image) return std::move(image).error();
  KTSTR_TRY(check_kernel(request, *image));
  const fs::path vmlinux = absolute_path(image->vmlinux);
  if (is_below(vmlinux, absolute_path(kernels.cache_root))) return image->key;
  return vmlinux.string();
}

}  // namespace

namespace {

// One that has a topology of its own, and no scheduler.
WhoAsks by_flag() { return {.where = "--scheduler", .names_topology = true, .scheduler_by_flag = true}; }

// ":steady". Its checks are its own; it asks of the topology what is best for it.
Result<RunRequest> request_for_canned(const std::string& name, const RunOptions& options) {
  const CannedScenario* canned = find_canned(name.substr(1));
  if (canned == nullptr) {
    std::vector<std::string_view> names;
    for (const CannedScenario& each : canned_scenarios()) names.push_back(each.name);
    const auto meant = closest(name.substr(1), names);
    return fail(ErrorCode::kInvalidArgument, "there is no canned scenario '{}'{}", name,
                meant ? fmt::format("; did you mean ':{}'?", *meant) : "")
        .with_hint("'ktstr scenarios' lists them");
  }
  RunRequest request;
  request.settings.test = canned->name;
  request.scenario_text = name;
  KTSTR_TRY_ASSIGN(request.settings.topology, Topology::parse(canned->topology));
  KTSTR_TRY(apply(options, request));
  if (!request.on_host) KTSTR_TRY(use_definition(request, {}, by_flag()));
  if (const auto type = work_type_from(request.settings.work_type))
    for (const std::string_view module : work_modules(*type)) request.kernel_modules.emplace_back(module);
  return request;
}

// What a scenario file says of its scheduler.
WhoAsks asked_by(const ScenarioFile& file, const RunOptions& options) {
  const auto place = [&](SourcePosition at) { return fmt::format("{}:{}:{}", file.file_name, at.line, at.column); };
  WhoAsks asks{.where = place(file.scheduler_at),
               .config_where = place(file.scheduler_config_at),
               .config = file.scheduler_config,
               .names_topology = file.names_topology || options.gives("--topology"),
               .scheduler_by_flag = options.gives("--scheduler")};
  if (asks.scheduler_by_flag) asks.where = "--scheduler";
  return asks;
}

fs::path directory_of_scenario(const fs::path& file) {
  return file.native().starts_with(kCannedPrefix) ? fs::path() : absolute_path(file).parent_path();
}

// Names and values are ktstr's own texts: nothing in them needs to be quoted.
Result<std::string> scenario_of_work(std::string_view text) {
  KTSTR_TRY_ASSIGN(const WorkType type, work_type_from(text));
  std::string parameters;
  for (const ShownParameter& each : shown_parameters(type))
    parameters += fmt::format(", {} = \"{}\"", each.name, each.value);
  return fmt::format(
      "name = \"{0}\"\ntopology = \"1n1l4c1t\"\nduration = \"1s\"\n\n[[cgroup]]\nname = \"work\"\n"
      "work = {{ type = \"{0}\"{1} }}\n",
      name_of(type), parameters);
}

Result<std::string> text_of(const fs::path& file) {
  if (file.native().starts_with(kWorkPrefix)) return scenario_of_work(file.native().substr(kWorkPrefix.size()));
  auto read = read_text(file, kLongestScenario);
  if (!read) return users_mistake(std::move(read).error()).context("scenario file");
  return *std::move(read);
}

// A failure that must come, and none that may.
Status check_storm(const RunRequest& request) {
  if (!request.settings.checks.survives_storm_on() || request.expect_failure.kind.empty()) return ok();
  return fail(ErrorCode::kInvalidArgument, "{}: survives_storm beside the expected failure '{}'", request.settings.test,
              request.expect_failure.kind)
      .with_hint("a scheduler that survives is expected to pass: leave one of them out");
}

}  // namespace

Result<RunRequest> request_for_file(const fs::path& file, const RunOptions& options) {
  if (file.native().starts_with(kCannedPrefix) && !file.native().starts_with(kWorkPrefix))
    return request_for_canned(file.native(), options);
  KTSTR_TRY_ASSIGN(std::string text, text_of(file));
  KTSTR_TRY_ASSIGN(const ScenarioFile scenario, parse_scenario(text, file.string()));
  RunRequest request{.settings = scenario.settings, .scenario_text = std::move(text)};
  if (!scenario.names_topology) {
    KTSTR_TRY_ASSIGN(request.settings.topology, Topology::parse(kDefaultTopology));
  }
  request.scheduler = scenario.scheduler;
  for (const auto& [name, copies] : scenario.staged_schedulers)
    request.staged[name] = {.command = name, .copies = copies};
  request.attach_by_op = scenario.attach_by_op;
  request.scheduler_include = scenario.scheduler_include;
  request.payloads = scenario.payloads;
  request.expect_failure = scenario.expect_failure;
  request.auto_repro = scenario.auto_repro;
  KTSTR_TRY(apply(options, request));
  if (request.on_host) {
    if (request.scheduler.empty()) return request;  // its cpusets are compared with the machine when it runs
    return fail(ErrorCode::kInvalidArgument, "{}: the file names the scheduler '{}', and host mode loads none",
                file.string(), request.scheduler)
        .with_hint("--scheduler '' runs it on the scheduler that this machine uses");
  }
  KTSTR_TRY(use_definition(request, {.declared = scenario.schedulers, .directory = directory_of_scenario(file)},
                           asked_by(scenario, options)));
  KTSTR_TRY(use_definitions_of_ops(request, {.declared = scenario.schedulers, .directory = directory_of_scenario(file)},
                                   file.string()));
  const Bytes memory =
      request.settings.memory != 0 ? request.settings.memory : memory_by_rule(request.settings.topology);
  KTSTR_TRY(
      check_against(scenario, request.settings, MemoryLayout::plan(request.settings.topology, memory, 0).total()));
  request.kernel_modules = modules_for(scenario, request.settings);
  return request;
}

Result<RunRequest> request_for_test(const TestEntry& test, const fs::path& program, const RunOptions& options,
                                    const std::vector<SchedulerDefinition>& schedulers) {
  const TestAttributes& asked = test.attributes;
  const std::string where = fmt::format("{}:{}: test {}", test.file, test.line, test.name);
  RunRequest request;
  request.settings.test = test.name;
  request.test_binary = absolute_path(program);
  KTSTR_TRY_ASSIGN(request.settings.topology,
                   Topology::parse(asked.topology.empty() ? kDefaultTopology : asked.topology).context(where));
  KTSTR_TRY(asked.expect_failure.validate().context(where + ": expect_failure"));
  if (asked.host_only) KTSTR_TRY(check_host_only_test(asked, options).context(where));
  request.on_host = asked.host_only;
  request.scheduler = asked.scheduler;
  request.attach_by_op = asked.attach_by_op;
  for (const std::string& name : asked.staged_schedulers) request.staged[name] = {.command = name, .copies = 1};
  if (asked.attach_by_op) request.staged[""];
  request.settings.duration = asked.duration;
  request.settings.memory = asked.memory;
  request.settings.cpu_mips = asked.cpu_mips;
  request.settings.cpu_speeds = asked.cpu_speeds;
  request.settings.checks = asked.checks;
  request.kernel = asked.kernel;
  request.include_files = asked.include_files;
  request.payloads = asked.payloads;
  request.expect_failure = asked.expect_failure;
  request.auto_repro = asked.auto_repro;
  KTSTR_TRY(apply(options, request));
  if (options.gives("--host") && !request.scheduler.empty())
    return fail(ErrorCode::kInvalidArgument, "{} names the scheduler '{}', and host mode loads none", where,
                request.scheduler)
        .with_hint("--scheduler '' runs it on the scheduler that this machine uses; --filter leaves it out");
  if (options.gives("--host") && !request.kernel.empty())
    return fail(ErrorCode::kInvalidArgument, "{} names the kernel '{}', and host mode boots none", where,
                request.kernel)
        .with_hint("--filter leaves it out");
  if (request.on_host) return request;
  const WhoAsks asks{.where = where,
                     .config_where = where,
                     .config = asked.scheduler_config,
                     .names_topology = !asked.topology.empty() || options.gives("--topology"),
                     .scheduler_by_flag = options.gives("--scheduler")};
  KTSTR_TRY(use_definition(request, {.declared = schedulers}, asks));
  KTSTR_TRY(use_definitions_of_ops(request, {.declared = schedulers}, where));
  return request;
}

Status resolve(RunRequest& request, const RunnerEnvironment& environment, const fs::path& beside) {
  KTSTR_TRY(check_storm(request));
  if (request.on_host) {
    request.mode = "host";
    return ok();
  }
  if (request.definition) {
    KTSTR_TRY(resolve_definition(request, environment, beside));
  } else {
    KTSTR_TRY_ASSIGN(request.scheduler, resolve_scheduler(request.scheduler, request, environment, beside));
  }
  KTSTR_TRY(resolve_staged(request, environment, beside));
  for (auto* files : {&request.include_files, &request.scheduler_include})
    for (std::string& file : *files) file = absolute_path(file).string();
  KTSTR_TRY_ASSIGN(const Mode mode, resolve_mode(request.mode));
  request.mode = to_string(mode);
  KTSTR_TRY_ASSIGN(request.kernel, resolve_kernel(request, environment));
  return ok();
}

}  // namespace ktstr::cli
