// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/scheduler_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/scheduler_definition.h"
#include "scenario_file/check_table.h"

namespace ktstr {

namespace {

using Kind = TomlValue::Kind;

template <auto Member>
void read_scheduler_text(TableReader& table, const SchedulerRow& row, SchedulerDefinition& definition) {
  const auto text = table.text(row.key, row.written);
  if (!text) return;
  if (text->empty())
    table.mistake(row.key, fmt::format("'{}' is empty; accepted: {}", row.key, row.written));
  else
    definition.*Member = *text;
}

template <auto Member>
void read_scheduler_texts(TableReader& table, const SchedulerRow& row, SchedulerDefinition& definition) {
  definition.*Member = table.texts(row.key).value_or(std::vector<std::string>());
}

void read_scheduler_config(TableReader& table, const SchedulerRow& row, SchedulerDefinition& definition) {
  const TomlValue* value = table.find(row.key, Kind::kTable, row.written);
  if (value == nullptr) return;
  TableReader reader(*value, "config", table.mistakes());
  SchedulerConfig& config = definition.config.emplace();
  config.file = reader.text("file", "a path like \"mine.json\"").value_or("");
  config.text = reader.text("text", "the contents of the file");
  config.path = reader.text("path", "a path in the guest like \"/etc/mine.json\"").value_or("");
  config.arg = reader.text("arg", "arguments like \"--config={file}\"").value_or("");
  reader.finish();
}

void read_scheduler_checks(TableReader& table, const SchedulerRow& row, SchedulerDefinition& definition) {
  if (const TomlValue* checks = table.find(row.key, Kind::kTable, row.written))
    definition.checks = read_checks(*checks, table.mistakes());
}

void read_scheduler_constraints(TableReader& table, const SchedulerRow& row, SchedulerDefinition& definition) {
  const TomlValue* value = table.find(row.key, Kind::kTable, row.written);
  if (value == nullptr) return;
  TableReader reader(*value, "constraints", table.mistakes());
  const auto number = [&](std::string_view key, std::optional<int>& into) {
    const auto found = reader.integer(key, "a whole number like 2");
    if (found && !std::in_range<int>(*found))
      reader.mistake(key, fmt::format("{} {} is not valid; accepted: a whole number like 2", key, *found));
    else if (found)
      into = static_cast<int>(*found);
  };
  SchedulerConstraints& constraints = definition.constraints;
  number("min_nodes", constraints.min_nodes);
  number("max_nodes", constraints.max_nodes);
  number("min_llcs", constraints.min_llcs);
  number("max_llcs", constraints.max_llcs);
  number("min_cpus", constraints.min_cpus);
  number("max_cpus", constraints.max_cpus);
  constraints.smt = reader.boolean("smt");
  reader.finish();
}

using Definition = SchedulerDefinition;

constexpr SchedulerRow kSchedulerRows[] = {
    {"program", "a path like \"build/scx_mine\", or a name",
     "the program that loads the scheduler and stays: a path, relative to this file, or a name that is looked up "
     "beside it, beside `ktstr` and in PATH. A BPF object (`*.bpf.o`) will do: `ktstr`'s own loader attaches it. "
     "`KTSTR_SCHEDULER_<NAME>` and `KTSTR_SCHEDULER` in the environment name another one",
     read_scheduler_text<&Definition::program>},
    {"args", "a list of texts", "its arguments; those that a test adds come after them",
     read_scheduler_texts<&Definition::args>},
    {"build", "a command for sh",
     "makes the program; run in this file's directory when the program is missing or older than one of `sources`",
     read_scheduler_text<&Definition::build>},
    {"sources", "a list of files, directories and globs", "what `build` is run for; relative to this file",
     read_scheduler_texts<&Definition::sources>},
    {"include", "a list of files and directories", "what it reads, in the guest under the same absolute path",
     read_scheduler_texts<&Definition::include>},
    {"config", "a table with `file` or `text`, `path`, `arg`",
     "its configuration: `file`, relative to this file, or `text`, in the guest at `path`, or below "
     "`/ktstr/scheduler`; "
     "`arg` are arguments that come first, with its path for `{file}`. A `path` without a `text`: each test gives it "
     "(`scheduler_config`)",
     read_scheduler_config},
    {"topology", "a text like \"1n2l2c1t\"", "of tests that name none", read_scheduler_text<&Definition::topology>},
    {"checks", "a table as [checks]", "over the defaults, and under what a test says itself", read_scheduler_checks},
    {"constraints", "a table of `min_nodes`, `max_nodes`, `min_llcs`, `max_llcs`, `min_cpus`, `max_cpus`, `smt`",
     "machines that it runs on: a run on another one is refused", read_scheduler_constraints},
    {"kernel_args", "a list of words", "added to the command line of the guest's kernel",
     read_scheduler_texts<&Definition::kernel_args>},
    {"sysctls", "a list of texts like \"kernel.sched_autogroup_enabled=0\"", "set before the scheduler starts",
     read_scheduler_texts<&Definition::sysctls>},
    {"writes", "a list of texts like \"/sys/kernel/debug/sched/features=NO_PLACE_LAG\"",
     "files below `/sys` and `/proc/sys` that are written before it starts, in this order. A definition with such and "
     "without a `program` is the kernel's own scheduler",
     read_scheduler_texts<&Definition::writes>},
    {"cgroup_parent", "a path like \"/sched\"",
     "a cgroup that is there before it starts, with the controllers cpu and cpuset",
     read_scheduler_text<&Definition::cgroup_parent>},
    {"kernels", "a list of versions like \"6.12\"",
     "beginnings of versions that it runs on: a run on another is refused", read_scheduler_texts<&Definition::kernels>},
};

void read_one(const TomlEntry& entry, std::string_view file_name, Mistakes& mistakes,
              std::vector<SchedulerDefinition>& found) {
  const std::string name = fmt::format("[schedulers.{}]", entry.key);
  if (entry.value.kind != Kind::kTable)
    return mistakes.add(entry.value.at, fmt::format("'{}' of [schedulers] is {}; accepted: a table headed {}",
                                                    entry.key, kind_text(entry.value.kind), name));
  const std::size_t before = mistakes.size();
  SchedulerDefinition definition{.name = entry.key};
  definition.file = file_name;
  definition.line = static_cast<int>(entry.at.line);
  TableReader table(entry.value, name, mistakes);
  for (const SchedulerRow& row : kSchedulerRows) row.read(table, row, definition);
  table.finish();
  if (mistakes.size() != before) return;
  for (const DefinitionMistake& mistake : mistakes_of(definition))
    mistakes.add(mistake.key.empty() || !table.has(mistake.key) ? entry.at : table.at(mistake.key), mistake.message);
  const auto same = std::find_if(found.begin(), found.end(), [&](const SchedulerDefinition& other) {
    return variable_of(other.name) == variable_of(definition.name);
  });
  if (same != found.end())
    mistakes.add(entry.at, fmt::format("the program of '{}' would be named by {}, as that of '{}' in line {}; give one "
                                       "of them another name",
                                       definition.name, variable_of(definition.name), same->name, same->line));
  if (mistakes.size() == before) found.push_back(std::move(definition));
}

}  // namespace

std::span<const SchedulerRow> scheduler_rows() { return kSchedulerRows; }

std::vector<SchedulerDefinition> read_schedulers(TableReader& top, std::string_view file_name) {
  std::vector<SchedulerDefinition> found;
  const TomlValue* tables = top.find("schedulers", Kind::kTable, "tables, each headed [schedulers.NAME]");
  if (tables == nullptr) return found;
  for (const TomlEntry& entry : tables->entries) read_one(entry, file_name, top.mistakes(), found);
  return found;
}

}  // namespace ktstr
