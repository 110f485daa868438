// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/op_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <variant>

#include "cgroup/knob_table.h"
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
  Parameters(TableReader& reader, const DeclaredPayloads& payloads) : reader_(reader), payloads_(payloads) {}

  void read(const OpParameter& parameter, Op::Kind& op) {
    if (!reader_.has(parameter.key)) {
      reader_.find(parameter.key);
      if (!parameter.required) return;
      reader_.mistake("op", fmt::format("{} needs '{}': {}", reader_.name(), parameter.key, parameter.form));
      failed_ = true;
      return;
    }
    std::visit([&](auto* value) { read(parameter, *value); }, parameter.to_write(op));
  }
  // Whether a parameter is missing, also where that is no mistake of its own: a payload whose table has one.
  bool failed() const { return failed_; }

 private:
  // One function a type of values; the key is there.
  void read(const OpParameter& p, std::string& value) {
    switch (p.written) {
      case Writing::kTextOrNumber:
        return read_text_or_number(p, value);
      case Writing::kAsKnobTakesIt:
        return read_for_knob(p, value);
      default:
        take(reader_.text(p.key, p.form), value);
    }
  }
  // What fits into an int; the range that makes sense is the rehearsal's to judge.
  void read(const OpParameter& p, int& value) {
    const auto number = reader_.integer(p.key, p.form);
    if (!number) return;
    if (!std::in_range<int>(*number) || (p.written == Writing::kCpuNumber && *number < 0))
      return reader_.mistake(p.key, fmt::format("{} {} is not valid; accepted: {}", p.key, *number, p.form));
    value = static_cast<int>(*number);
  }
  void read(const OpParameter& p, bool& value) { take(reader_.boolean(p.key), value); }
  void read(const OpParameter& p, std::chrono::nanoseconds& value) { take(reader_.duration(p.key), value); }
  void read(const OpParameter& p, std::vector<std::string>& value) { take(reader_.texts(p.key), value); }
  void read(const OpParameter& p, CpuSet& value) { parse(p, value, CpuSet::parse); }
  void read(const OpParameter& p, Knob& value) {
    const auto name = reader_.text(p.key, p.form);
    if (!name) return;
    knob_ = knob_from(*name);
    if (knob_)
      value = *knob_;
    else
      reader_.mistake(p.key, fmt::format("there is no knob '{}';{} accepted: {}", *name,
                                         did_you_mean(*name, knob_names()), fmt::join(knob_names(), ", ")));
  }
  void read(const OpParameter& p, CpusetSpec& value) { take(read_cpuset(reader_, p.key), value); }
  void read(const OpParameter& p, AffinityIntent& value) {
    parse(p, value, AffinityIntent::parse);
    reader_.mistake(p.key, value.validate());
  }
  void read(const OpParameter& p, SchedPolicy& value) { take(read_policy(reader_, p.key), value); }
  void read(const OpParameter& p, WorkSpec& value) {
    const TomlValue* work = reader_.find(p.key);
    if (work->kind == Kind::kTable)
      value = read_work_table(*work, p.key, reader_.mistakes());
    else
      take(read_work_type(reader_, p.key), value.type);
  }
  void read(const OpParameter& p, CgroupDef& value) {
    if (const TomlValue* table = reader_.find(p.key, Kind::kTable, p.form))
      take(read_cgroup_table(*table, payloads_, reader_.mistakes()), value);
  }
  void read(const OpParameter& p, Payload& value) {
    const auto name = reader_.text(p.key, p.form);
    if (!name) return;
    const Payload* found = payloads_.find(*name, reader_.at(p.key), reader_.mistakes());
    take(found != nullptr ? std::optional(*found) : std::nullopt, value);
  }

  // As text.
  void read_text_or_number(const OpParameter& p, std::string& value) {
    const TomlValue& written = *reader_.find(p.key);
    if (written.kind == Kind::kString)
      value = written.text;
    else if (written.kind == Kind::kInteger)
      value = std::to_string(written.integer);
    else
      reader_.refuse_kind(p.key, written, p.form);
  }
  // Of the knob that was named before it.
  void read_for_knob(const OpParameter& p, std::string& value) {
    reader_.find(p.key);
    take(knob_ ? read_knob_value(reader_, p.key, *knob_) : std::nullopt, value);
  }
  template <typename T>
  void parse(const OpParameter& p, T& value, Result<T> (*parser)(std::string_view)) {
    const auto text = reader_.text(p.key, p.form);
    if (!text) return;
    auto parsed = parser(*text);
    if (parsed)
      value = *std::move(parsed);
    else
      reader_.mistake(p.key, Status(parsed.error()));
  }
  template <typename T>
  void take(std::optional<T> found, T& value) {
    failed_ = failed_ || !found;
    if (found) value = *std::move(found);
  }

  TableReader& reader_;
  const DeclaredPayloads& payloads_;
  std::optional<Knob> knob_;
  bool failed_ = false;
};

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
  Parameters parameters(reader, payloads);
  Op::Kind op = row.blank();
  for (const OpParameter& each : row.parameters) parameters.read(each, op);
  reader.finish();
  if (mistakes.size() != before || parameters.failed()) return {};
  return Op(std::move(op));
}

}  // namespace ktstr
