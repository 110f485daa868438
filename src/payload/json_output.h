// SPDX-License-Identifier: Apache-2.0
//
// Numbers out of what a program printed. Programs print banners, warnings and progress around their JSON, so the
// document is searched for: the last one that is complete, as a program that prints one a second means its last. A
// document is an object, or an array that begins with an object or an array: "[1234]" is a process id in a banner.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ktstr/payload.h"

namespace ktstr {

struct ExtractedMetrics {
  std::vector<PayloadValue> values;  // in the order of the declarations
  std::vector<std::string> missing;  // "write_iops: no 'iops' in jobs.0.write; there: bw, clat_ns"
};

// From standard output; from standard error only when standard output holds no document (fio and others can be told to
// write there). Numbers, numbers in strings ("12.5") and booleans (0, 1) are values; what is not finite is missing.
// `killed`: a last document that is cut off is passed over for the one before; of a program that ended by itself it is
// what is missing.
ExtractedMetrics extract_metrics(const std::vector<PayloadMetric>& metrics, std::string_view standard_output,
                                 std::string_view standard_error, bool killed = false);

// The last complete document in `text`; kNotFound saying whether there was none at all or none that is complete.
// `may_end_cut_off`: what comes after the last whole document does not matter, even if it begins another.
Result<std::string_view> last_json_document(std::string_view text, bool may_end_cut_off = true);

}  // namespace ktstr
