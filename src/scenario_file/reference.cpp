// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/reference.h"

#include <fmt/format.h>

#include <algorithm>

#include "cgroup/knob_table.h"
#include "scenario/ops/op_table.h"
#include "scenario/plan/worker_attributes.h"
#include "scenario_file/check_table.h"
#include "scenario_file/knob_reader.h"
#include "scenario_file/run_setting.h"
#include "scenario_file/scheduler_table.h"
#include "workload/types/work_types.h"

namespace ktstr {

namespace {

constexpr std::string_view kHead =
    "<!-- SPDX-License-Identifier: Apache-2.0 -->\n<!-- Made from the tables in src/scenario_file, src/scenario and "
    "src/cgroup by scenario_reference(): change those, not this page. "
    "-->\n"
    "# Reference of scenario files\n\n"
    "What the tables of a scenario file take; [writing-a-scenario.md](writing-a-scenario.md) explains the model.\n";

void add_forms(std::string& page, std::string_view title, std::string_view about, const std::vector<TextForm>& forms) {
  page += fmt::format("\n## {}\n\n{}\n\n| written | meaning |\n|---|---|\n", title, about);
  for (const TextForm& each : forms) page += fmt::format("| `{}` | {} |\n", each.form, each.meaning);
}

std::string parameters_of(const OpRow& row) {
  std::string text;
  for (const OpParameter& each : row.parameters)
    text +=
        fmt::format("{}`{}`{}: {}", text.empty() ? "" : "; ", each.key, each.required ? "" : " (optional)", each.form);
  return text;
}

void add_settings(std::string& page) {
  page +=
      "\n## Settings of the run\n\nKeys at the top of the file. What the command line says wins.\n\n"
      "| key | written as | meaning | flag |\n|---|---|---|---|\n";
  for (const RunSetting& row : run_settings())
    page += fmt::format("| `{}` | {} | {} | {} |\n", row.key, row.accepted, row.meaning,
                        *row.flags == '\0' ? "" : fmt::format("`{}`", row.flags));
}

void add_schedulers(std::string& page) {
  page +=
      "\n## Schedulers\n\nKeys of `[schedulers.NAME]`, in a scenario file or in `ktstr.toml`; [declaring a "
      "scheduler](declaring-a-scheduler.md) explains them. In C++ they are the members of `SchedulerDefinition` "
      "(`ktstr/scheduler.h`).\n\n| key | written as | meaning |\n|---|---|---|\n";
  for (const SchedulerRow& row : scheduler_rows())
    page += fmt::format("| `{}` | {} | {} |\n", row.key, row.written, row.meaning);
}

void add_checks(std::string& page) {
  page +=
      "\n## Checks\n\nKeys of `[checks]`; [what a pass means](what-a-pass-means.md) explains them. In C++ they are the "
      "members of `Checks` (`ktstr/checks.h`).\n\n| key | written as | meaning | default |\n|---|---|---|---|\n";
  for (const CheckRow& row : check_rows())
    page += fmt::format("| `{}` | {} | {} | {} |\n", row.key, row.written, row.meaning, row.by_default);
}

void add_ops(std::string& page) {
  page +=
      "\n## Ops\n\nOf `[[step.op]]` and `[[backdrop.op]]`; `op` is the name. A cgroup's name is looked up among those "
      "of "
      "the step first, then among those of the Backdrop.\n";
  std::vector<std::string_view> families;
  for (const OpRow& row : op_table())
    if (std::find(families.begin(), families.end(), row.family) == families.end()) families.push_back(row.family);
  for (const std::string_view family : families) {
    page += fmt::format("\n### Ops on {}\n\n| `op` | what it does | parameters |\n|---|---|---|\n", family);
    for (const OpRow& row : op_table())
      if (row.family == family) page += fmt::format("| `{}` | {} | {} |\n", row.name, row.what, parameters_of(row));
  }
}

void add_knobs(std::string& page) {
  page +=
      "\n## Knobs\n\nKeys of `[[cgroup]]`, and what `set_knob` takes as `knob` (with `value` in the same form). Every "
      "write is read back; a knob whose file the kernel does not offer is an error that names what is needed.\n\n"
      "| key | written as | file | meaning | needs |\n|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < kKnobCount; ++i) {
    const KnobRow& row = knob_row(static_cast<Knob>(i));
    page +=
        fmt::format("| `{}` | {} | `{}` | {} | {} |\n", row.name, row.written.words, row.file, row.meaning, row.needs);
  }
  page += "\nOther keys that write `cpu.max`, one of them at most:\n\n| key | written as | meaning |\n|---|---|---|\n";
  for (const QuotaKey& each : quota_keys())
    page += fmt::format("| `{}` | {} | {} |\n", each.key, each.form, each.meaning);
}

// A cell of a table ends at a '|' even in code.
std::string in_cell(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '|' ? std::string("\\|") : std::string(1, c);
  return safe;
}

void add_work_types(std::string& page) {
  page +=
      "\n## Work types\n\n`work = \"NAME\"`, or `work = { type = \"NAME\", ... }` with parameters; in "
      "`[[cgroup.work]]`, "
      "`type` and the parameters stand among the other keys. Types whose workers share something come in groups of as "
      "many as the table says; without `workers` there is one such group.\n\n| type | what it does to a scheduler | "
      "what it measures beside CPU time | its own cost | workers | with the defaults of its parameters |\n"
      "|---|---|---|---|---|---|\n";
  for (const std::string_view name : work_type_names()) {
    const WorkType type = make_work_type(name, {}).value_or(WorkType());
    page += fmt::format("| `{}` | {} | {} | {} | {} | `{}` |\n", name, work_pressure(type), work_measures(type),
                        work_cost(type), fitting_workers(type, 1), in_cell(describe(type)));
  }
}

}  // namespace

std::vector<TextForm> worker_forms() {
  std::vector<TextForm> forms;
  for (const WorkerAttribute& row : worker_attributes()) forms.push_back({row.written, row.meaning});
  return forms;
}

const std::vector<TextForm>& cpuset_forms() {
  static const std::vector<TextForm> forms = {
      {"\"all\"", "all CPUs"},
      {"\"llc:0\"", "those of an LLC, counted from 0"},
      {"\"node:1\"", "those of a NUMA node"},
      {"\"slice:0/2\"", "part 0 of all CPUs, cut into 2"},
      {"\"random:2\"", "2 of all CPUs, chosen by the seed, for each cgroup of each step anew"},
      {"\"range:0.25-0.75\"", "the usable CPUs from a quarter to three quarters"},
      {"\"disjoint:0/3\"", "part 0 of the usable CPUs, cut into 3; the last part takes what is left over"},
      {"\"overlap:1/4:0.5\"", "the same, widened at both inner ends by half a part"},
      {"\"0-3,8\"", "exactly these"},
  };
  return forms;
}

const std::vector<TextForm>& affinity_forms() {
  static const std::vector<TextForm> forms = {
      {"\"inherit\"", "nothing is set"},
      {"\"random:2\"", "2 CPUs of the cpuset, chosen by the seed for each worker"},
      {"\"random:2/0-3\"", "2 CPUs of these"},
      {"\"llc\"", "the LLC that shares most CPUs with the cpuset"},
      {"\"all\"", "all CPUs of the machine; the kernel clips to the cpuset"},
      {"\"single\"", "the lowest CPU of the cpuset"},
      {"\"smt-pair\"", "the two threads of the first core that has both in the cpuset"},
      {"\"smt-pairs\"", "one pair of workers a core: 0 and 1 on the first such core, 2 and 3 on the second, ..."},
      {"\"0-3,8\"", "exactly these, as far as the cpuset allows"},
  };
  return forms;
}

std::string scenario_reference() {
  std::string page(kHead);
  add_settings(page);
  add_schedulers(page);
  add_checks(page);
  add_ops(page);
  add_knobs(page);
  add_work_types(page);
  add_forms(
      page, "Workers",
      "Attributes in `[[cgroup.work]]` and in an op's `work`. In `[[cgroup]]`, those down to `numa_node` are meant "
      "for all of its workers that do not say otherwise; the others stand there only without `[[cgroup.work]]`.",
      worker_forms());
  add_forms(
      page, "Cpusets",
      "`cpuset` of a cgroup and of `set_cpuset`. The usable CPUs are all but one, which is left to what is not in a "
      "cgroup of the scenario.",
      cpuset_forms());
  add_forms(page, "Affinities", "`affinity` of workers and of `set_affinity`.", affinity_forms());
  add_forms(page, "Policies", "`policy` of workers and of `set_policy`: sched(7).", policy_forms());
  add_forms(page, "Memory policies", "`mem_policy` of workers: set_mempolicy(2).", mem_policy_forms());
  return page;
}

}  // namespace ktstr
