// SPDX-License-Identifier: Apache-2.0
//
// A trace of two CPUs made event by event, in milliseconds.
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "trace/testing/sample_stream.h"
#include "trace/testing/trace_in_file.h"

namespace ktstr {

class MadeTrace : public testing::Test {
 protected:
  static constexpr std::uint64_t kMs = 1'000'000;

  MadeTrace() {
    for (std::uint32_t cpu = 0; cpu < 2; ++cpu) at(0, trace::CpuSeen{.cpu = cpu, .current = 0});
  }
  template <typename T>
  void at(std::uint64_t ms, const T& event, std::uint16_t cpu = 0) {
    events_.push_back(make_event(ms * kMs, cpu, event));
  }
  void fork(std::uint64_t ms, std::int32_t pid, std::string_view comm, std::uint64_t mask = 3,
            std::uint64_t cgroup = 9) {
    at(ms, trace::Fork{.pid = pid, .tgid = pid, .cgroup = cgroup, .mask = {mask}, .comm = trace_text_of<2>(comm)});
  }
  void wake(std::uint64_t ms, std::int32_t pid, SchedClass of = SchedClass::kExt, std::uint32_t on = 0) {
    at(ms, trace::Enqueue{.pid = pid, .cpu = on, .sched_class = static_cast<std::uint32_t>(of)});
  }
  // Whoever ran there has to leave.
  void run(std::uint64_t ms, std::int32_t pid, std::uint16_t cpu, std::int32_t instead_of = 0,
           std::int32_t prio = 120) {
    at(ms, trace::Switch{.prev = instead_of, .prev_on_rq = 1, .next = pid, .next_prio = prio}, cpu);
  }
  void sleep(std::uint64_t ms, std::int32_t pid, std::uint16_t cpu) {
    at(ms, trace::Switch{.prev = pid, .prev_state = 1, .prev_on_rq = 0, .next = 0}, cpu);
  }
  TraceReader reader() {
    store_trace(directory_.path() / "t", events_, {.kernel = "7", .cpus = 2, .source = source_, .missing = missing_});
    auto opened = TraceReader::open(directory_.path() / "t");
    EXPECT_TRUE(opened);
    return *std::move(opened);
  }

  TempDir directory_ = *TempDir::create(fs::temp_directory_path(), "ktstr-made-trace");
  std::vector<TraceEvent> events_;
  std::vector<TraceGap> missing_;
  std::string source_ = "plugin";
};

}  // namespace ktstr
