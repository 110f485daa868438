// SPDX-License-Identifier: Apache-2.0
#include "mutated.h"
#include "runner/replay/stored_request.h"

using namespace ktstr;

namespace {

std::string some_request() {
  RunRequest request;
  request.settings.test = "two_cgroups";
  request.scenario_text = "duration = '1s'";
  request.settings.topology = {1, 2, 2, 1};
  request.settings.cpu_speeds = {{.cpus = CpuSet::range(2, 3), .percent = 40}};
  RunRecord record;
  record.id = "20260101-000000.000-two_cgroups-0000";
  record.mode = "det";
  record.tuple = tuple_of(request.settings);
  record.tuple.inputs = {{"agent", "00"}};
  return request_to_json(request, record, "{}", {});
}

}  // namespace

// request.json of a stored run.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> bases{some_request()};
  const auto stored = request_from_json(fuzz::mutated_text(bases, data, size));
  if (!stored && stored.error().message().empty()) __builtin_trap();
  return 0;
}
