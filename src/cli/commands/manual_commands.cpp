// SPDX-License-Identifier: Apache-2.0
//
// ktstr completion and ktstr man: what is made of the command line's own table.
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

#include "base/file.h"
#include "base/log.h"
#include "base/text/users_mistake.h"
#include "base/text/whole_number.h"
#include "canned/canned.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/manual/completion.h"
#include "cli/manual/man_page.h"
#include "cli/output.h"
#include "cli/use_definition.h"
#include "kernel/select.h"
#include "ktstr/work_types.h"
#include "model/names.h"
#include "report/formats/report_format.h"
#include "results/find_run.h"
#include "runner/environment.h"
#include "runner/guest_machine.h"
#include "scenario_file/table_reader.h"
#include "topology/presets.h"
#include "workload/types/work_types.h"

namespace ktstr::cli {

namespace {

constexpr std::size_t kMostRunsShown = 20;

// Whatever is not there is no candidate; why, is for those who run the command.
std::vector<Candidate> runs_to_choose() {
  const RunnerEnvironment environment = RunnerEnvironment::from_process();
  if (!has_directories(environment)) return {};
  std::vector<Candidate> found = {{"last", "the newest run"}, {"last-failed", "the newest that did not pass"}};
  std::vector<std::string> ids = run_ids(environment.state_dir);
  ids.resize(std::min(ids.size(), kMostRunsShown));
  for (const std::string& id : ids) {
    const auto record = finished_run(environment.state_dir / "runs" / id);
    found.push_back({id, record ? fmt::format("{}: {}", record->test, to_string(record->outcome)) : "not finished"});
  }
  return found;
}

std::vector<Candidate> kernels_to_choose() {
  const auto environment = KernelEnvironment::from_process();
  if (!environment) return {};
  std::vector<Candidate> found;
  for (const CacheEntry& each : KernelCache(environment->cache_root).list())
    found.push_back({each.key, each.damaged() ? "damaged" : each.entry->facts.release});
  return found;
}

std::vector<Candidate> schedulers_to_choose() {
  const auto known = known_definitions({});
  if (!known) return {};
  std::vector<Candidate> found;
  for (const SchedulerDefinition& each : known->list) found.push_back({each.name, each.file});
  return found;
}

std::vector<Candidate> images_to_choose() {
  const RunnerEnvironment environment = RunnerEnvironment::from_process();
  if (!has_directories(environment)) return {};
  const auto entries = warm_cache(environment).list();
  if (!entries) return {};
  std::vector<Candidate> found;
  for (const WarmCache::Entry& each : *entries) found.push_back({each.digest, each.damage});
  return found;
}

std::vector<Candidate> values_of(ValueSource source) {
  std::vector<Candidate> found;
  switch (source) {
    case ValueSource::kRuns:
      return runs_to_choose();
    case ValueSource::kKernels:
      return kernels_to_choose();
    case ValueSource::kSchedulers:
      return schedulers_to_choose();
    case ValueSource::kImages:
      return images_to_choose();
    case ValueSource::kScenarios:
      for (const CannedScenario& each : canned_scenarios())
        found.push_back({":" + std::string(each.name), std::string(each.what)});
      break;
    case ValueSource::kWorkTypes:
      for (const std::string_view name : work_type_names())
        if (const auto type = make_work_type(name, {}))
          found.push_back({std::string(name), std::string(work_pressure(*type))});
      break;
    case ValueSource::kTopologies:
      for (const TopologyPreset& each : topology_presets())
        found.push_back({each.topology.to_string(), std::string(each.name)});
      break;
    case ValueSource::kPolicies:
      for (const auto& [policy, name] : names_of(TurnPolicy{})) found.push_back({std::string(name), ""});
      break;
    case ValueSource::kFormats:
      for (const ReportFormat& each : report_formats()) found.push_back({std::string(each.name) + ":", each.meaning});
      break;
  }
  return found;
}

// Of today, or of SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch), so that a package is the
// same wherever it is built.
std::string date_of_pages() {
  std::time_t when = std::time(nullptr);
  if (const char* epoch = std::getenv("SOURCE_DATE_EPOCH"))
    if (const auto seconds = parse_whole_number<std::int64_t>(epoch, 0, 253'402'300'799)) when = *seconds;
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

Status write_pages(const CommandNode& root, const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail(ErrorCode::kIo, "cannot make {}: {}", directory.string(), error.message());
  const std::string date = date_of_pages(), version = version_text();
  const auto write = [&](const CommandNode& command) {
    return write_text(directory / (page_name(command) + ".1"), man_page(root, command, date, version));
  };
  KTSTR_TRY(write(root));
  for (const CommandNode& each : root.commands) KTSTR_TRY(write(each));
  return ok();
}

// A page has all that is below its command: that of `runs list` is the one of `runs`.
Status show_page(const CommandNode& root, const std::vector<std::string>& words) {
  const CommandNode* page = nullptr;
  const CommandNode* command = &root;
  for (const std::string& word : words) {
    const CommandNode* below = command->find(word);
    if (below == nullptr) {
      std::vector<std::string_view> names;
      for (const CommandNode& each : command->commands) names.push_back(each.name);
      return fail(ErrorCode::kInvalidArgument, "'{}' has no command '{}';{} '{} --help' lists them", command->path,
                  word, did_you_mean(word, names), command->path);
    }
    command = below;
    if (page == nullptr) page = command;
  }
  return print_out(man_page(root, page == nullptr ? root : *page, date_of_pages(), version_text()));
}

int finish_page(const Status& status) { return status ? kExitOk : report_error(users_mistake(status.error())); }

}  // namespace

int execute(const CompletionCommand& command) {
  if (const auto script = completion_script(command.shell)) return finish_page(print_out(*script));
  return finish_page(print_out(to_lines(complete(command_tree(), command.words, values_of))));
}

int execute(const ManCommand& command) {
  const CommandNode root = command_tree();
  return finish_page(command.directory.empty() ? show_page(root, command.command)
                                               : write_pages(root, command.directory));
}

}  // namespace ktstr::cli
