// SPDX-License-Identifier: Apache-2.0
//
// What the page does in a browser is tested by tests/page.
#include "report/page/html_report.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <regex>

#include "report/page/packed.h"
#include "report/testing/sample_records.h"
#include "trace/testing/sample_stream.h"
#include "trace/testing/trace_in_file.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string page_of(const std::vector<RunRecord>& records, const PageLimits& limits = {}) {
  std::vector<ReportedRun> runs;
  for (const RunRecord& record : records) runs.push_back(reported(record, true));
  return html_report(runs, limits);
}

std::size_t times(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(HtmlReport, NeedsNothingElse) {
  const std::string page = page_of({stalled_record()});
  const std::regex fetches("(src|href)=[\"'](?!data:,)|@import|url\\(|fetch\\(|XMLHttpRequest|WebSocket");
  std::smatch found;
  const std::string whole = page;
  EXPECT_FALSE(std::regex_search(whole, found, fetches)) << found.str();
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

// The policy lets the script run that is in the page, and no other.
TEST(HtmlReport, ThePolicyNamesItsOwnScript) {
  const std::string page = page_of({passing_record()});
  const std::size_t script = page.rfind("<script>") + 8, end = page.rfind("</script>");
  EXPECT_THAT(page, HasSubstr("script-src '" + policy_hash(page.substr(script, end - script)) + "'"));
  const std::size_t style = page.find("<style>") + 7;
  EXPECT_THAT(page, HasSubstr("style-src '" + policy_hash(page.substr(style, page.find("</style>") - style)) + "'"));
}

TEST(HtmlReport, NoNameEndsAScript) {
  RunRecord record = passing_record();
  record.test = "</script><script>alert(1)</script><!--";
  record.kernel = "</SCRIPT >";
  const std::string hostile = page_of({record}), plain = page_of({passing_record()});
  EXPECT_EQ(times(hostile, "<script"), times(plain, "<script"));
  EXPECT_EQ(times(hostile, "</script"), times(plain, "</script"));
  EXPECT_EQ(times(hostile, "<!--"), times(plain, "<!--"));
  EXPECT_THAT(hostile, Not(HasSubstr("</SCRIPT")));
  EXPECT_THAT(hostile, HasSubstr("\\u003c/script>"));
}

TEST(HtmlReport, AThousandRunsAreSmallAndQuick) {
  std::vector<ReportedRun> runs;
  for (int i = 0; i < 1000; ++i) {
    RunRecord record = i % 10 == 0 ? unfair_record() : passing_record();
    record.id = fmt::format("run-{}", i);
    runs.push_back(reported(record, true));
  }
  const auto started = std::chrono::steady_clock::now();
  const std::string page = html_report(runs);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  EXPECT_LT(page.size(), 5'000'000U);
  EXPECT_EQ(times(page, "\"id\":\"run-"), 1000U);
  // Failures are never those that there is no room for.
  for (int i = 0; i < 1000; i += 10) EXPECT_THAT(page, HasSubstr(fmt::format("id=\"pack{}\"", i)));
  EXPECT_LT(took.count(), 10);  // the figure itself is measured by hand, on a machine that does nothing else
}

// Tasks that are woken by each other, with times and partners that no packing can guess.
std::vector<TraceEvent> busy_machine(std::size_t most, std::uint16_t cpus) {
  std::vector<TraceEvent> events;
  for (std::uint16_t cpu = 0; cpu < cpus; ++cpu)
    events.push_back(make_event(0, cpu, trace::CpuSeen{.cpu = cpu, .current = 0}));
  for (std::int32_t pid = 100; pid < 100 + 5 * cpus; ++pid)
    events.push_back(make_event(
        1, 0,
        trace::Fork{
            .pid = pid, .tgid = pid, .cgroup = static_cast<std::uint64_t>(pid % 4), .comm = trace_text_of<2>("w")}));
  std::uint64_t seed = 1, now = 1000;
  const auto random = [&](std::uint64_t below) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (seed >> 33) % below;
  };
  while (events.size() + 5 <= most) {
    const auto cpu = static_cast<std::uint16_t>(random(cpus));
    const auto pid = static_cast<std::int32_t>(100 + cpu + cpus * random(5));
    events.push_back(make_event(now += random(50'000), static_cast<std::uint16_t>(random(cpus)),
                                trace::Enqueue{.pid = pid, .cpu = cpu, .sched_class = 4, .clock = now}));
    events.push_back(
        make_event(now += 2000 + random(20'000), cpu, trace::Switch{.next = pid, .next_prio = 120, .clock = now}));
    events.push_back(make_event(now += random(3000), cpu, trace::Tick{}));
    events.push_back(make_event(now += random(200'000), cpu,
                                trace::Dequeue{.pid = pid, .cpu = cpu, .sched_class = 4, .clock = now}));
    events.push_back(make_event(now += 300, cpu, trace::Switch{.prev = pid, .prev_state = 1, .next = 0, .clock = now}));
  }
  return events;
}

// KTSTR_KEEP_PAGE names a file for the page, to be opened in a browser.
TEST(HtmlReport, AMillionEventsAreAtMostSixMegabytes) {
  const auto directory = TempDir::create(fs::temp_directory_path(), "ktstr-html-report-test");
  ASSERT_TRUE(directory);
  store_trace(directory->path() / kTraceFileName, busy_machine(1'000'000, 8),
              {.kernel = "7", .cpus = 8, .source = "plugin"});
  RunRecord record = unfair_record();
  record.run_dir = directory->path().string();
  record.body_start_ns = 1;
  const std::string page = page_of({record});
  EXPECT_EQ(times(page, "id=\"columns0\""), 1U);
  EXPECT_LE(page.size(), 6'000'000U);
  EXPECT_GT(page.size(), 1'000'000U) << "the events are not in it";
  if (const char* const path = std::getenv("KTSTR_KEEP_PAGE"); path != nullptr) {
    EXPECT_TRUE(write_text(path, page));
  }
}

TEST(HtmlReport, WhatThereIsNoRoomForIsLeftOut) {
  const std::vector<RunRecord> records(5, passing_record());
  EXPECT_EQ(times(page_of(records), "id=\"pack"), 5U);
  EXPECT_EQ(times(page_of(records, {.record_bytes = 1}), "id=\"pack"), 1U);
}

TEST(HtmlReport, RunsWithoutARecordAreRows) {
  const RunRecord record = passing_record();
  const ReportedRun run = reported(record, false);
  EXPECT_EQ(times(html_report({&run, 1}), "id=\"pack"), 0U);
}

}  // namespace
}  // namespace ktstr
