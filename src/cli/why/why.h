// SPDX-License-Identifier: Apache-2.0
//
// The story of a run's failure: the finding that matters, what the recorder saw of it, and how to go on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "results/run_record.h"
#include "trace/story/explain.h"
#include "trace/story/look.h"

namespace ktstr::cli {

struct Why {
  RunRecord record;
  std::optional<Detail> finding;        // the one that explains the others; none: nothing was found
  std::optional<TracedFinding> traced;  // of the finding, or of the first other one that the trace can place
  bool of_another = false;              // `traced` is of another one
  std::string why_no_story;             // where the trace tells nothing, why; else ""
  std::optional<WaitStory> story;       // of the task that suffered
  std::optional<Look> look;             // around the bad window
  std::vector<std::string> remarks;     // that not all was recorded
  std::vector<CpuStory> further_cpus;   // that the task may run on and that have no row
  std::size_t further_rows = 0;         // CPUs without a row
};

// How large its picture of the bad window may be.
struct PictureSize {
  std::size_t rows = 8, columns = 66;
};

// `run`: the run's directory. A trace that cannot be read is no error: the record has something to tell, too.
Result<Why> find_out_why(const fs::path& run, const PictureSize& size = {});

// For one screen of 80 columns. Ends with a newline.
std::string to_text(const Why& why, bool color);
// What a report shows of it: who suffered, who ran instead, whose doing it was, and the picture. "" where the trace
// tells nothing. Fitted to `columns`.
std::string short_story(const Why& why, bool color, std::size_t columns);
std::string to_json(const Why& why);

// "in step 2: crowded, 12.3 ms after set_cpuset, set_nice".
std::string scene_of(const Why& why);
// The part of the trace that matters, and how to see it.
std::vector<std::string> ways_on(const Why& why);
// Seconds into the body; below 0 before it.
double into_body(const Why& why, std::uint64_t at_ns);

}  // namespace ktstr::cli
