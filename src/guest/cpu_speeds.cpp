// SPDX-License-Identifier: Apache-2.0
#include "guest/cpu_speeds.h"

#include <algorithm>

#include "guest/mailbox_mapping.h"

namespace ktstr::guest {

std::optional<CpuSpeedControl> cpu_speeds(mailbox::View view) {
  const std::size_t count =
      std::min<std::size_t>(mailbox::load(view.layout().speeds.vcpus), view.layout().speeds.percent.size());
  if (count == 0) return {};
  return CpuSpeedControl{.get =
                             [view, count] {
                               std::vector<int> speeds(count);
                               for (std::size_t cpu = 0; cpu < count; ++cpu)
                                 speeds[cpu] = mailbox::load(view.layout().speeds.percent[cpu]);
                               return speeds;
                             },
                         .set =
                             [view, count](const std::vector<int>& speeds) {
                               for (std::size_t cpu = 0; cpu < std::min(count, speeds.size()); ++cpu)
                                 mailbox::store(view.layout().speeds.percent[cpu], speeds[cpu]);
                               ring_doorbell(view, mailbox::BellReason::kCpuSpeed, 0);
                             }};
}

}  // namespace ktstr::guest
