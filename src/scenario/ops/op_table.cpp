// SPDX-License-Identifier: Apache-2.0
#include "scenario/ops/op_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cassert>

#include "base/text/duration.h"

namespace ktstr {

namespace {

struct Family {
  std::string_view name;
  std::vector<OpRow> (*rows)();
};
constexpr Family kFamilies[] = {{"cgroups", cgroup_ops},      {"CPUs of cgroups and workers", cpuset_ops},
                                {"workers", worker_ops},      {"payloads", payload_ops},
                                {"the machine", machine_ops}, {"the scheduler", scheduler_ops}};

std::array<OpRow, Op::kKinds> all_rows() {
  std::array<OpRow, Op::kKinds> rows;
  for (const Family& family : kFamilies)
    for (OpRow& row : family.rows()) {
      row.family = family.name;
      const std::size_t kind = row.blank().index();
      assert(rows[kind].name.empty());
      rows[kind] = std::move(row);
    }
  for ([[maybe_unused]] const OpRow& row : rows) assert(!row.name.empty());
  return rows;
}

std::string shown(const std::string& value) { return value; }
std::string shown(int value) { return std::to_string(value); }
std::string shown(bool value) { return value ? "on" : "off"; }
std::string shown(std::chrono::nanoseconds value) { return format_duration(value); }
std::string shown(const std::vector<std::string>& value) { return fmt::format("{}", fmt::join(value, " ")); }
std::string shown(const CpuSet& value) { return value.to_string(); }
std::string shown(Knob value) { return std::string(file_of(value)); }
std::string shown(const CpusetSpec& value) { return value.describe(); }
std::string shown(const AffinityIntent& value) { return value.describe(); }
std::string shown(const SchedPolicy& value) { return value.describe(); }
std::string shown(const WorkSpec& value) { return fmt::format("{} x {}", value.workers, name_of(value.type)); }
std::string shown(const CgroupDef& value) { return value.name(); }
std::string shown(const Payload& value) { return value.name(); }

}  // namespace

const std::array<OpRow, Op::kKinds>& op_table() {
  static const std::array<OpRow, Op::kKinds> rows = all_rows();
  return rows;
}

const OpRow& row_of(const Op& op) { return op_table()[op.kind().index()]; }

std::string show_place(const std::string& cgroup) { return cgroup.empty() ? "(outside)" : cgroup; }

std::vector<std::string_view> op_names() {
  std::vector<std::string_view> names;
  for (const OpRow& row : op_table()) names.push_back(row.name);
  return names;
}

std::vector<std::string> op_names(const std::vector<Op>& ops) {
  std::vector<std::string> names;
  if (ops.empty()) return names;  // without making the table: workers run while this is asked
  std::array<bool, Op::kKinds> used{};
  for (const Op& op : ops) used[op.kind().index()] = true;
  for (std::size_t i = 0; i < used.size(); ++i)
    if (used[i]) names.emplace_back(op_table()[i].name);
  return names;
}

std::string_view Op::name() const { return row_of(*this).name; }

std::string Op::describe() const {
  const OpRow& row = row_of(*this);
  std::string text(row.name);
  if (row.about) return text + " " + row.about(*this);
  for (const OpParameter& each : row.parameters)
    std::visit([&](const auto* value) { text += value != nullptr ? " " + shown(*value) : ""; }, each.to_read(kind_));
  return text;
}

}  // namespace ktstr
