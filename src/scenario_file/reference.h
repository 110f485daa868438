// SPDX-License-Identifier: Apache-2.0
//
// The reference page of scenario files, made from the tables that the reader uses: what it lists is what is accepted.
// docs/guide/reference.md is its stored output; a test says when the two differ, and how to store it anew.
#pragma once

#include <string>
#include <vector>

#include "scenario_file/policy_reader.h"

namespace ktstr {

// Markdown.
std::string scenario_reference();
// What CpusetSpec::parse() and AffinityIntent::parse() take, each by an example in quotes.
const std::vector<TextForm>& cpuset_forms();
const std::vector<TextForm>& affinity_forms();
// Lines of a [[cgroup]] with one worker.
std::vector<TextForm> worker_forms();

}  // namespace ktstr
