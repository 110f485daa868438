// SPDX-License-Identifier: Apache-2.0
#include "runner/not_repeatable.h"
#include "runner/runner.h"

namespace ktstr {

std::vector<RunRecord> run_repeatedly(const RunRequest& request, const RunnerEnvironment& environment, int times,
                                      const std::function<void(const RunRecord&)>& done) {
  RunRequest shared = request;
  if (times > 1 && !shared.packed) {
    // What cannot be packed is said by the run itself.
    if (auto packed = pack_inputs(request, environment)) shared.packed = *std::move(packed);
  }
  std::vector<RunRecord> records;
  for (int i = 0; i < times && !interrupted(); ++i) {
    RunRecord record = run(shared, environment);
    const bool comparable =
        !records.empty() && record.mode == "det" && record.digest_complete && records.front().digest_complete;
    if (comparable && record.digest != records.front().digest)
      fail_as_not_repeatable("the first one of the same tuple", first_event_difference(records.front(), record),
                             record);
    records.push_back(std::move(record));
    done(records.back());
    // Nothing that a second try would change.
    if (records.back().outcome == Outcome::kBadInput) break;
  }
  return records;
}

}  // namespace ktstr
