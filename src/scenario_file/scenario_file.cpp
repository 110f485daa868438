// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/scenario_file.h"

#include <algorithm>

#include "base/text/duration.h"
#include "canned/canned.h"
#include "scenario/execution_state.h"
#include "scenario/plan/definition_rules.h"
#include "scenario/plan/planned_work.h"
#include "scenario/plan/scenario_size.h"
#include "scenario_file/cgroup_table.h"
#include "scenario_file/check_table.h"
#include "scenario_file/expect_table.h"
#include "scenario_file/op_reader.h"
#include "scenario_file/payload_table.h"
#include "scenario_file/run_setting.h"
#include "scenario_file/scheduler_table.h"
#include "scenario_file/table_reader.h"
#include "scenario_file/work_table.h"

namespace ktstr {

namespace {

using Kind = TomlValue::Kind;

constexpr std::string_view kAcceptedHold =
    "\"full\", a fraction of the duration like 0.5, a time like \"300ms\", or { loop = \"50ms\" }";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

// What a plan is made on: nothing in it is touched.
void rehearse_on(const ScenarioFile& file, const RunSettings& settings, Bytes memory, Mistakes& mistakes) {
  const TestTopology machine = TestTopology::expected_for(settings.topology);
  const Ctx ctx({.topology = &machine, .settings = settings});
  ScenarioPlan plan;
  for (PlanMistake& mistake : plan_scenario(ctx, file.backdrop, file.steps, plan)) {
    auto at = file.places.find(mistake.at);
    if (at == file.places.end()) at = file.places.find({mistake.at.step, Place::Part::kScenario, 0});
    mistakes.add(at != file.places.end() ? at->second : SourcePosition(), std::move(mistake.message));
  }
  if (memory == 0 || !mistakes.empty()) return;
  if (const Status fits = check_size(size_of(ctx, plan), memory, settings.topology.cpus()); !fits)
    mistakes.add(SourcePosition(), in_one_line(fits.error()));
}

std::string name_from_file(std::string_view file_name) {
  const std::size_t slash = file_name.rfind('/');
  std::string_view name = slash == std::string_view::npos ? file_name : file_name.substr(slash + 1);
  if (name.ends_with(".toml")) name.remove_suffix(5);
  return std::string(name);
}

// What ops attach, and how many of each may stand ready.
void find_schedulers(ScenarioFile& file) {
  constexpr int kMostCopies = 4;
  std::map<std::string, int>& copies = file.staged_schedulers;
  const auto take = [&](const std::vector<Op>& ops, int each) {
    for (const Op& op : ops) {
      if (const auto* attach = std::get_if<op::AttachScheduler>(&op.kind())) {
        copies[attach->scheduler] += each;
        file.attach_by_op = file.attach_by_op || attach->scheduler.empty();
      }
      if (const auto* replace = std::get_if<op::ReplaceScheduler>(&op.kind())) copies[replace->scheduler] += each;
      if (std::holds_alternative<op::RestartScheduler>(op.kind())) copies[""] += each;
    }
  };
  take(file.backdrop.ops, 1);
  for (const Step& step : file.steps) take(step.ops, step.hold.interval() ? kMostCopies : 1);
  for (auto& [name, count] : copies) count = std::min(count, kMostCopies);
  if (file.attach_by_op) copies[""] = 0;  // it is to find the machine as it is then
}

class FileReader {
 public:
  explicit FileReader(std::string_view file_name) { file_.file_name = file_name; }

  Result<ScenarioFile> read(const TomlValue& root);

 private:
  void read_name(TableReader& top);
  void read_settings(TableReader& top);
  void read_scheduler(TableReader& top);
  void read_cpus(TableReader& top);
  void read_backdrop(const TomlValue& table);
  void read_steps(TableReader& top);
  void read_step(const TomlValue& table);
  HoldSpec read_hold(TableReader& step);
  std::optional<HoldSpec> hold_from(const TomlValue& value);
  std::optional<HoldSpec> loop_from(const TomlValue& table);
  void read_cgroups(TableReader& reader, int number, std::vector<CgroupDef>& defs);
  void read_ops(TableReader& reader, int number, std::string_view where, std::vector<Op>& ops);

  ScenarioFile file_;
  Mistakes mistakes_;
  DeclaredPayloads payloads_;
  // False once a part is missing that others may refer to: what a plan says then is not about what was meant.
  bool whole_ = true;
};

void FileReader::read_name(TableReader& top) {
  file_.settings.test = top.text("name", "a text like \"two_cgroups\"").value_or(name_from_file(file_.file_name));
  const bool good = !file_.settings.test.empty() &&
                    std::all_of(file_.settings.test.begin(), file_.settings.test.end(), is_name_character);
  if (top.has("name") && !good)
    mistakes_.add(top.at("name"),
                  fmt::format("'{}' is not a name; accepted: letters, digits, '_', '-' and '.'", file_.settings.test));
}

void FileReader::read_settings(TableReader& top) {
  for (const RunSetting& setting : run_settings()) {
    const bool good = read_key(setting, top, file_.settings);
    whole_ = whole_ && good;
  }
  file_.names_topology = whole_ && top.has("topology");
}

void FileReader::read_scheduler(TableReader& top) {
  file_.scheduler = top.text("scheduler", "a text like \"PATH ARGS\"").value_or("");
  file_.scheduler_config = top.text("scheduler_config", "the text of a file");
  file_.scheduler_at = top.at("scheduler");
  file_.scheduler_config_at = top.at("scheduler_config");
  file_.schedulers = read_schedulers(top, file_.file_name);
  file_.scheduler_include = top.texts("scheduler_include").value_or(std::vector<std::string>());
  for (const std::string& path : file_.scheduler_include)
    if (path.empty() || path.find('\0') != std::string::npos)
      mistakes_.add(top.at("scheduler_include"),
                    "'scheduler_include' holds a text that is not a path; accepted: paths of files");
}

void FileReader::read_cpus(TableReader& top) {
  const TomlValue* cpus = top.find("cpus", Kind::kTable, "a table [cpus]");
  if (cpus == nullptr) return;
  TableReader reader(*cpus, "[cpus]", mistakes_);
  const TomlValue* speeds = reader.find("speed", Kind::kTable, "a table like { \"4-7\" = \"40%\" }");
  for (std::size_t i = 0; speeds != nullptr && i < speeds->entries.size(); ++i) {
    const TomlEntry& entry = speeds->entries[i];
    const auto list = CpuSet::parse(entry.key);
    const auto percent = entry.value.kind == Kind::kString ? parse_cpu_speed(entry.value.text) : Result<int>(0);
    if (!list) mistakes_.add(entry.value.at, list.error().message());
    if (!percent) mistakes_.add(entry.value.at, percent.error().message());
    if (entry.value.kind != Kind::kString) reader.refuse_kind(entry.key, entry.value, "a text like \"40%\"");
    if (list && percent) file_.settings.cpu_speeds.push_back({*list, *percent});
    if (list && percent && file_.names_topology && entry.value.kind == Kind::kString)
      if (const Status fits = check_cpu_speed(file_.settings.cpu_speeds.back(), file_.settings.topology.cpus()); !fits)
        mistakes_.add(entry.value.at, fits.error().message());
  }
  reader.finish();
}

std::optional<HoldSpec> FileReader::loop_from(const TomlValue& table) {
  TableReader reader(table, "hold", mistakes_);
  const auto interval = reader.duration("loop");
  reader.finish();
  if (!interval) {
    if (!reader.has("loop"))
      mistakes_.add(table.at, fmt::format("hold, as a table, needs 'loop'; accepted: {}", kAcceptedHold));
    return {};
  }
  const HoldSpec hold = HoldSpec::loop(*interval);
  const Status valid = hold.validate();
  reader.mistake("loop", valid);
  return valid ? std::optional(hold) : std::nullopt;
}

std::optional<HoldSpec> FileReader::hold_from(const TomlValue& value) {
  if (value.kind == Kind::kTable) return loop_from(value);
  if (value.kind == Kind::kString && value.text == "full") return HoldSpec::full();
  if (value.kind == Kind::kString)
    if (const auto time = parse_duration(value.text)) return HoldSpec::fixed(*time);
  // A fraction above 1 would be cut to the whole duration: somebody meant seconds.
  if (value.kind == Kind::kFloat && value.number > 0 && value.number <= 1) return HoldSpec::fraction(value.number);
  std::string shown(kind_text(value.kind));
  if (value.kind == Kind::kString) shown = fmt::format("'{}'", value.text);
  if (value.kind == Kind::kFloat) shown = fmt::format("{}", value.number);
  if (value.kind == Kind::kInteger) shown = fmt::format("{}", value.integer);
  mistakes_.add(value.at, fmt::format("hold {} is not valid; accepted: {}", shown, kAcceptedHold));
  return {};
}

HoldSpec FileReader::read_hold(TableReader& step) {
  const TomlValue* value = step.find("hold");
  if (value == nullptr) return HoldSpec::full();
  const auto hold = hold_from(*value);
  whole_ = whole_ && hold;
  return hold.value_or(HoldSpec::full());
}

void FileReader::read_cgroups(TableReader& reader, int number, std::vector<CgroupDef>& defs) {
  for (const TomlValue* table : reader.tables("cgroup")) {
    auto def = read_cgroup_table(*table, payloads_, mistakes_);
    whole_ = whole_ && def;
    if (!def) continue;
    file_.places[{number, Place::Part::kCgroup, static_cast<int>(defs.size())}] = table->at;
    defs.push_back(*std::move(def));
  }
}

void FileReader::read_ops(TableReader& reader, int number, std::string_view where, std::vector<Op>& ops) {
  for (const TomlValue* table : reader.tables("op")) {
    auto op = read_op(*table, where, payloads_, mistakes_);
    whole_ = whole_ && op;
    if (!op) continue;
    file_.places[{number, Place::Part::kOp, static_cast<int>(ops.size())}] = table->at;
    ops.push_back(*std::move(op));
  }
}

void FileReader::read_backdrop(const TomlValue& table) {
  TableReader reader(table, "[backdrop]", mistakes_);
  file_.places[{}] = table.at;
  read_cgroups(reader, 0, file_.backdrop.cgroups);
  read_ops(reader, 0, "[[backdrop.op]]", file_.backdrop.ops);
  reader.texts("payloads");
  for (const TomlEntry& entry : table.entries) {
    if (entry.key != "payloads") continue;
    for (const TomlValue& item : entry.value.items) {
      const Payload* payload = item.kind == Kind::kString ? payloads_.find(item.text, item.at, mistakes_) : nullptr;
      whole_ = whole_ && payload != nullptr;
      if (payload == nullptr) continue;
      file_.places[{0, Place::Part::kPayload, static_cast<int>(file_.backdrop.payloads.size())}] = item.at;
      file_.backdrop.push_payload(*payload);
    }
  }
  reader.finish();
}

void FileReader::read_step(const TomlValue& table) {
  const int number = static_cast<int>(file_.steps.size()) + 1;
  TableReader reader(table, "[[step]]", mistakes_);
  Step step;
  step.name = reader.text("name", "a text like \"warm up\"").value_or("");
  step.hold = read_hold(reader);
  std::vector<CgroupDef> defs;
  read_cgroups(reader, number, defs);
  step.setup = std::move(defs);
  read_ops(reader, number, "[[step.op]]", step.ops);
  reader.finish();
  file_.places[{number, Place::Part::kScenario, 0}] = table.at;
  file_.places[{number, Place::Part::kHold, 0}] = reader.at("hold");
  file_.steps.push_back(std::move(step));
}

void FileReader::read_steps(TableReader& top) {
  const bool has_cgroups = top.has("cgroup"), has_steps = top.has("step");
  if (has_cgroups && has_steps)
    mistakes_.add(top.at("cgroup"),
                  "[[cgroup]] beside [[step]]; write [[step.cgroup]] below the step that it belongs to");
  if (!has_cgroups && !has_steps)
    mistakes_.add(
        top.at(),
        "nothing to run; accepted: [[cgroup]] tables, or [[step]] tables with [[step.cgroup]] and [[step.op]]");
  whole_ = whole_ && has_cgroups != has_steps;
  std::vector<CgroupDef> defs;
  read_cgroups(top, 1, defs);
  for (const TomlValue* table : top.tables("step")) read_step(*table);
  if (!has_steps) file_.steps.push_back({.setup = std::move(defs)});
}

Result<ScenarioFile> FileReader::read(const TomlValue& root) {
  TableReader top(root, "the file", mistakes_);
  read_name(top);
  read_settings(top);
  read_scheduler(top);
  file_.expect_failure = read_expect(top);
  file_.auto_repro = top.boolean("auto_repro").value_or(false);
  read_cpus(top);
  if (const TomlValue* checks = top.find("checks", Kind::kTable, "a table headed [checks]"))
    file_.settings.checks = read_checks(*checks, mistakes_);
  payloads_.read(top);
  file_.payloads = payloads_.list();
  if (const TomlValue* backdrop = top.find("backdrop", Kind::kTable, "a table headed [backdrop]"))
    read_backdrop(*backdrop);
  read_steps(top);
  find_schedulers(file_);
  top.finish();
  if (whole_ && file_.names_topology) rehearse_on(file_, file_.settings, 0, mistakes_);
  KTSTR_TRY(mistakes_.as_status(file_.file_name));
  return std::move(file_);
}

}  // namespace

Result<ScenarioFile> parse_scenario(std::string_view text, std::string_view file_name) {
  KTSTR_TRY_ASSIGN(const TomlValue root, parse_toml(text, file_name));
  return FileReader(file_name).read(root);
}

Status check_against(const ScenarioFile& file, const RunSettings& settings, Bytes memory) {
  KTSTR_TRY(settings.topology.validate());
  Mistakes mistakes;
  rehearse_on(file, settings, memory, mistakes);
  return mistakes.as_status(file.file_name);
}

std::vector<std::string> modules_for(const ScenarioFile& file, const RunSettings& settings) {
  const TestTopology machine = TestTopology::expected_for(settings.topology);
  const Ctx ctx({.topology = &machine, .settings = settings});
  ScenarioPlan plan;
  const auto mistakes = plan_scenario(ctx, file.backdrop, file.steps, plan);
  return mistakes.empty() ? needed_modules(ctx, plan) : std::vector<std::string>();
}

Result<AssertResult> execute_scenario_text(Ctx& ctx, std::string_view text, std::string_view file_name) {
  if (text.starts_with(kCannedPrefix)) {
    if (const CannedScenario* canned = find_canned(text.substr(1))) return canned->run(ctx);
    return fail(ErrorCode::kNotFound, "there is no canned scenario '{}'", text);
  }
  KTSTR_TRY_ASSIGN(const ScenarioFile file, parse_scenario(text, file_name));
  // A context that was not made from this file leaves them to it, as the jobs of earlier versions do.
  RunSettings& settings = ExecutionState(ctx).settings();
  if (!settings.workers_per_cgroup) settings.workers_per_cgroup = file.settings.workers_per_cgroup;
  if (settings.work_type.empty()) settings.work_type = file.settings.work_type;
  return execute_scenario(ctx, file.backdrop, file.steps);
}

}  // namespace ktstr
