// SPDX-License-Identifier: Apache-2.0
//
// The ends of our programs that nobody plans. A signal that asks for an end is an end in order: what runs is stopped,
// reported as interrupted, and nothing is left. A second one, or one that means a crash, ends the process at once and
// removes its temporary directories, guest memory among them; children die with the threads that started them. A reader
// of stdout that goes away ends the runs like a signal. A file that may not grow is an error of write(2).
#pragma once

#include <string>

namespace ktstr {

// What our programs exit with when the reader of stdout has gone: as after a death by SIGPIPE.
constexpr int kExitNobodyReads = 141;

// First thing in main(), but not of a body: from here on the process dies cleanly.
void prepare_to_end();

// Back to what a program expects that exec(2) starts in our place.
void forget_ends();

// Nobody reads stdout any more: interrupted() from now on.
void stop_as_nobody_reads();
bool nobody_reads();

// "interrupted by SIGTERM"; "interrupted" where it was no signal.
std::string interruption();

}  // namespace ktstr
