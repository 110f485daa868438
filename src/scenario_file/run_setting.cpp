// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/run_setting.h"

#include <climits>

#include "base/text/duration.h"
#include "base/text/whole_number.h"
#include "scenario/plan/definition_rules.h"
#include "scenario_file/work_table.h"
#include "workload/types/work_types.h"

namespace ktstr {

namespace {

using Kind = TomlValue::Kind;

template <typename T, typename From>
Status assign(T& into, Result<From> from) {
  KTSTR_TRY_ASSIGN(into, std::move(from));
  return ok();
}

Status set_duration(std::string_view text, RunSettings& settings) {
  KTSTR_TRY_ASSIGN(settings.duration, parse_duration(text));
  if (settings.duration.count() > 0) return ok();
  return fail(ErrorCode::kInvalidArgument, "a scenario lasts longer than 0s");
}

Status set_work_type(std::string_view text, RunSettings& settings) {
  KTSTR_TRY_ASSIGN(const WorkType type, work_type_from(text));
  settings.work_type = describe(type);
  return ok();
}

Status set_workers(std::string_view text, RunSettings& settings) {
  KTSTR_TRY_ASSIGN(const auto workers, parse_whole_number<std::int64_t>(text, INT64_MIN, INT64_MAX));
  KTSTR_TRY(check_workers(workers));
  settings.workers_per_cgroup = static_cast<int>(workers);
  return ok();
}

Status set_memory(std::string_view text, RunSettings& settings) {
  KTSTR_TRY_ASSIGN(settings.memory, parse_bytes(text));
  if (settings.memory > 0) return ok();
  return fail(ErrorCode::kInvalidArgument, "a guest needs memory; leave 'memory' out to have it chosen");
}

Status set_mips(std::string_view text, RunSettings& settings) {
  double& mips = settings.cpu_mips;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mips);
  // Written so that NaN fails too.
  if (error == std::errc() && end == text.data() + text.size() && mips > 0 && mips <= 1000) return ok();
  return fail(ErrorCode::kInvalidArgument,
              "'{}' million instructions a second are not valid; accepted: more than 0, up to 1000", text);
}

// In a scenario file also a table with parameters.
std::optional<std::string> read_work_type_text(TableReader& table, std::string_view key) {
  const auto type = read_work_type(table, key);
  return type ? std::optional(describe(*type)) : std::nullopt;
}

const RunSetting kSettings[] = {
    {.key = "topology",
     .accepted = "a text like \"1n2l2c1t\"",
     .meaning = "NUMA nodes, LLCs in all, cores per LLC, threads per core: 1n2l2c1t",
     .flags = "--topology",
     .type = "NnNlNcNt",
     .set = [](std::string_view text,
               RunSettings& settings) { return assign(settings.topology, Topology::parse(text)); },
     .show = [](const RunSettings& settings) { return settings.topology.to_string(); },
     .repeated = Repeated::kAlways,
     .of_guests = true,
     .is_axis = true},
    {.key = "seed",
     .kind = Kind::kInteger,
     .accepted = "a whole number that is not negative",
     .meaning = "decides everything that a run varies on purpose",
     .flags = "--seed",
     .type = "N",
     .set =
         [](std::string_view text, RunSettings& settings) {
           return assign(settings.seed, parse_whole_number<std::uint64_t>(text, 0, UINT64_MAX));
         },
     .show = [](const RunSettings& settings) { return std::to_string(settings.seed); },
     .repeated = Repeated::kAlways},
    {.key = "duration",
     .accepted = "a text like \"2s\"",
     .meaning = "length of the scenario in guest time: 500ms, 2s",
     .flags = "--duration",
     .type = "D",
     .set = set_duration,
     .show = [](const RunSettings& settings) { return format_duration(settings.duration); },
     .repeated = Repeated::kWhereGiven},
    {.key = "work_type_override",
     .accepted = "a work type, as 'work' has it",
     .meaning = "what workers of swappable cgroups do instead of their own work: YieldHeavy",
     .flags = "--work-type",
     .type = "NAME",
     .set = set_work_type,
     .show = [](const RunSettings& settings) { return settings.work_type; },
     .read = read_work_type_text,
     .repeated = Repeated::kWhereGiven,
     .is_axis = true},
    {.key = "workers_per_cgroup",
     .kind = Kind::kInteger,
     .accepted = "a whole number like 2",
     .meaning = "workers of a cgroup that does not say",
     .set = set_workers},
    {.key = "memory",
     .accepted = "a text like \"512M\"",
     .meaning = "the guest's memory: 512M",
     .flags = "--memory",
     .type = "SIZE",
     .set = set_memory,
     .show = [](const RunSettings& settings) { return std::to_string(settings.memory); },
     .repeated = Repeated::kWhereGiven,
     .of_guests = true},
    {.key = "cpu_mips",
     .kind = Kind::kFloat,
     .accepted = "million instructions a second, like 20",
     .meaning =
         "det: million instructions a guest second that a CPU has at least while all are busy, instead of --shift",
     .flags = "--cpu-mips",
     .type = "N",
     .set = set_mips,
     .show = [](const RunSettings& settings) { return fmt::format("{}", settings.cpu_mips); },
     .repeated = Repeated::kWhereGiven,
     .of_guests = true},
    {.key = "policy",
     .accepted = "a policy of turns like \"pct\"",
     .meaning = "det: which CPU hands over to which, and when: even (the default), or at random by the seed: uniform, "
                "bursts, victim, pct, pos; mix: the seed chooses one of these",
     .flags = "--policy",
     .type = "NAME",
     .set = [](std::string_view text,
               RunSettings& settings) { return assign(settings.policy, turn_policy_from(text)); },
     .show = [](const RunSettings& settings) { return std::string(to_string(settings.policy)); },
     .repeated = Repeated::kWhereGiven,
     .of_guests = true,
     .is_axis = true},
};

}  // namespace

std::span<const RunSetting> run_settings() { return kSettings; }

bool read_key(const RunSetting& setting, TableReader& table, RunSettings& settings) {
  if (!table.has(setting.key)) {
    table.find(setting.key);  // so that it is one of the accepted keys
    return true;
  }
  const auto text = setting.read != nullptr ? setting.read(table, setting.key)
                                            : table.written(setting.key, setting.kind, setting.accepted);
  if (!text) return false;
  const Status set = setting.set(*text, settings);
  if (!set) table.mistake(setting.key, set.error().message());
  return set.has_value();
}

}  // namespace ktstr
