// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/not_repeatable.h"
#include "runner/runner.h"

namespace ktstr {

void compare_repeated(const RunRecord& first, RunRecord& later) {
  const bool comparable = later.mode == "det" && later.digest_complete && first.digest_complete;
  if (comparable && later.digest != first.digest)
    fail_as_not_repeatable("the first one of the same tuple", first_event_difference(first, later), later);
}

}  // namespace ktstr
