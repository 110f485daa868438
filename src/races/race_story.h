// SPDX-License-Identifier: Apache-2.0
//
// What happened in a forced run: which CPU stood where, and what came between.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe_page.h"
#include "races/names.h"

namespace ktstr {

// A place of the code, with the line that it was made from where that is known.
struct StoryPlace {
  CodePlace place;
  SourceLine line;
};
std::string to_text(const StoryPlace& place);  // "ktstr_dispatch, mailbox.bpf.h:52: mailbox->has_mail = false;"

struct RaceStop {
  std::uint32_t hold = 0;                                  // its number in the schedule
  std::uint32_t cpu = 0;                                   // that stood still
  std::string task;                                        // that it ran: "cg_0/1[105]", "swapper/0"
  StoryPlace after, before;                                // what it had done; what it was about to do
  std::string variable;                                    // that it had touched
  std::uint64_t from_ns = 0, to_ns = 0;                    // guest CLOCK_MONOTONIC
  std::uint32_t times = 0;                                 // how often a CPU had come there so, with this time
  control::HoldChange end = control::HoldChange::kBegins;  // kBegins: the run ended before
  std::uint32_t other_cpu = 0;                             // kMet: who came between
  std::string other_task;
  StoryPlace between;  // and what it did
};

struct RaceStory {
  std::vector<RaceStop> stops;  // in the order in which they began
};

// `schedule`: that of the run. kNotFound: nobody was held.
Result<RaceStory> race_story(const std::filesystem::path& trace_file, const std::string& schedule);

}  // namespace ktstr
