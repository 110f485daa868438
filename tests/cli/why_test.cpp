// SPDX-License-Identifier: Apache-2.0
//
// ktstr why, of runs that were made here.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "results/run_record_json.h"
#include "run_ktstr.h"
#include "trace/testing/sample_stream.h"
#include "trace/testing/trace_in_file.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

class WhyCommand : public KtstrProgram {
 protected:
  // A run that failed, with the sample's stream as its trace.
  fs::path make_run(std::string_view name, Outcome outcome) const {
    const fs::path directory = path("state/ktstr/runs") / name;
    fs::create_directories(directory);
    RunRecord record;
    record.id = directory.filename();
    record.test = "two_cgroups";
    record.mode = "det";
    record.outcome = outcome;
    record.body_start_ns = 5'000'500'000;
    record.repeat_command = "ktstr run two_cgroups.toml";
    if (outcome == Outcome::kFail) {
      record.details = {
          {.kind = DetailKind::kWaitAge, .message = "worker cg_0/2 waited", .cgroup = "cg_0", .worker = 2, .step = 1}};
      record.traced = {{.kind = DetailKind::kWaitAge,
                        .cgroup = "cg_0",
                        .worker = 2,
                        .step = 1,
                        .headline = "worker cg_0/2 waited",
                        .pid = 102,
                        .from_ns = 5'001'000'000,
                        .to_ns = 5'001'500'000}};
    }
    EXPECT_TRUE(store_run_record(record, directory));
    store_trace(directory / kTraceFileName, sample_stream(2'000), {.kernel = "7.3.4", .cpus = 4, .source = "plugin"});
    return directory;
  }
};

TEST_F(WhyCommand, TellsOfTheLastRunByDefault) {
  make_run("20261129-040454.123-two_cgroups-0a1b", Outcome::kPass);
  make_run("20261129-040455.123-two_cgroups-0a1c", Outcome::kFail);
  const Ran ran = run({"why"});
  EXPECT_TRUE(ran.status.success()) << ran.err;
  EXPECT_EQ(ran.err, "");
  expect_golden("why", ran.out);
  EXPECT_EQ(run({"why", "20261129-040454"}).out, "PASS  two_cgroups: nothing failed\n");
  EXPECT_EQ(run({"why", "last-failed"}).out, ran.out);
}

TEST_F(WhyCommand, IsGivenAsJson) {
  const fs::path directory = make_run("20261129-040455.123-two_cgroups-0a1c", Outcome::kFail);
  const Ran ran = run({"why", directory.string(), "--json"});
  EXPECT_TRUE(ran.status.success()) << ran.err;
  EXPECT_EQ(nlohmann::json::parse(ran.out).at("traced").at("pid"), 102);
}

TEST_F(WhyCommand, WithoutATraceTellsWhatTheRecordHas) {
  fs::remove(make_run("20261129-040455.123-two_cgroups-0a1c", Outcome::kFail) / kTraceFileName);
  const Ran ran = run({"why"});
  EXPECT_TRUE(ran.status.success()) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("there is no trace of this run"));
}

TEST_F(WhyCommand, OfNoRun) {
  const Ran ran = run({"why"});
  EXPECT_EQ(ran.status.value, 64);
  expect_golden("why_no_run", ran.err);
}

}  // namespace
}  // namespace ktstr
