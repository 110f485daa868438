// SPDX-License-Identifier: Apache-2.0
#include "replay/own_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replay/history.h"
#include "replay/perfetto_trace.h"
#include "replay/replay_scenario.h"
#include "trace/accounts.h"
#include "trace/export/perfetto.h"
#include "trace/testing/sample_stream.h"
#include "trace/testing/trace_in_file.h"

namespace ktstr {
namespace {

class OwnTrace : public testing::Test {
 protected:
  OwnTrace() {
    const auto events = sample_stream(4000, {.cpus = 3, .tasks = 8});
    from_ = events.front().time_ns;
    to_ = events.back().time_ns;
    store_trace(directory_->path() / "trace.bin", events);
  }
  TraceReader reader() const { return *TraceReader::open(directory_->path() / "trace.bin"); }
  Recording recording() const {
    TraceReader trace = reader();
    auto read = read_own_trace(trace);
    EXPECT_TRUE(read) << read.error().render();
    return read ? *std::move(read) : Recording();
  }
  Result<TempDir> directory_ = TempDir::create(fs::temp_directory_path(), "ktstr-own-trace");
  std::uint64_t from_ = 0, to_ = 0;
};

TEST_F(OwnTrace, HasTheCpuTimeAndTheWakeUpsOfTheAccounts) {
  TraceReader trace = reader();
  const auto accounts = account(trace, from_, to_);
  ASSERT_TRUE(accounts) << accounts.error().render();
  const History history = history_of(recording(), from_, to_);
  EXPECT_EQ(history.holes, 0u);
  int compared = 0;
  for (const TaskAccount& task : accounts->tasks) {
    const auto found = history.tasks.find(task.pid);
    if (task.ran_ns == 0 || found == history.tasks.end()) continue;
    ++compared;
    EXPECT_EQ(found->second.ran_ns, task.ran_ns) << task.pid;
    EXPECT_EQ(found->second.wakeups, task.wakeups) << task.pid;
  }
  EXPECT_GE(compared, 8);
}

// The same recording in two formats.
TEST_F(OwnTrace, IsAsPerfettoHasIt) {
  TraceReader trace = reader();
  ByteVector exported;
  ASSERT_TRUE(export_perfetto(trace, {}, [&](ByteSpan part) {
    exported.insert(exported.end(), part.begin(), part.end());
    return ok();
  }));
  const auto perfetto = read_perfetto(exported);
  ASSERT_TRUE(perfetto) << perfetto.error().render();
  EXPECT_TRUE(perfetto->notes.empty()) << perfetto->notes.front();
  const History own = history_of(recording(), from_, to_), other = history_of(*perfetto, from_, to_);
  ASSERT_EQ(own.tasks.size(), other.tasks.size());
  for (const auto& [pid, task] : own.tasks) EXPECT_EQ(other.tasks.at(pid).ran_ns, task.ran_ns) << pid;
}

}  // namespace
}  // namespace ktstr
