// SPDX-License-Identifier: Apache-2.0
#include "mutated.h"
#include "report/testing/sample_records.h"
#include "report/text_report.h"
#include "results/run_record_json.h"

using namespace ktstr;

// result.json: what is read can be written and read again, and shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> bases{to_json(unfair_record()), to_json(payload_record()),
                                              to_json(panicked_record())};
  const auto record = from_json(fuzz::mutated_text(bases, data, size));
  if (!record) {
    if (record.error().message().empty()) __builtin_trap();
    return 0;
  }
  if (!from_json(to_json(*record))) __builtin_trap();
  return text_report(*record).empty() ? -1 : 0;
}
