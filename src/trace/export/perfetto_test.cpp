// SPDX-License-Identifier: Apache-2.0
//
// What is written is read by a decoder that shares nothing with the writer (tests/trace/check_pftrace.py), which also
// checks that it hangs together.
#include "trace/export/perfetto.h"

#include <gmock/gmock.h>

#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/system/process.h"
#include "probe_page.h"
#include "trace/export/proto_writer.h"
#include "trace/testing/sample_stream.h"
#include "trace/testing/trace_in_file.h"

namespace ktstr {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const json kNothing = json();

class Perfetto : public testing::Test {
 protected:
  void SetUp() override {
    auto made = TempDir::create(fs::temp_directory_path(), "ktstr-perfetto-test");
    ASSERT_TRUE(made) << made.error().message();
    directory_.emplace(*std::move(made));
  }

  // Exported and read again; null where it is wrong.
  json checked(const std::vector<TraceEvent>& events, const TraceMarks& marks = {}, Bytes most = UINT64_MAX) {
    const CapturedOutput ran = check(events, marks, most);
    EXPECT_TRUE(ran.status.success()) << ran.out << ran.err;
    return ran.status.success() ? json::parse(ran.out) : kNothing;
  }

  CapturedOutput check(const std::vector<TraceEvent>& events, const TraceMarks& marks = {}, Bytes most = UINT64_MAX) {
    return check_bytes(exported(events, marks, {}, most));
  }

  std::string exported(const std::vector<TraceEvent>& events, const TraceMarks& marks, const TraceSide& side = {},
                       Bytes most = UINT64_MAX) {
    const fs::path trace = directory_->path() / "trace.bin";
    store_trace(trace, events, {.kernel = "7.3.4", .cpus = 4, .source = "plugin"}, most);
    auto reader = TraceReader::open(trace);
    EXPECT_TRUE(reader) << reader.error().message();
    std::string bytes;
    const Status status = export_perfetto(
        *reader, marks,
        [&](ByteSpan part) {
          bytes += as_text(part);
          return ok();
        },
        side);
    EXPECT_TRUE(status) << status.error().message();
    return bytes;
  }

  CapturedOutput check_bytes(const std::string& bytes) {
    const auto python = find_program("python3");
    if (!python) return {};
    const fs::path exported = directory_->path() / "trace.pftrace";
    EXPECT_TRUE(write_text(exported, bytes));
    auto ran =
        run_captured({.argv = {python->string(), KTSTR_CHECK_PFTRACE, exported.string()}}, std::chrono::seconds(100));
    EXPECT_TRUE(ran) << ran.error().message();
    return ran ? *std::move(ran) : CapturedOutput{};
  }

 private:
  std::optional<TempDir> directory_;
};

#define SKIP_WITHOUT_PYTHON() \
  if (!find_program("python3")) GTEST_SKIP() << "needs python3, which decodes what was written"

TEST_F(Perfetto, SwitchesAndWakeupsAreThoseOfTheStream) {
  SKIP_WITHOUT_PYTHON();
  for (const SampleShape& shape : {SampleShape{}, SampleShape{.cpus = 7, .tasks = 40, .with_bpf_scheduler = true}}) {
    const auto events = sample_stream(30'000, shape);
    std::map<TraceKind, int> counts;
    for (const TraceEvent& event : events) ++counts[event.kind];
    const json found = checked(events);
    ASSERT_TRUE(found.is_object());
    EXPECT_EQ(found["release"], "7.3.4");
    EXPECT_EQ(found["cpus"].size(), shape.cpus);
    EXPECT_EQ(found["kinds"]["4"], counts[TraceKind::kSwitch]);
    EXPECT_EQ(found["wakings"], counts[TraceKind::kEnqueue]);
    EXPECT_EQ(found["kinds"]["36"], counts[TraceKind::kIrqEnter]);
    EXPECT_EQ(found["threads"].size(), 1 + static_cast<std::size_t>(shape.tasks));
    EXPECT_EQ(found["threads"]["103"], json::parse(R"([102, "cg_1/3"])"));
    EXPECT_EQ(found["processes"]["102"], "cg_0/2");
    EXPECT_FALSE(found["processes"].contains("103"));
    EXPECT_TRUE(found["tracks"].contains("running in /test/cg_0"));
    EXPECT_EQ(found["tracks"].contains("queue 2"), shape.with_bpf_scheduler);
  }
}

TEST_F(Perfetto, ACpuThatIsHeldHasASlice) {
  SKIP_WITHOUT_PYTHON();
  const auto held = [](std::uint64_t at, std::uint16_t cpu, control::HoldChange change) {
    return make_event(at, cpu, trace::Held{.hold = 2, .change = static_cast<std::uint32_t>(change), .vcpu = 1});
  };
  const json found = checked({make_event(10, 0, trace::CpuSeen{.cpu = 0, .current = 0}),
                              held(15, 1, control::HoldChange::kTooLong),  // of one that began before
                              held(20, 1, control::HoldChange::kBegins), held(30, 0, control::HoldChange::kMet)});
  ASSERT_TRUE(found["tracks"].contains("CPU 1 stands still")) << found;
  EXPECT_EQ(found["tracks"]["CPU 1 stands still"], json::parse(R"([[20,1,"hold 2"],[30,2,null]])"));
  EXPECT_TRUE(found["tracks"].contains("events of CPU 0"));
}

// That the checker finds what is wrong.
TEST_F(Perfetto, AStreamThatNoKernelHasIsFound) {
  SKIP_WITHOUT_PYTHON();
  const auto begin = make_event(10, 0, trace::Switch{.prev = 0, .next = 5});
  struct Case {
    TraceEvent second;
    const char* words;
  };
  for (const Case& one :
       {Case{make_event(20, 0, trace::Switch{.prev = 6, .next = 7}), "CPU 0 at 20: 6 leaves, but 5 ran"},
        Case{make_event(5, 0, trace::Switch{.prev = 5, .next = 0}), "CPU 0 at 5: time goes back"},
        Case{make_event(20, 1, trace::Switch{.prev = 0, .next = 5}), "5 runs on CPU 0 and CPU 1 at 20"}}) {
    const CapturedOutput ran = check({begin, one.second, make_event(30, 1, trace::Switch{.prev = 5, .next = 0}),
                                      make_event(30, 0, trace::Switch{.prev = 5, .next = 0})});
    EXPECT_EQ(ran.status.describe(), "exited with status 1");
    EXPECT_THAT(ran.out, HasSubstr(one.words));
  }
}

TEST_F(Perfetto, ATasksLifeIsShown) {
  SKIP_WITHOUT_PYTHON();
  const json found = checked({
      make_event(10, 0, trace::CpuSeen{.cpu = 0, .current = 5}),
      make_event(10, 0, trace::CpuSeen{.cpu = 1, .current = 0}),
      make_event(10, 0, trace::TaskSeen{.pid = 5, .tgid = 5, .on_rq = 1, .cgroup = 2, .comm = trace_text_of<2>("sh")}),
      make_event(10, 0, trace::CgroupSeen{.cgroup = 1}),
      make_event(10, 0, trace::CgroupSeen{.cgroup = 2, .parent = 1, .name = trace_text_of<4>("a")}),
      make_event(20, 0, trace::Fork{.pid = 6, .tgid = 6, .parent = 5, .cgroup = 2, .comm = trace_text_of<2>("sh")}),
      make_event(21, 0, trace::Fork{.pid = 7, .tgid = 5, .parent = 1, .cgroup = 2, .comm = trace_text_of<2>("sh")}),
      make_event(30, 0, trace::Enqueue{.pid = 6, .cpu = 1}),
      make_event(40, 1, trace::Switch{.prev = 0, .prev_on_rq = 1, .next = 6, .next_prio = 120}),
      make_event(45, 1, trace::CgroupMove{.pid = 6, .cgroup = 3, .parent = 2, .name = trace_text_of<4>("b")}),
      make_event(50, 1, trace::Rename{.pid = 6, .comm = trace_text_of<2>("true")}),
      make_event(55, 1, trace::Throttle{.cgroup = 3, .cpu = 1}),
      make_event(58, 1, trace::Unthrottle{.cgroup = 3, .cpu = 1}),
      make_event(59, 1, trace::Unthrottle{.cgroup = 2, .cpu = 1}),
      make_event(60, 1, trace::Exit{.code = 0}),
      make_event(70, 1, trace::Switch{.prev = 6, .prev_state = 0x80, .next = 0, .next_prio = 120}),
      make_event(80, 0, trace::Switch{.prev = 5, .prev_state = 0x402, .next = 7, .next_prio = 120}),
      make_event(85, 0, trace::Switch{.prev = 7, .prev_on_rq = 1, .next = 0, .next_prio = 120}),
      make_event(90, 0, trace::Affinity{.pid = 7, .mask = {3}}),
  });
  ASSERT_TRUE(found.is_object());
  EXPECT_EQ(found["ran_ns"], json::parse(R"({"5": 60, "6": 30, "7": 5})")) << "5 is on its CPU from the first event on";
  EXPECT_EQ(found["new_tasks"], json::parse(R"([[6, "sh", 0, 5], [7, "sh", 65536, 5]])"));
  EXPECT_EQ(found["renames"], json::parse(R"([[6, "sh", "true"]])"));
  EXPECT_EQ(found["kinds"]["114"], 1) << "the first wakeup of a task";
  EXPECT_EQ(found["kinds"]["238"], 1);
  EXPECT_EQ(found["kinds"]["240"], 1);
  EXPECT_EQ(found["states"], json::parse(R"({"0": 2, "16": 1, "128": 1, "256": 1})"));
  const json& tracks = found["tracks"];
  EXPECT_EQ(tracks["running in /a"], json::parse("[[20,4,1],[40,4,2],[45,4,1],[85,4,0]]"));
  EXPECT_EQ(tracks["running in /a/b"], json::parse("[[45,4,1],[70,4,0]]"));
  EXPECT_EQ(tracks["moves into /a/b"], json::parse(R"([[45,3,"sh[6]"]])"));
  EXPECT_EQ(tracks["/a/b on CPU 1"], json::parse(R"([[55,1,"throttled"],[58,2,null]])"));
  EXPECT_EQ(tracks["events of CPU 0"], json::parse(R"([[90,3,"affinity"]])"));
}

TEST_F(Perfetto, TheScenarioIsOnTracksOfItsOwn) {
  SKIP_WITHOUT_PYTHON();
  TraceMarks marks;
  marks.steps = {{"warm", 100, 200}, {"hold", 110, 190}, {"step 2", 200, 300}};
  marks.ops = {{"freeze_cgroup", 150, 150}};
  marks.findings = {{"gap of 3 ms", 120, 180}};
  const json found = checked({make_event(90, 0, trace::Tick{})}, marks);
  ASSERT_TRUE(found.is_object());
  EXPECT_EQ(found["tracks"]["steps"],
            json::parse(R"([[100,1,"warm"],[110,1,"hold"],[190,2,null],[200,2,null],[200,1,"step 2"],[300,2,null]])"));
  EXPECT_EQ(found["tracks"]["ops"], json::parse(R"([[150,3,"freeze_cgroup"]])"));
  EXPECT_EQ(found["tracks"]["findings"], json::parse(R"([[120,1,"gap of 3 ms"],[180,2,null]])"));
}

TEST_F(Perfetto, EventsThatWereNotStoredAreSaid) {
  SKIP_WITHOUT_PYTHON();
  const json found = checked(sample_stream(60'000), {}, 200'000);
  ASSERT_TRUE(found.is_object());
  EXPECT_THAT(found["tracks"]["findings"].dump(), HasSubstr("events from here on are not stored"));
}

TEST_F(Perfetto, WhatAGuestMakesUpIsBounded) {
  SKIP_WITHOUT_PYTHON();
  std::vector<TraceEvent> events;
  for (std::uint64_t i = 0; i < 6'000; ++i) {
    const auto cpu = static_cast<std::uint16_t>(i * 7919);
    events.push_back(make_event(i, cpu, trace::DsqInsert{.pid = -5, .dsq = i << 40, .slice = UINT64_MAX}));
    events.push_back(make_event(i, cpu, trace::Throttle{.cgroup = i, .cpu = cpu}));
    events.push_back(make_event(i, 0, trace::Rename{.pid = -1, .comm = {{UINT64_MAX, UINT64_MAX}}}));
  }
  const json found = checked(events);
  ASSERT_TRUE(found.is_object());
  EXPECT_LT(found["tracks"].size(), 5000u);
  EXPECT_TRUE(found["tracks"].contains("other tracks"));
}

// Each kind with values that nobody foresaw, in an order that no kernel has.
TEST_F(Perfetto, AnyStreamCanBeExported) {
  std::uint64_t random = 7;
  std::vector<TraceEvent> events;
  for (int i = 0; i < 6'000; ++i) {
    TraceEvent event;
    event.time_ns = random = splitmix64(random);
    event.kind = TraceKind{static_cast<std::uint16_t>(1 + random % static_cast<std::uint16_t>(TraceKind::kDsqMove))};
    event.cpu = static_cast<std::uint16_t>(random % 5);
    event.count = static_cast<std::uint8_t>(random % 17);
    for (auto& value : event.values) {
      random = splitmix64(random);
      value = random >> random % 64;
    }
    events.push_back(event);
  }
  const auto directory = TempDir::create(fs::temp_directory_path(), "ktstr-perfetto-test");
  store_trace(directory->path() / "trace.bin", events);
  auto reader = TraceReader::open(directory->path() / "trace.bin");
  ASSERT_TRUE(reader);
  std::size_t bytes = 0;
  EXPECT_TRUE(export_perfetto(*reader, {}, [&](ByteSpan part) {
    bytes += part.size();
    return ok();
  }));
  EXPECT_GT(bytes, 100'000u);
}

// A limit for defects alone, not for a machine: bench/trace_bench has the times.
TEST_F(Perfetto, TheTimeGrowsWithTheEvents) {
  const auto events = sample_stream(100'000);
  const std::clock_t begin = std::clock();
  PerfettoWriter writer({}, {}, [](ByteSpan) { return ok(); });
  for (const TraceEvent& event : events) writer.add(event);
  EXPECT_TRUE(writer.finish(0));
  EXPECT_LT(std::clock() - begin, 20 * CLOCKS_PER_SEC);
}

TEST_F(Perfetto, AFullDiskEndsIt) {
  PerfettoWriter writer({}, {}, [](ByteSpan) { return Status(fail(ErrorCode::kNoSpace, "no space")); });
  for (const TraceEvent& event : sample_stream(50'000)) writer.add(event);
  const Status finished = writer.finish(0);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message(), "no space");
}

TEST(ProtoWriter, EncodesAsItsSpecificationHasIt) {
  ProtoWriter out;
  out.number(1, 150);
  out.number(2, -1);
  out.text(3, "testing");
  const std::size_t opened = out.open(4);
  out.number(1, std::uint64_t{1} << 63);
  out.close(opened);
  EXPECT_EQ(as_text(out.bytes()), std::string("\x08\x96\x01"
                                              "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                                              "\x1a\x07testing"
                                              "\x22\x8b\x80\x80\x00\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
                                              39));
}

// CPUs and pids are others, tracks have names of their own, and the bodies begin together.
TEST_F(Perfetto, TwoRunsAreBesideEachOther) {
  SKIP_WITHOUT_PYTHON();
  const auto events = sample_stream(5'000, SampleShape{.cpus = 4});
  const TraceMarks marks{.steps = {{"1 load", 5'000'000, 9'000'000}}, .ops = {}, .findings = {}};
  const CapturedOutput ran =
      check_bytes(exported(events, marks, {.label = "one (fail)", .cpus = 8}) +
                  exported(events, marks,
                           {.number = 1, .label = "other (pass)", .first_cpu = 4, .cpus = 8, .shift_ns = -1'000'000}));
  ASSERT_TRUE(ran.status.success()) << ran.out << ran.err;
  const json found = json::parse(ran.out);
  EXPECT_EQ(found["cpus"], (json{0, 1, 2, 3, 4, 5, 6, 7}));
  std::uint64_t of_one = 0, of_other = 0;
  for (const auto& [pid, time] : found["ran_ns"].items())
    (std::stoi(pid) < TraceSide::kPids ? of_one : of_other) += time.get<std::uint64_t>();
  EXPECT_GT(of_one, 0u);
  EXPECT_EQ(of_one, of_other);
  const std::string all = found["tracks"].dump();
  EXPECT_THAT(all, HasSubstr("\"steps\""));
  EXPECT_THAT(all, HasSubstr("4000000"));
}

}  // namespace
}  // namespace ktstr
