// SPDX-License-Identifier: Apache-2.0
#include "dump_import/dump_import.h"

#include <fmt/format.h>

#include "dump_import/dump_log.h"
#include "dump_import/dump_text.h"
#include "dump_import/dump_workers.h"

namespace ktstr {

namespace {

CpuSet cpus_not_shown(const DumpLog& log, std::size_t cpus) {
  CpuSet left = CpuSet::range(0, static_cast<Cpu>(cpus) - 1), shown;
  for (const DumpCpu& cpu : log.dump.cpus) shown.add(cpu.cpu);
  return left.minus(shown);
}

// CPUs on which no worker may run: the kernel takes one that goes offline out of cpusets. Of few CPUs it says
// something, not where tasks are pinned to some.
CpuSet cpus_for_nobody(const DumpWorkers& workers, const CpuSet& missing) {
  const CpuSet nobody = missing.minus(workers.allowed);
  return workers.workers >= 2 && 2 * nobody.size() <= workers.cpus ? nobody : CpuSet();
}

std::string are(const CpuSet& cpus) {
  return fmt::format("CPU{} {}", cpus.size() == 1 ? "" : "s", cpus.to_string()) + (cpus.size() == 1 ? " is" : " are");
}

void add_what_is_missing(const DumpLog& log, const DumpWorkers& workers, std::vector<std::string>& notes) {
  if (const CpuSet missing = cpus_not_shown(log, workers.cpus); !missing.empty())
    notes.push_back(fmt::format("{} not in the dump: idle, offline{}, or never there", are(missing),
                                log.dump.is_cut ? ", cut off" : ""));
  if (const CpuSet nobody = cpus_for_nobody(workers, cpus_not_shown(log, workers.cpus)); !nobody.empty())
    notes.push_back(fmt::format("no task of users may run on CPU{} {}: offline, or set aside; here {} online",
                                nobody.size() == 1 ? "" : "s", nobody.to_string(),
                                nobody.size() == 1 ? "it is" : "they are"));
  if (!log.offline.empty()) notes.push_back(fmt::format("{} offline; here all are online", are(log.offline)));
  if (log.ops.empty() && workers.program.empty())
    notes.push_back(
        "which scheduler it was: no line of the kernel (sched_ext: BPF scheduler \"NAME\" ...) is there; give "
        "--scheduler");
}

}  // namespace

bool has_dump(std::string_view text) {
  return text.find(" triggered exit kind ") != std::string_view::npos ||
         text.find("Debug dump triggered by ") != std::string_view::npos;
}

Result<ImportedDump> import_dump(std::string_view text, const std::string& name, const std::string& file) {
  KTSTR_TRY_ASSIGN(const DumpLog log, read_dump_log(text, file));
  KTSTR_TRY_ASSIGN(const DumpWorkers workers, workers_of(log, file));
  ImportedDump made{.toml = {}, .notes = log.notes};
  made.notes.insert(made.notes.end(), workers.notes.begin(), workers.notes.end());
  add_what_is_missing(log, workers, made.notes);
  const std::vector<std::string> never = what_no_dump_says();
  made.notes.insert(made.notes.end(), never.begin(), never.end());
  made.toml = dump_scenario_text(log, workers, name, made.notes);
  return made;
}

}  // namespace ktstr
