// SPDX-License-Identifier: Apache-2.0
//
// What the workers did, in numbers of guest time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "results/run_record.h"

namespace ktstr {

// A line a cgroup and step, of the first `most`; "" when there is none. The step is only shown where there are several.
// `columns` as Table::render() has them.
std::string cgroup_table(const RunRecord& record, std::string_view indent, std::size_t columns = 0,
                         std::size_t most = SIZE_MAX);
// What work types measure beyond that, a line each; "" when there is nothing.
std::string measure_table(const RunRecord& record, std::string_view indent, std::size_t columns = 0);
// A line a worker, with how it died or that it did not answer.
std::string worker_table(const RunRecord& record, std::string_view indent);
// The first `most` workers whose report did not come, a line each, and how many more there are; "" when there is none.
std::string last_seen_table(const RunRecord& record, std::string_view indent, std::size_t most);

}  // namespace ktstr
