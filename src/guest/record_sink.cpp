// SPDX-License-Identifier: Apache-2.0
#include "guest/record_sink.h"

#include <algorithm>

namespace ktstr {

void RecordSink::payload(const PayloadReport& report) {
  write_(RecordType::kPayload, encode(report));
  sent_.push_back(key_of(report));
}

void RecordSink::migrated(std::uint64_t pages) {
  if (pages > 0) write_(RecordType::kMigrated, encode(MigratedRecord{pages}));
}

void RecordSink::result(Result<AssertResult> result) {
  ResultRecord record;
  if (result) {
    record.result = *std::move(result);
    std::erase_if(record.result.payloads, [&](const PayloadReport& report) {
      return std::find(sent_.begin(), sent_.end(), key_of(report)) != sent_.end();
    });
  } else {
    record.error = result.error().message();
    record.error_hint = result.error().hint();
    record.code = result.error().code();
  }
  fit_into_record(record);
  write_(RecordType::kResult, encode(record));
}

}  // namespace ktstr
