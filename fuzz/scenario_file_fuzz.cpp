// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer target: whatever a scenario file holds, reading it ends with a ScenarioFile or a kInvalidArgument that
// names the file; what was read can be compared with a topology.
#include <cstdlib>

#include "scenario_file/scenario_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = ktstr::parse_scenario({reinterpret_cast<const char*>(data), size}, "f");
  if (file) {
    ktstr::ignore_result(ktstr::check_against(*file, {.topology = {2, 4, 2, 1}}), "either outcome is right");
    return 0;
  }
  const ktstr::Error& error = file.error();
  if (error.code() != ktstr::ErrorCode::kInvalidArgument || !error.message().starts_with("f:")) std::abort();
  return 0;
}
