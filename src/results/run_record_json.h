// SPDX-License-Identifier: Apache-2.0
//
// Run records as JSON: what a run's directory keeps as result.json and what `--json` prints. Key names are stable;
// times are integers in nanoseconds and say so (`_ns`), enumerations are their texts. Keys are only added, and a change
// of meaning is a new kRunRecordVersion.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "results/run_record.h"

namespace ktstr {

// Indented, with a newline at the end. Bytes that are no UTF-8 (a guest can print anything) become U+FFFD. Besides the
// record's fields it has "verdict", the outcome's text, and "exit_code".
std::string to_json(const RunRecord& record);
// The same in one line, without a newline.
std::string to_json_line(const RunRecord& record);
// {"runs": [...], "digests_equal": bool}
std::string to_json(const std::vector<RunRecord>& records);
std::string to_json(const std::vector<RunRecord>& records, bool digests_equal);

// kCorruptData that names the key, for anything that to_json() cannot have written; kUnsupported for another version.
Result<RunRecord> from_json(std::string_view text);

// The tuple alone, as it is in a record.
std::string to_json(const RunTuple& tuple);
Result<RunTuple> tuple_from_json(std::string_view text);

// Writes DIR/result.json: readers see the whole of it or nothing.
Status store_run_record(const RunRecord& record, const std::filesystem::path& run_dir);
// `path` is a run's directory or the file itself.
Result<RunRecord> load_run_record(const std::filesystem::path& path);

}  // namespace ktstr
