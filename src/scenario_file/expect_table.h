// SPDX-License-Identifier: Apache-2.0
//
// The key `expect` of a scenario file: the failure that must come.
//
//   expect = "scheduler_stalled"
//   expect = { kind = "scheduler_crashed", text = "no CPU for" }      # or pattern = "no CPU for \\w+"
#pragma once

#include "ktstr/expected_failure.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

// What is wrong with it is among the mistakes of `top`.
ExpectedFailure read_expect(TableReader& top);

}  // namespace ktstr
