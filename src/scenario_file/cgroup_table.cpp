// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/cgroup_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenario/plan/definition_rules.h"
#include "scenario/plan/worker_attributes.h"
#include "scenario_file/knob_reader.h"
#include "scenario_file/work_table.h"

namespace ktstr {

namespace {

using Kind = TomlValue::Kind;

class CgroupReader {
 public:
  CgroupReader(const TomlValue& table, const DeclaredPayloads& payloads, Mistakes& mistakes)
      : reader_(table, "[[cgroup]]", mistakes), payloads_(payloads), mistakes_(mistakes) {}

  std::optional<CgroupDef> read() {
    const auto name = read_name();
    // A definition without its name only serves to find the other mistakes.
    CgroupDef def = CgroupDef::named(name.value_or("-"));
    read_workers(def);
    if (auto cpuset = read_cpuset(reader_, "cpuset")) def.cpuset(*std::move(cpuset));
    for (KnobSetting& setting : read_knobs(reader_)) def.set(setting.knob, std::move(setting.value));
    const bool whole = read_workload(def);
    if (const auto judged = reader_.boolean("share")) def.share(*judged);
    if (const auto allowed = reader_.boolean("swappable")) def.swappable(*allowed);
    reader_.finish();
    if (!name || !whole) return {};
    return def;
  }

 private:
  std::optional<std::string> read_name() {
    auto name = reader_.text("name", "a text like \"cg_0\"");
    if (!name) {
      if (!reader_.has("name")) mistakes_.add(reader_.at(), "a [[cgroup]] needs a 'name'");
      return {};
    }
    const Status valid = check_cgroup_path(*name);
    reader_.mistake("name", valid);
    return valid ? name : std::nullopt;
  }

  void read_workers(CgroupDef& def) {
    WorkSpec spec, shared;
    const bool said = read_worker_count(reader_, 0, spec);
    read_attributes(reader_, shared, spec);
    for (const WorkerAttribute& row : worker_attributes())
      if (row.share != nullptr) row.share(shared, def);
    const TomlValue* work = reader_.find("work");
    if (work != nullptr && work->kind == Kind::kArray) return read_work_tables(*work, def);
    if (const auto type = read_work_type(reader_, "work")) spec.type = *type;
    if (spec.workers == 0) return leave_empty(def);
    add_work(def, spec, said);
  }

  // no_workers() makes room for a first group that is set as a whole; workers() is what counts as having said a number.
  static void add_work(CgroupDef& def, const WorkSpec& spec, bool said) {
    if (said) def.workers(1);
    def.no_workers().work(spec);
  }

  void leave_empty(CgroupDef& def) {
    def.no_workers();
    refuse_attributes([](std::string_view key) {
      return fmt::format(
          "'{}' is of no use in a cgroup without workers; accepted: workers = 1 to {} with it, or "
          "workers = 0 alone",
          key, kMaxWorkers);
    });
    if (reader_.has("work"))
      reader_.mistake("workers",
                      fmt::format("0 workers with 'work' are not valid; accepted: 1 to {} workers, or an empty "
                                  "cgroup without 'work'",
                                  kMaxWorkers));
  }

  template <typename Message>
  void refuse_attributes(Message message) {
    for (const WorkerAttribute& row : worker_attributes())
      if (row.share == nullptr && reader_.has(row.key())) reader_.mistake(row.key(), message(row.key()));
  }

  void read_work_tables(const TomlValue& array, CgroupDef& def) {
    const auto belongs = [](std::string_view key) {
      return fmt::format("'{}' belongs into each [[cgroup.work]] table when there are any", key);
    };
    for (const std::string_view key : {"workers", "workers_pct"})
      if (reader_.has(key)) reader_.mistake(key, belongs(key));
    refuse_attributes(belongs);
    if (array.items.empty()) mistakes_.add(array.at, fmt::format("'work' is empty; accepted: {}", kAcceptedWork));
    bool first = true;
    for (const TomlValue& item : array.items) {
      if (item.kind != Kind::kTable) {
        mistakes_.add(item.at, fmt::format("'work' holds {}; accepted: {}", kind_text(item.kind), kAcceptedWork));
        continue;
      }
      const WorkSpec spec = read_work_table(item, "[[cgroup.work]]", mistakes_);
      if (first)
        add_work(def, spec, true);
      else
        def.work(spec);
      first = false;
    }
  }

  // False when the payload that it names is not to be had.
  bool read_workload(CgroupDef& def) {
    const auto name = reader_.text("workload", "the name of a [[payload]]");
    if (!name) return !reader_.has("workload");
    const Payload* payload = payloads_.find(*name, reader_.at("workload"), mistakes_);
    if (payload != nullptr) def.workload(*payload);
    return payload != nullptr;
  }

  TableReader reader_;
  const DeclaredPayloads& payloads_;
  Mistakes& mistakes_;
};

}  // namespace

std::optional<CgroupDef> read_cgroup_table(const TomlValue& table, const DeclaredPayloads& payloads,
                                           Mistakes& mistakes) {
  return CgroupReader(table, payloads, mistakes).read();
}

std::optional<CpusetSpec> read_cpuset(TableReader& reader, std::string_view key) {
  const auto text = reader.text(key, "a text like \"llc:0\"");
  if (!text) return {};
  auto spec = CpusetSpec::parse(*text);
  const Status valid = spec ? spec->validate() : Status(spec.error());
  reader.mistake(key, valid);
  if (!valid) return {};
  return *std::move(spec);
}

}  // namespace ktstr
