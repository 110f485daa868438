// SPDX-License-Identifier: Apache-2.0
#include "guest/cpu_speeds.h"

namespace ktstr::guest {

CpuSpeedControl cpu_speeds(const RequestTransport& host) {
  return {.get = [host]() -> Result<std::vector<int>> {
            KTSTR_TRY_ASSIGN(const request::CpuSpeeds speeds, ask(host, request::GetCpuSpeeds{}));
            return std::vector<int>(speeds.percent.begin(), speeds.percent.end());
          },
          .set = [host](const std::vector<int>& speeds) -> Status {
            const request::SetCpuSpeeds wanted{{{speeds.begin(), speeds.end()}}};
            KTSTR_TRY(ask(host, wanted));
            return ok();
          }};
}

}  // namespace ktstr::guest
