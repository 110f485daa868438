// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "engine/qemu/qmp.h"
#include "mutated.h"

using namespace ktstr;

namespace {

const std::string kSpoken =
    R"({"QMP": {"version": {"qemu": {"micro": 2, "minor": 0, "major": 10}, "package": ""}, "capabilities": []}})"
    "\r\n{\"return\": {}}\r\n"
    R"({"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP"})"
    "\r\n{\"return\": {\"status\": \"running\"}}\r\n"
    R"({"error": {"class": "GenericError", "desc": "no"}})"
    "\r\n";

}  // namespace

// What a broken QEMU may say: each call ends, with an answer or with an error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> bases{kSpoken};
  const std::string said = fuzz::mutated_text(bases, data, size);
  auto qmp = Qmp::create();
  if (!qmp) return -1;
  if (::write(qmp->qemu_fd(), said.data(), said.size()) != static_cast<ssize_t>(said.size())) return -1;
  constexpr std::chrono::milliseconds kLimit{20};
  if (!qmp->greet(kLimit)) return 0;
  ignore_result(qmp->execute("query-status", Qmp::Json::object(), kLimit), "either outcome is right");
  ignore_result(qmp->execute("cont", Qmp::Json::object(), kLimit), "either outcome is right");
  return 0;
}
