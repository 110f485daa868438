// SPDX-License-Identifier: Apache-2.0
//
// Runs as one HTML file that needs nothing else: an overview where there are several, and of each run what its record
// and its trace know. script/ draws it. Names and output of others are data in it, which no part of the page takes for
// markup, and the page's policy lets no script run but its own and nothing be fetched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "report/formats/reported_run.h"

namespace ktstr {

// What store_run() makes at once, in the run's directory; more events take seconds, and `ktstr report` makes it then.
constexpr const char* kPageName = "report.html";
constexpr std::uint64_t kMostEventsOfPage = 1'000'000;
// Whether it does: of a run that was recorded and neither passed nor was skipped.
bool leaves_page(const RunRecord& record);

// What a page has room for; what is left out is said in it. Runs that failed come first.
struct PageLimits {
  std::size_t timelines = 8;
  std::size_t timeline_bytes = 24'000'000;  // of all, as the page has them
  std::size_t record_bytes = 3'000'000;     // of all records, and what the last one is longer
};

// The row "html" of report_formats(). A trace that cannot be read is left out, and its run says why.
std::string html_report(std::span<const ReportedRun> runs);
std::string html_report(std::span<const ReportedRun> runs, const PageLimits& limits);

}  // namespace ktstr
