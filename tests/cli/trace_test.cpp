// SPDX-License-Identifier: Apache-2.0
//
// ktstr trace, with traces that were made here.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "results/run_record_json.h"
#include "run_ktstr.h"
#include "trace/testing/sample_stream.h"
#include "trace/testing/trace_in_file.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kRun = "state/ktstr/runs/20261129-040454.123-two_cgroups-0a1b";

class Trace : public KtstrProgram {
 protected:
  // A run with its result, and without a trace.
  fs::path make_run(const std::string& mode = "det", const std::string& why_no_trace = "") const {
    const fs::path directory = path(kRun);
    fs::create_directories(directory);
    RunRecord record;
    record.id = directory.filename();
    record.test = "two_cgroups";
    record.mode = mode;
    record.why_no_trace = why_no_trace;
    StepMark begin, end;
    begin.kind = StepMark::Kind::kStepStart;
    end.kind = StepMark::Kind::kStepEnd;
    begin.step = end.step = 1;
    begin.at_ns = 5'001'000'000;
    end.at_ns = 5'002'000'000;
    record.marks = {begin, end};
    record.body_start_ns = 5'000'500'000;
    EXPECT_TRUE(store_run_record(record, directory));
    return directory;
  }
  fs::path make_traced_run(std::size_t events = 2'000) const {
    const fs::path directory = make_run();
    store_trace(directory / kTraceFileName, sample_stream(events),
                {.kernel = "7.3.4", .cpus = 4, .source = "plugin", .missing = {{"kick", "", "no sched_ext"}}});
    return directory;
  }
  void expect_refused(std::string_view golden, const std::vector<std::string>& arguments, int status = 64) const {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status.value, status);
    EXPECT_EQ(ran.out, "");
    expect_golden(golden, ran.err);
  }
};

TEST_F(Trace, IsExportedForPerfettoBesideTheRun) {
  const fs::path directory = make_traced_run();
  const Ran ran = run({"trace", "last"});
  EXPECT_TRUE(ran.status.success()) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(ran.out, AllOf(StartsWith((directory / "trace.pftrace").string() + " ("), HasSubstr("ui.perfetto.dev")));
  const auto exported = read_text(directory / "trace.pftrace");
  ASSERT_TRUE(exported);
  EXPECT_THAT(*exported, AllOf(HasSubstr("step 1"), HasSubstr("cg_1/3"), HasSubstr("running in /test/cg_0")));
}

TEST_F(Trace, GoesWhereItIsAskedTo) {
  const fs::path directory = make_traced_run();
  const Ran ran = run({"trace", directory.string(), "--pftrace", "-o", "here.pftrace"});
  EXPECT_TRUE(ran.status.success()) << ran.err;
  EXPECT_THAT(ran.out, StartsWith("here.pftrace ("));
  EXPECT_TRUE(fs::exists(path("here.pftrace")));
  EXPECT_FALSE(fs::exists(directory / "trace.pftrace"));
  const Ran text = run({"trace", "last", "--text", "-o", "here.txt"});
  EXPECT_EQ(text.out, "here.txt (" + format_bytes(fs::file_size(path("here.txt"))) + ")\n");
}

TEST_F(Trace, IsShownAsText) {
  make_traced_run(120);
  const Ran ran = run({"trace", "2026", "--text"});
  EXPECT_TRUE(ran.status.success()) << ran.err;
  EXPECT_EQ(ran.err, "");
  expect_golden("trace/text", ran.out);
}

TEST_F(Trace, IsShownAsJson) {
  make_traced_run(40);
  const Ran ran = run({"trace", "last", "--json"});
  EXPECT_TRUE(ran.status.success()) << ran.err;
  expect_golden("trace/json", ran.out);
  for (std::size_t at = 0, end = 0; (end = ran.out.find('\n', at)) != std::string::npos; at = end + 1)
    EXPECT_TRUE(nlohmann::json::parse(ran.out.substr(at, end - at), nullptr, false).is_object());
}

TEST_F(Trace, SaysWhatCouldNotBeRecordedWhenAsked) {
  make_traced_run(40);
  EXPECT_THAT(run({"trace", "last", "--json", "-v"}).err, HasSubstr("not recorded: kick: no sched_ext"));
}

TEST_F(Trace, ThatIsCutShortIsShownAsFarAsItGoes) {
  const fs::path file = make_traced_run(60'000) / kTraceFileName;
  fs::resize_file(file, fs::file_size(file) / 2);
  const Ran ran = run({"trace", "last", "--text"});
  EXPECT_TRUE(ran.status.success());
  EXPECT_THAT(ran.out, HasSubstr("cg_0/2[102]"));
  expect_golden("trace/cut", ran.err);
}

TEST_F(Trace, WithoutAResultHasNoSteps) {
  fs::remove(make_traced_run() / "result.json");
  const Ran ran = run({"trace", path(kRun).string()});
  EXPECT_TRUE(ran.status.success());
  EXPECT_THAT(ran.err, HasSubstr("without steps and findings"));
}

TEST_F(Trace, ThatIsDamagedIsSaid) {
  const fs::path file = make_traced_run(2'000) / kTraceFileName;
  auto bytes = read_text(file);
  ASSERT_TRUE(bytes);
  bytes->at(bytes->size() - 100) ^= 1;
  ASSERT_TRUE(write_text(file, *bytes));
  expect_refused("trace/damaged", {"trace", "last", "-o", "x"}, 3);
  ASSERT_TRUE(write_text(file, "something else"));
  expect_refused("trace/no_trace", {"trace", "last", "-o", "x"}, 3);
}

TEST_F(Trace, OfARunThatHasNone) {
  make_run("det", "it was not wanted (--no-recorder)");
  expect_refused("trace/none", {"trace", "last"});
  make_run("det");
  expect_refused("trace/none_old", {"trace", "last"});
  make_run("kvm");
  expect_refused("trace/none_kvm", {"trace", "last"});
  make_run("host");
  expect_refused("trace/none_host", {"trace", "last"});
}

TEST_F(Trace, ThatCannotBeWrittenIsTheUsersMistake) {
  make_traced_run();
  expect_refused("trace/no_directory", {"trace", "last", "-o", "none/x"});
}

TEST_F(Trace, OfNoRun) { expect_refused("trace/no_run", {"trace", "2025"}); }

TEST_F(Trace, OfAWindowHasOnlyWhatIsInIt) {
  make_traced_run();
  const std::string whole = run({"trace", "last", "--json"}).out;
  const Ran ran = run({"trace", "last", "--json", "--from", "0.0001", "--to", "0.0002"});
  EXPECT_TRUE(ran.status.success()) << ran.err;
  EXPECT_NE(ran.out, "");
  EXPECT_LT(ran.out.size(), whole.size());
  for (std::size_t at = 0, end = 0; (end = ran.out.find('\n', at)) != std::string::npos; at = end + 1) {
    const auto time = nlohmann::json::parse(ran.out.substr(at, end - at)).at("time_ns").get<std::uint64_t>();
    EXPECT_GE(time, 5'000'600'000u);
    EXPECT_LE(time, 5'000'700'000u);
  }
  const Ran text = run({"trace", "last", "--text", "--from", "0.0001"});
  EXPECT_THAT(text.out, HasSubstr("cg_0/")) << "names are known from before";
  EXPECT_THAT(run({"trace", "last", "--accounts", "--to", "0.0002"}).out, HasSubstr("cg_0/"));
}

TEST_F(Trace, WindowsThatAreNone) {
  make_traced_run();
  expect_refused("trace/window_perfetto", {"trace", "last", "--from", "0.1"});
  expect_refused("trace/window_text", {"trace", "last", "--text", "--from", "soon"});
  expect_refused("trace/window_order", {"trace", "last", "--text", "--from", "2", "--to", "1"});
}

TEST_F(Trace, TwoFormatsAtOnce) { expect_refused("trace/formats", {"trace", "last", "--json", "--text"}); }

}  // namespace
}  // namespace ktstr
