// SPDX-License-Identifier: Apache-2.0
#include "model/scheduler_definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "model/machine_setup.h"

namespace ktstr {

namespace {

constexpr std::string_view kPlaceholder = "{file}";
constexpr std::size_t kMostKernelArguments = 1024;  // of 2048, with ours

bool is_letter_or_digit(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.'; });
}

// What cannot be an argument of a program or a path.
bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }
bool is_no_path(std::string_view text) { return text.empty() || has_nul(text); }

std::string counted(int count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

struct Bound {
  std::string_view least_key, most_key, what;
  std::optional<int> SchedulerConstraints::*least, SchedulerConstraints::*most;
  int (*of)(const Topology& topology);
};

constexpr Bound kBounds[] = {
    {"min_nodes", "max_nodes", "NUMA node", &SchedulerConstraints::min_nodes, &SchedulerConstraints::max_nodes,
     [](const Topology& topology) { return topology.numa_nodes; }},
    {"min_llcs", "max_llcs", "LLC", &SchedulerConstraints::min_llcs, &SchedulerConstraints::max_llcs,
     [](const Topology& topology) { return topology.llcs; }},
    {"min_cpus", "max_cpus", "CPU", &SchedulerConstraints::min_cpus, &SchedulerConstraints::max_cpus,
     [](const Topology& topology) { return topology.cpus(); }},
};

class Rules {
 public:
  explicit Rules(const SchedulerDefinition& definition) : definition_(definition) {}

  std::vector<DefinitionMistake> all() {
    if (!is_name(definition_.name))
      add("",
          fmt::format("'{}' is not a scheduler's name; accepted: letters, digits, '_', '-' and '.'", definition_.name));
    program();
    if (std::any_of(definition_.args.begin(), definition_.args.end(), has_nul))
      add("args", "'args' holds a NUL, which no program can be given");
    if (std::any_of(definition_.include.begin(), definition_.include.end(), is_no_path))
      add("include", "'include' holds a text that is not a path; accepted: paths of files and directories");
    if (definition_.config) config(*definition_.config);
    constraints();
    kernels();
    kernel_arguments();
    settings();
    return std::move(found_);
  }

 private:
  void add(std::string_view key, std::string message) { found_.push_back({key, std::move(message)}); }

  bool has_settings() const { return !definition_.sysctls.empty() || !definition_.writes.empty(); }

  void settings() {
    for (const std::string& each : definition_.sysctls)
      if (const Status sound = check_sysctl(each); !sound) add("sysctls", sound.error().message());
    for (const std::string& each : definition_.writes)
      if (const Status sound = check_write(each); !sound) add("writes", sound.error().message());
    if (definition_.cgroup_parent.empty()) return;
    if (const Status sound = check_cgroup_parent(definition_.cgroup_parent); !sound)
      add("cgroup_parent", sound.error().message());
  }

  void program() {
    if (definition_.program.empty() && has_settings()) return kernels_own();
    if (is_no_path(definition_.program))
      add("program", "'program' names no program; accepted: a path like \"build/scx_mine\", or a name in PATH");
    if (definition_.build.empty() && !definition_.sources.empty())
      add("sources", "'sources' is what 'build' is run for; add build = \"make scx_mine\"");
    if (definition_.build.empty()) return;
    if (has_nul(definition_.build)) add("build", "'build' holds a NUL, which no command can have");
    if (definition_.program.find('/') == std::string::npos)
      add("build", "'build' makes a 'program' that is given by its path, like \"./scx_mine\"");
    if (definition_.sources.empty())
      add("build", "'build' needs 'sources', the files that it is run for when they are newer than the program");
    if (std::any_of(definition_.sources.begin(), definition_.sources.end(), is_no_path))
      add("sources", "'sources' holds a text that is not a path; accepted: paths of files and directories, globs");
  }

  void kernels_own() {
    const bool has_files = !definition_.include.empty() || definition_.config || !definition_.sources.empty();
    if (!definition_.args.empty() || !definition_.build.empty() || has_files)
      add("",
          "without a 'program' it is the kernel's own scheduler, which has no args, build, sources, include and "
          "config");
  }

  void config(const SchedulerConfig& config) {
    if (config.file.empty() && !config.text && config.path.empty())
      return add("config", "'config' needs a 'file', a 'text', or the 'path' of the text that each test gives");
    if (!config.file.empty() && config.text)
      add("config", "'config' has a 'file' and a 'text'; accepted: one of them, its contents");
    if (has_nul(config.file)) add("config", "the 'file' of 'config' is not a path");
    if (!config.path.empty() && !is_guest_path(config.path))
      add("config",
          fmt::format("the 'path' of 'config', '{}', is not a file's path in the guest; accepted: an absolute "
                      "path without '..', like \"/etc/x.json\", outside of /proc, /sys and /dev",
                      config.path));
    if (!config.arg.empty() && config.arg.find(kPlaceholder) == std::string::npos)
      add("config", fmt::format("the 'arg' of 'config', '{}', has no {{file}} for the path", config.arg));
    if (config.arg.empty() && config.path.empty())
      add("config", "'config' says neither by which 'arg' the scheduler is given it nor at which 'path' it looks");
  }

  static bool is_guest_path(std::string_view text) {
    if (has_nul(text) || text.ends_with('/')) return false;
    const std::filesystem::path path(text);
    for (const auto& part : path)
      if (part == "..") return false;
    for (const std::string_view of_kernel : {"/proc/", "/sys/", "/dev/"})
      if (text.starts_with(of_kernel)) return false;
    return path.is_absolute();
  }

  void constraints() {
    for (const Bound& each : kBounds) {
      const auto least = definition_.constraints.*each.least, most = definition_.constraints.*each.most;
      if ((least && *least < 1) || (most && *most < 1))
        add("constraints", fmt::format("'{}' and '{}' are at least 1", each.least_key, each.most_key));
      else if (least && most && *least > *most)
        add("constraints", fmt::format("'{}' {} is more than '{}' {}: no machine would do", each.least_key, *least,
                                       each.most_key, *most));
    }
    if (definition_.topology.empty()) return;
    const auto topology = Topology::parse(definition_.topology);
    if (!topology) return add("topology", topology.error().message());
    if (!found_.empty()) return;
    if (const Status fits = check_constraints(definition_, *topology); !fits)
      add("topology", fmt::format("its own 'topology' is outside of its 'constraints': {}", fits.error().message()));
  }

  void kernels() {
    for (const std::string& each : definition_.kernels)
      if (each.empty() || std::isdigit(static_cast<unsigned char>(each.front())) == 0)
        return add("kernels",
                   fmt::format("'kernels' holds '{}', which no version begins with; accepted: like \"6.12\"", each));
  }

  void kernel_arguments() {
    const auto is_word = [](const std::string& text) {
      return !text.empty() &&
             std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '"'; });
    };
    std::size_t length = 0;
    for (const std::string& each : definition_.kernel_args) {
      if (!is_word(each))
        return add("kernel_args",
                   fmt::format("'kernel_args' holds '{}'; accepted: words like \"sysctl.kernel.panic=1\", "
                               "without spaces and quotes",
                               each));
      length += each.size() + 1;
    }
    if (length > kMostKernelArguments)
      add("kernel_args", fmt::format("'kernel_args' are {} bytes long; the kernel's command line has room for {}",
                                     length, kMostKernelArguments));
  }

  const SchedulerDefinition& definition_;
  std::vector<DefinitionMistake> found_;
};

}  // namespace

std::vector<DefinitionMistake> mistakes_of(const SchedulerDefinition& definition) { return Rules(definition).all(); }

std::string place_of(const SchedulerDefinition& definition) {
  return fmt::format("{}:{}: scheduler '{}'", definition.file, definition.line, definition.name);
}

std::string variable_of(std::string_view name) {
  std::string variable = "KTSTR_SCHEDULER_";
  for (const char c : name)
    variable += is_letter_or_digit(c) ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : '_';
  return variable;
}

Status check_constraints(const SchedulerDefinition& definition, const Topology& topology) {
  const SchedulerConstraints& asked = definition.constraints;
  const auto refused = [&](const std::string& needs, const std::string& has) -> Status {
    return fail(ErrorCode::kInvalidArgument, "scheduler '{}' needs {}, and topology {} has {}", definition.name, needs,
                topology.to_string(), has)
        .with_hint(fmt::format("see 'constraints' of its definition, {}:{}", definition.file, definition.line));
  };
  for (const Bound& each : kBounds) {
    const int has = each.of(topology);
    if (const auto least = asked.*each.least; least && has < *least)
      return refused("at least " + counted(*least, each.what), counted(has, each.what));
    if (const auto most = asked.*each.most; most && has > *most)
      return refused("at most " + counted(*most, each.what), counted(has, each.what));
  }
  if (asked.smt && *asked.smt != (topology.threads_per_core > 1))
    return refused(*asked.smt ? "cores with several threads (smt = true)" : "cores of one thread (smt = false)",
                   counted(topology.threads_per_core, "thread") + " a core");
  return ok();
}

std::string describe(const SchedulerConstraints& constraints) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  for (const Bound& each : kBounds) {
    if (const auto least = constraints.*each.least) add("at least " + counted(*least, each.what));
    if (const auto most = constraints.*each.most) add("at most " + counted(*most, each.what));
  }
  if (constraints.smt) add(*constraints.smt ? "with SMT" : "without SMT");
  return text;
}

bool supports_kernel(const SchedulerDefinition& definition, std::string_view release) {
  const auto is_beginning = [&](std::string_view version) {
    if (!release.starts_with(version)) return false;
    const bool ends_in_number = std::isdigit(static_cast<unsigned char>(version.back())) != 0;
    const bool goes_on =
        release.size() > version.size() && std::isdigit(static_cast<unsigned char>(release[version.size()])) != 0;
    return !(ends_in_number && goes_on);
  };
  return definition.kernels.empty() || std::any_of(definition.kernels.begin(), definition.kernels.end(), is_beginning);
}

std::string config_path(const SchedulerDefinition& definition) {
  if (!definition.config->path.empty()) return definition.config->path;
  const std::string& file = definition.config->file;
  const std::string name = file.empty() ? definition.name + ".config" : std::filesystem::path(file).filename().string();
  return std::string(kSchedulerDirectory) + name;
}

}  // namespace ktstr
