// SPDX-License-Identifier: Apache-2.0
//
// What a program does that links ktstr::main. On the host it selects, runs and reports tests, each in a guest of its
// own. In the guest the agent starts the same program once more to run one test's body.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ktstr/test.h"
#include "results/run_record.h"

namespace ktstr {

// `arguments` as main() gets them, without the program's name. The exit status: see cli/exit_status.h.
int run_test_program(const std::vector<TestEntry>& tests, const std::string& program_name,
                     const std::vector<std::string>& arguments);

// "4 tests: 2 passed, 1 failed, 1 not run".
std::string summary_line(const std::map<Outcome, int>& tally, int not_run = 0);

}  // namespace ktstr
