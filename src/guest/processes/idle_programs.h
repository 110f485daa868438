// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace ktstr::guest {

// Clock ticks that the guest's programs have used, those of `passed_over` not counted. A program that ended does not
// count any more, so the number also changes where programs come and go. `proc` is "/proc".
std::uint64_t program_ticks(const std::filesystem::path& proc, const std::vector<int>& passed_over);

// Whether the programs have done nothing for a while. Looks at most once a second of guest time.
class IdlePrograms {
 public:
  IdlePrograms(std::filesystem::path proc, std::vector<int> passed_over)
      : proc_(std::move(proc)), passed_over_(std::move(passed_over)) {}
  // How long the number of ticks has stayed the same, at guest time `now`.
  std::chrono::nanoseconds idle_at(std::chrono::nanoseconds now);

 private:
  std::filesystem::path proc_;
  std::vector<int> passed_over_;
  std::uint64_t ticks_ = UINT64_MAX;
  std::chrono::nanoseconds since_{0}, looked_at_{0};
};

}  // namespace ktstr::guest
