// SPDX-License-Identifier: Apache-2.0
//
// The parts that a text report is put together from.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "results/run_record.h"

namespace ktstr {

constexpr std::size_t kDigestShown = 12;  // hexadecimal digits: enough to tell runs apart by eye
constexpr std::size_t kLogLinesShown = 20;

// "ktstr (enabled) on 7.3.4+deb13-cloud-amd64, 1n2l2c1t, det".
std::string one_line_setting(const RunRecord& record);
// Each that was under test: "1 of 2: ktstr (enabled): scx_ktstr; its process was killed by signal 9".
std::vector<std::string> scheduler_lines(const RunRecord& record);
// Why it failed first (likely_cause.h), then scheduler, kernel, topology, mode and seed, each with its label.
std::vector<std::pair<std::string, std::string>> setting_lines(const RunRecord& record);
// The finding that explains the others: "stuck: worker 3 of cg_0 did not run for 2412 ms"; "" where there is none.
// `is_short`: where the trace has a place for it, without what else it shows there.
std::string cause_of_failure(const RunRecord& record, bool is_short = false);
// "ktstr why 20261124-...": the story of its failure.
std::string why_command(const RunRecord& record);
// The findings after the first, one a line: kind, message, step; and how many were left out where there are more than
// `most`.
std::vector<std::string> further_findings(const RunRecord& record, std::size_t most);
// Its notes, each once with how often it was made, and with the cgroup that it is about.
std::vector<std::pair<std::string, int>> note_lines(const RunRecord& record);
// What was looked at, one a line, with its step as a finding's.
std::vector<std::string> checked_lines(const RunRecord& record);
// Without the cgroups: "gap (limit 2000 ms), isolation, my own claim".
std::string checked_summary(const std::vector<Checked>& checked);
// The last `most` lines, with a first one that says how many are missing; equal neighbours are counted, not repeated.
std::vector<std::string> log_lines(const std::vector<std::string>& lines, std::size_t most);
// "boot 0.1s, attach 1.9s, body 2.4s (host time since QEMU was started)".
// How fine the guest's time was: "; quantum 100us, turns of 25.0us". Empty in modes that have no such thing.
std::string fineness(const RunRecord& record);
// Of a guest that gave no sign of life: "CPU 0  ktstr_spin+0x5  kernel, interrupts off".
std::vector<std::string> vcpu_lines(const std::vector<VcpuSeen>& vcpus);
std::string phase_line(const std::vector<PhaseTiming>& phases);

}  // namespace ktstr
