// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/op_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <limits>
#include <utility>

#include "scenario/ops/op_table.h"
#include "scenario_file/cgroup_table.h"
#include "scenario_file/knob_reader.h"
#include "scenario_file/policy_reader.h"
#include "scenario_file/work_table.h"

namespace ktstr {

namespace {

using Kind = TomlValue::Kind;

// The parameters of one op. What is missing or wrong is a mistake, and a default stands in for it: the op is dropped.
class Parameters {
 public:
  Parameters(TableReader& reader, const OpRow& row, const DeclaredPayloads& payloads)
      : reader_(reader), row_(row), payloads_(payloads) {}

  std::string text(std::string_view key) {
    require(key);
    return reader_.text(key, form(key)).value_or("");
  }
  std::string cgroup() { return text("cgroup"); }
  std::optional<std::string> optional_text(std::string_view key) { return reader_.text(key, form(key)); }
  // A text or a whole number, as text.
  std::string text_or_number(std::string_view key) {
    require(key);
    const TomlValue* value = reader_.find(key);
    if (value == nullptr) return "";
    if (value->kind == Kind::kString) return value->text;
    if (value->kind == Kind::kInteger) return std::to_string(value->integer);
    reader_.refuse_kind(key, *value, form(key));
    return "";
  }
  // What fits into an int; the range that makes sense is the rehearsal's to judge.
  int integer(std::string_view key) {
    require(key);
    return optional_integer(key).value_or(0);
  }
  std::optional<int> optional_integer(std::string_view key) {
    const auto value = reader_.integer(key, form(key));
    if (!value) return {};
    if (std::in_range<int>(*value)) return static_cast<int>(*value);
    reader_.mistake(key, fmt::format("{} {} is not valid; accepted: {}", key, *value, form(key)));
    return {};
  }
  Cpu cpu() {
    const int number = integer("cpu");
    if (number < 0) reader_.mistake("cpu", fmt::format("cpu {} is not valid; accepted: {}", number, form("cpu")));
    return number;
  }
  CpuSet cpus() {
    const std::string list = text("cpus");
    auto parsed = CpuSet::parse(list);
    if (!parsed) reader_.mistake("cpus", parsed.error().message());
    return parsed ? *std::move(parsed) : CpuSet();
  }
  bool boolean(std::string_view key) {
    require(key);
    return reader_.boolean(key).value_or(false);
  }
  std::chrono::nanoseconds duration(std::string_view key) {
    require(key);
    return reader_.duration(key).value_or(std::chrono::nanoseconds());
  }
  std::optional<std::chrono::nanoseconds> optional_duration(std::string_view key) { return reader_.duration(key); }

  CgroupDef def() {
    require("def");
    const TomlValue* table = reader_.find("def", Kind::kTable, form("def"));
    auto read = table != nullptr ? read_cgroup_table(*table, payloads_, reader_.mistakes()) : std::nullopt;
    fail_unless(read.has_value());
    return read ? *std::move(read) : CgroupDef::named("-");
  }
  KnobSetting knob_setting() {
    const std::string name = text("knob");
    const auto knob = knob_named(name);
    require("value");
    reader_.find("value");
    if (!knob) {
      if (reader_.has("knob") && !name.empty())
        reader_.mistake("knob", fmt::format("there is no knob '{}';{} accepted: {}", name,
                                            did_you_mean(name, knob_names()), fmt::join(knob_names(), ", ")));
      fail_unless(false);
      return {};
    }
    return {*knob, read_knob_value(reader_, "value", *knob).value_or("")};
  }
  CpusetSpec cpuset() {
    require("cpuset");
    return read_cpuset(reader_, "cpuset").value_or(CpusetSpec::all());
  }
  AffinityIntent affinity() {
    const std::string written = text("affinity");
    if (!reader_.has("affinity")) return AffinityIntent::inherit();
    auto intent = AffinityIntent::parse(written);
    const Status valid = intent ? intent->validate() : Status(intent.error());
    reader_.mistake("affinity", valid);
    return valid ? *std::move(intent) : AffinityIntent::inherit();
  }
  SchedPolicy policy() {
    require("policy");
    return read_policy(reader_, "policy").value_or(SchedPolicy());
  }
  WorkSpec work() {
    require("work");
    const TomlValue* value = reader_.find("work");
    if (value != nullptr && value->kind == Kind::kTable) return read_work_table(*value, "work", reader_.mistakes());
    WorkSpec spec;
    if (auto type = read_work_type(reader_, "work")) spec.type = *std::move(type);
    return spec;
  }
  Payload payload() {
    const std::string name = text("payload");
    const Payload* found =
        reader_.has("payload") ? payloads_.find(name, reader_.at("payload"), reader_.mistakes()) : nullptr;
    fail_unless(found != nullptr);
    return found != nullptr ? *found : Payload::program("-", "-");
  }
  std::vector<std::string> args() { return reader_.texts("args").value_or(std::vector<std::string>()); }

  // Whether a parameter is missing, also where that is no mistake of its own: a payload whose table has one.
  bool failed() const { return failed_; }

 private:
  void fail_unless(bool good) { failed_ = failed_ || !good; }
  std::string_view form(std::string_view key) const {
    for (const OpParameter& each : row_.parameters)
      if (each.key == key) return each.form;
    return "";
  }
  void require(std::string_view key) {
    if (reader_.has(key)) return;
    reader_.mistake("op", fmt::format("{} needs '{}': {}", row_.name, key, form(key)));
    fail_unless(false);
  }

  TableReader& reader_;
  const OpRow& row_;
  const DeclaredPayloads& payloads_;
  bool failed_ = false;
};

// One function an op; the keys are those of op_table.cpp.
template <typename T>
struct Of {};

op::AddCgroup read(Of<op::AddCgroup>, Parameters& p) { return {p.cgroup()}; }
op::AddCgroupDef read(Of<op::AddCgroupDef>, Parameters& p) { return {p.def()}; }
op::RemoveCgroup read(Of<op::RemoveCgroup>, Parameters& p) { return {p.cgroup()}; }
op::StopCgroup read(Of<op::StopCgroup>, Parameters& p) { return {p.cgroup()}; }
op::KillCgroup read(Of<op::KillCgroup>, Parameters& p) { return {p.cgroup()}; }
op::MoveAllTasks read(Of<op::MoveAllTasks>, Parameters& p) { return {.from = p.text("from"), .to = p.text("to")}; }
op::FreezeCgroup read(Of<op::FreezeCgroup>, Parameters& p) { return {p.cgroup()}; }
op::UnfreezeCgroup read(Of<op::UnfreezeCgroup>, Parameters& p) { return {p.cgroup()}; }
op::SetKnob read(Of<op::SetKnob>, Parameters& p) { return {.cgroup = p.cgroup(), .setting = p.knob_setting()}; }
op::CaptureCgroupProcs read(Of<op::CaptureCgroupProcs>, Parameters& p) {
  std::string cgroup = p.cgroup();
  return {.tag = p.text("tag"), .cgroup = std::move(cgroup)};
}
op::SetCpuset read(Of<op::SetCpuset>, Parameters& p) { return {.cgroup = p.cgroup(), .cpus = p.cpuset()}; }
op::ClearCpuset read(Of<op::ClearCpuset>, Parameters& p) { return {p.cgroup()}; }
op::SwapCpusets read(Of<op::SwapCpusets>, Parameters& p) { return {.a = p.text("a"), .b = p.text("b")}; }
op::SetAffinity read(Of<op::SetAffinity>, Parameters& p) { return {.cgroup = p.cgroup(), .affinity = p.affinity()}; }
op::Spawn read(Of<op::Spawn>, Parameters& p) { return {.cgroup = p.cgroup(), .work = p.work()}; }
op::SetNice read(Of<op::SetNice>, Parameters& p) { return {.cgroup = p.cgroup(), .nice = p.integer("nice")}; }
op::SetPolicy read(Of<op::SetPolicy>, Parameters& p) { return {.cgroup = p.cgroup(), .policy = p.policy()}; }
op::SetUclamp read(Of<op::SetUclamp>, Parameters& p) {
  op::SetUclamp op{.cgroup = p.cgroup()};
  op.min = p.optional_integer("min").value_or(op.min);
  op.max = p.optional_integer("max").value_or(op.max);
  return op;
}
op::CoreSchedCreate read(Of<op::CoreSchedCreate>, Parameters& p) { return {p.cgroup()}; }
op::CoreSchedShare read(Of<op::CoreSchedShare>, Parameters& p) { return {.from = p.text("from"), .to = p.text("to")}; }
op::CoreSchedClear read(Of<op::CoreSchedClear>, Parameters& p) { return {p.cgroup()}; }
op::SignalStorm read(Of<op::SignalStorm>, Parameters& p) {
  return {.cgroup = p.cgroup(), .count = p.integer("count"), .interval = p.duration("interval")};
}
op::RunPayload read(Of<op::RunPayload>, Parameters& p) {
  Payload payload = p.payload();
  std::string cgroup = p.optional_text("cgroup").value_or("");
  return {.payload = std::move(payload), .args = p.args(), .cgroup = std::move(cgroup)};
}
op::WaitPayload read(Of<op::WaitPayload>, Parameters& p) {
  return {.payload = p.text("payload"), .cgroup = p.optional_text("cgroup"), .timeout = p.optional_duration("timeout")};
}
op::KillPayload read(Of<op::KillPayload>, Parameters& p) {
  return {.payload = p.text("payload"), .cgroup = p.optional_text("cgroup")};
}
op::CpuOffline read(Of<op::CpuOffline>, Parameters& p) { return {p.cpu()}; }
op::CpuOnline read(Of<op::CpuOnline>, Parameters& p) { return {p.cpu()}; }
op::SetSmt read(Of<op::SetSmt>, Parameters& p) { return {p.boolean("on")}; }
op::WriteSysctl read(Of<op::WriteSysctl>, Parameters& p) {
  return {.name = p.text("name"), .value = p.text_or_number("value")};
}
op::SteerIrq read(Of<op::SteerIrq>, Parameters& p) { return {.irq = p.text_or_number("irq"), .cpu = p.cpu()}; }

op::SetCpuSpeed read(Of<op::SetCpuSpeed>, Parameters& p) { return {.cpus = p.cpus(), .percent = p.integer("percent")}; }

using Reader = Op (*)(Parameters&);
template <std::size_t... kIndices>
constexpr std::array<Reader, Op::kKinds> readers_of(std::index_sequence<kIndices...>) {
  return {+[](Parameters& p) { return Op(read(Of<std::variant_alternative_t<kIndices, Op::Kind>>(), p)); }...};
}
constexpr auto kReaders = readers_of(std::make_index_sequence<Op::kKinds>());

std::optional<std::size_t> kind_named(std::string_view name) {
  for (std::size_t i = 0; i < Op::kKinds; ++i)
    if (op_table()[i].name == name) return i;
  return {};
}

}  // namespace

std::optional<Op> read_op(const TomlValue& table, std::string_view where, const DeclaredPayloads& payloads,
                          Mistakes& mistakes) {
  const std::size_t before = mistakes.size();
  TableReader names(table, where, mistakes);
  const auto name = names.text("op", "the name of an op like \"move_all_tasks\"");
  if (!name) {
    if (!names.has("op"))
      mistakes.add(table.at, fmt::format("{} needs an 'op'; accepted: {}", where, fmt::join(op_names(), ", ")));
    return {};
  }
  const auto kind = kind_named(*name);
  if (!kind) {
    names.mistake("op", fmt::format("there is no op '{}';{} accepted: {}", *name, did_you_mean(*name, op_names()),
                                    fmt::join(op_names(), ", ")));
    return {};
  }
  const OpRow& row = op_table()[*kind];
  TableReader reader(table, row.name, mistakes);
  reader.find("op");
  Parameters parameters(reader, row, payloads);
  Op op = kReaders[*kind](parameters);
  reader.finish();
  if (mistakes.size() != before || parameters.failed()) return {};
  return op;
}

}  // namespace ktstr
