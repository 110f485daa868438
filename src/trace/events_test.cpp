// SPDX-License-Identifier: Apache-2.0
#include "trace/events.h"

#include <gtest/gtest.h>

#include <set>

namespace ktstr {
namespace {

TEST(TraceEvents, AreReadAsTheyWereMade) {
  trace::Switch made;
  made.prev = -1;
  made.prev_state = 0x402;
  made.next = 77;
  made.clock = ~std::uint64_t{0};
  const TraceEvent event = make_event(12, 3, made);
  EXPECT_EQ(event.kind, TraceKind::kSwitch);
  EXPECT_EQ(event.count, 7);
  const auto read = event_as<trace::Switch>(event);
  EXPECT_EQ(read.prev, -1);
  EXPECT_EQ(read.prev_state, 0x402u);
  EXPECT_EQ(read.next, 77);
  EXPECT_EQ(read.clock, ~std::uint64_t{0});
}

TEST(TraceEvents, WhatAnEventLacksIsZero) {
  TraceEvent event = make_event(12, 3, trace::Migrate{.pid = 7, .from = 1, .to = 2});
  event.count = 1;
  const auto read = event_as<trace::Migrate>(event);
  EXPECT_EQ(read.pid, 7);
  EXPECT_EQ(read.to, 0u);
}

TEST(TraceEvents, TextEndsWithItsFirstZero) {
  const trace::Rename renamed{.pid = 5, .comm = {{0x6b726f77, 0x6c6c6548}}};
  EXPECT_EQ(renamed.comm.str(), "work");
  const trace::Rename full{.pid = 5, .comm = {{0x6161616161616161, 0x6262626262626262}}};
  EXPECT_EQ(full.comm.str(), "aaaaaaaabbbbbbbb");
}

TEST(TraceEvents, EachKindHasANameAndRoomForItsFields) {
  std::set<TraceKind> listed;
  for_each_trace_kind([&]<typename T>() {
    EXPECT_TRUE(listed.insert(T::kKind).second) << "listed twice";
    EXPECT_NE(to_string(T::kKind), "unknown");
    EXPECT_LE(make_event(0, 0, T{}).count, kMostTraceValues);
  });
  for (const auto& row : names_of(TraceKind{})) EXPECT_TRUE(listed.contains(row.value)) << row.text;
}

TEST(TraceEvents, AreShownWithTheNamesOfTheirFields) {
  trace::Fork fork{.pid = 12, .tgid = 12, .parent = 1, .cgroup = 40, .mask = {3}, .comm = {{0x6b726f77, 0}}};
  EXPECT_EQ(to_text(make_event(1'500'000'001, 2, fork)),
            "1.500000001 [002] fork pid=12 tgid=12 parent=1 cgroup=40 mask=3,0,0,0 comm=work");
  TraceEvent event = make_event(5, 0, trace::Affinity{.pid = -3, .flags = 8, .mask = {0xf, 0, 0, 1}});
  EXPECT_EQ(to_text(event), "0.000000005 [000] affinity pid=-3 flags=8 mask=f,0,0,1");
  event.unreadable = 1;
  EXPECT_EQ(to_text(event), "0.000000005 [000] affinity pid=? flags=8 mask=f,0,0,1");
  event.kind = TraceKind{999};
  EXPECT_EQ(to_text(event), "0.000000005 [000] unknown");
}

TEST(TraceEvents, AMaskHasNoCpusThatTheGuestHasNot) {
  const auto cut = [](const TraceEvent& event, std::uint32_t cpus) {
    TraceEvent made = event;
    cut_masks(made, cpus);
    return made;
  };
  const auto affinity = make_event(1, 0, trace::Affinity{.pid = 7, .flags = 9, .mask = {~0ULL, ~0ULL, ~0ULL, ~0ULL}});
  using Mask = std::array<std::uint64_t, 4>;
  EXPECT_EQ(event_as<trace::Affinity>(cut(affinity, 4)).mask, (Mask{0xf, 0, 0, 0}));
  EXPECT_EQ(event_as<trace::Affinity>(cut(affinity, 64)).mask, (Mask{~0ULL, 0, 0, 0}));
  EXPECT_EQ(event_as<trace::Affinity>(cut(affinity, 65)).mask, (Mask{~0ULL, 1, 0, 0}));
  EXPECT_EQ(event_as<trace::Affinity>(cut(affinity, 256)).mask, (Mask{~0ULL, ~0ULL, ~0ULL, ~0ULL}));
  EXPECT_EQ(event_as<trace::Affinity>(cut(affinity, 4)).flags, 9u);
  const auto fork = make_event(1, 0, trace::Fork{.pid = 7, .mask = {0xff, 5, 5, 5}, .comm = {{~0ULL, ~0ULL}}});
  EXPECT_EQ(event_as<trace::Fork>(cut(fork, 4)).mask, (Mask{0xf, 0, 0, 0}));
  EXPECT_EQ(event_as<trace::Fork>(cut(fork, 4)).comm.words[1], ~0ULL);
  const auto wake = make_event(1, 0, trace::Enqueue{.pid = -1, .clock = ~0ULL});
  EXPECT_EQ(cut(wake, 1), wake);
}

}  // namespace
}  // namespace ktstr
