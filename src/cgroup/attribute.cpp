// SPDX-License-Identifier: Apache-2.0
#include "cgroup/attribute.h"

#include <algorithm>
#include <iterator>

#include "cgroup/knob_table.h"
#include "cgroup/shown_value.h"

namespace ktstr {

namespace {

struct Attribute {
  std::string_view file;
  std::string_view needs;
  shown::Compare shows;  // null: it does not echo
};

constexpr Attribute kBesideKnobs[] = {
    {"cgroup.freeze", "Linux 5.2", shown::as_text},
    {"cgroup.kill", "Linux 5.14", nullptr},
    {"cgroup.max.depth", "Linux 4.14", shown::as_text},
    {"cgroup.max.descendants", "Linux 4.14", shown::as_text},
    {"cpu.weight.nice", "CONFIG_FAIR_GROUP_SCHED or CONFIG_EXT_GROUP_SCHED", shown::as_text},
    {"cpuset.cpus", "CONFIG_CPUSETS", shown::as_list},
};

Attribute attribute_of(std::string_view file) {
  if (const auto knob = knob_of_file(file)) {
    const KnobRow& row = knob_row(*knob);
    return {row.file, row.needs, row.shows};
  }
  const auto found = std::find_if(std::begin(kBesideKnobs), std::end(kBesideKnobs),
                                  [&](const auto& each) { return each.file == file; });
  return found == std::end(kBesideKnobs) ? Attribute{file, {}, nullptr} : *found;
}

}  // namespace

bool attribute_echoes(std::string_view file) { return attribute_of(file).shows != nullptr; }

bool attribute_shows(std::string_view file, std::string_view written, std::string_view shown) {
  const shown::Compare shows = attribute_of(file).shows;
  return shows == nullptr || shows(written, shown);
}

std::string_view attribute_needs(std::string_view file) { return attribute_of(file).needs; }

std::string_view attribute_controller(std::string_view file) {
  const std::string_view prefix = file.substr(0, std::min(file.find('.'), file.size()));
  return prefix == "cgroup" ? std::string_view() : prefix;
}

}  // namespace ktstr
