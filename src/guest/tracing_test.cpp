// SPDX-License-Identifier: Apache-2.0
#include "guest/tracing.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace ktstr::guest {
namespace {

using Part = TracingRecord::Part;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A tracefs of files, with two CPUs.
class TracingTest : public testing::Test {
 protected:
  TracingTest() {
    roots_ = {root_.path() / "tracing", root_.path() / "proc", root_.path() / "sys", root_.path() / "cgroup"};
    put("tracing/kprobe_events", "");
    put("tracing/instances/ktstr/tracing_on", "");
    put("tracing/instances/ktstr/trace_clock", "");
    put("tracing/instances/ktstr/buffer_size_kb", "");
    put("tracing/instances/ktstr/events/header_page", "the head");
    put_event("sched/sched_switch");
    put_event("task/task_rename");
    for (const std::string cpu : {"cpu0", "cpu1"}) {
      put("tracing/instances/ktstr/per_cpu/" + cpu + "/trace_pipe_raw", "");
      put("tracing/instances/ktstr/per_cpu/" + cpu + "/stats", "entries: 1\noverrun: 0\n");
    }
    put("proc/7/task/7/stat", "7 (a b) c) R 1" + std::string(35, ' ') + "\n");
    put("proc/7/task/7/cgroup", "0::/x\n");
    fs::create_directories(root_.path() / "cgroup/x");
  }
  void put(const fs::path& path, std::string_view text) {
    fs::create_directories((root_.path() / path).parent_path());
    ASSERT_TRUE(write_atomically(root_.path() / path, as_byte_span(text)));
  }
  void put_event(const std::string& event) {
    put("tracing/instances/ktstr/events/" + event + "/format", "format of " + event);
    put("tracing/instances/ktstr/events/" + event + "/enable", "0");
  }
  std::string text(const fs::path& path) { return *read_text(root_.path() / path); }
  Result<Tracing> start(const std::vector<std::string>& probe_events = {}) {
    return Tracing::start(roots_, probe_events, log_);
  }
  // What was sent, as "PART NAME".
  std::vector<std::string> said() {
    std::vector<std::string> texts;
    records_.clear();
    for (const Record& record : reader_.read()) {
      records_.push_back(*decode<TracingRecord>(record.payload));
      texts.push_back(std::string(to_string(records_.back().part)) + " " + records_.back().name);
    }
    return texts;
  }

  TempDir root_ = *TempDir::create(fs::temp_directory_path(), "ktstr-tracing");
  Tracing::Roots roots_;
  std::vector<std::byte> box_ = std::vector<std::byte>(mailbox::kDeliveryOffset);
  mailbox::View view_{box_};
  RecordLog log_{view_, mailbox::Lane::kAgent};
  LaneReader reader_{view_, mailbox::Lane::kAgent};
  std::vector<TracingRecord> records_;
};

TEST_F(TracingTest, TurnsOnWhatTheKernelHasAndNamesWhatItHasNot) {
  const auto tracing = start();
  ASSERT_TRUE(tracing) << tracing.error().message();
  EXPECT_EQ(text("tracing/instances/ktstr/tracing_on"), "1");
  EXPECT_EQ(text("tracing/instances/ktstr/trace_clock"), "mono");
  EXPECT_EQ(text("tracing/instances/ktstr/buffer_size_kb"), "2048");
  EXPECT_EQ(text("tracing/instances/ktstr/events/sched/sched_switch/enable"), "1");
  const auto texts = said();
  EXPECT_THAT(texts, Contains("format header_page"));
  EXPECT_THAT(texts, Contains("format sched/sched_switch"));
  EXPECT_THAT(texts, Contains("absent sched/sched_wakeup"));
  EXPECT_THAT(texts, Contains("task a b) c"));
  EXPECT_THAT(texts, Contains("cgroup x"));
  EXPECT_THAT(texts, Contains("class "));
}

TEST_F(TracingTest, WithoutSwitchesThereIsNothing) {
  fs::remove_all(root_.path() / "tracing/instances/ktstr/events/sched");
  const auto tracing = start();
  ASSERT_FALSE(tracing);
  EXPECT_THAT(tracing.error().message(), HasSubstr("trace who runs"));
}

TEST_F(TracingTest, FunctionsAreAddedToThoseThatOthersHaveMade) {
  put("tracing/kprobe_events", "p:other 1\n");
  put_event("ktstr/nice_3");
  ASSERT_TRUE(start({"p:ktstr/nice_3 0x10 v0=%di:u32", "p:ktstr/kick_4 0x20"}));
  EXPECT_EQ(text("tracing/kprobe_events"), "p:other 1\np:ktstr/nice_3 0x10 v0=%di:u32\np:ktstr/kick_4 0x20\n");
  const auto texts = said();
  EXPECT_THAT(texts, Contains("format ktstr/nice_3"));
  EXPECT_THAT(texts, Contains("absent ktstr/kick_4"));
}

TEST_F(TracingTest, SendsPartsWithoutWhatIsBehindTheirContents) {
  ByteWriter part;
  part.u64(100);
  part.u64(4);
  part.u32(17);
  std::string bytes(as_text(part.bytes()));
  bytes.resize(4096, 'x');
  put("tracing/instances/ktstr/per_cpu/cpu1/trace_pipe_raw", bytes);
  put("tracing/instances/ktstr/per_cpu/cpu1/stats", "entries: 1\noverrun: 5\ndropped events: 2\n");
  auto tracing = start();
  ASSERT_TRUE(tracing);
  said();
  tracing->drain(log_);
  EXPECT_THAT(said(), ElementsAre("pages "));
  EXPECT_EQ(records_[0].numbers, std::vector<std::uint64_t>{1});
  EXPECT_EQ(records_[0].data.size(), 4u + 16 + 4 + 8);
  tracing->stop(log_);
  EXPECT_EQ(text("tracing/instances/ktstr/tracing_on"), "0");
  EXPECT_THAT(said(), ElementsAre("lost "));
  EXPECT_EQ(records_[0].numbers, (std::vector<std::uint64_t>{1, 7}));
}

TEST_F(TracingTest, KnowsWhoSchedulesOrdinaryTasks) {
  put("sys/kernel/sched_ext/state", "enabled\n");
  put("sys/kernel/sched_ext/switch_all", "1\n");
  auto tracing = start();
  ASSERT_TRUE(tracing);
  const auto classes = [&] {
    std::vector<std::uint64_t> numbers;
    said();
    for (const TracingRecord& one : records_)
      if (one.part == Part::kClass) numbers.push_back(one.numbers.at(0));
    return numbers;
  };
  EXPECT_THAT(classes(), ElementsAre(TracingRecord::kByBpf));
  tracing->drain(log_);
  EXPECT_THAT(classes(), ElementsAre());
  put("sys/kernel/sched_ext/switch_all", "0\n");
  tracing->drain(log_);
  EXPECT_THAT(classes(), ElementsAre(TracingRecord::kByEither));
  put("sys/kernel/sched_ext/state", "disabled\n");
  tracing->drain(log_);
  EXPECT_THAT(classes(), ElementsAre(TracingRecord::kByTheKernel));
}

}  // namespace
}  // namespace ktstr::guest
