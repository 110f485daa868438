// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/probes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace ktstr {
namespace {

using namespace literals;
using testing::ElementsAre;

class Listener final : public ProbeListener {
 public:
  const std::vector<control::Probe>& probes() const override { return probes_; }
  std::pair<std::uint64_t, std::uint64_t> late_range() const override { return {0x1000, 0x2000}; }
  ExitsOfKernel exits() const override {
    return {.probes = {{.from = 5, .to = 9, .probe = probes_[0]}}, .thunks = {0x77}, .and_late = true};
  }
  Result<ProbesBegun> begin(const control::GuestSpace& ram, std::uint64_t guest_ns) override {
    began = guest_ns;
    first_byte = ram.physical(0, 1) == nullptr ? -1 : *ram.physical(0, 1);
    if (refuses) return fail(ErrorCode::kNotFound, "not this kernel");
    return ProbesBegun{.space = {.image = 77, .levels = 5}, .late = late, .late_exits = late_exits};
  }
  void take(std::span<const std::uint64_t> event, const ClockPair& pair) override {
    events.emplace_back(event.begin(), event.end());
    clocks = pair;
  }

  std::vector<control::Probe> probes_{control::Probe{.address = 5, .kind = 3, .steps = 0, .step = {}}};
  std::vector<control::Probe> late{control::Probe{.address = 0x1234, .kind = 4, .steps = 0, .step = {}}};
  std::vector<control::ExitProbe> late_exits{{.from = 0x1234, .to = 0x1300, .probe = late[0]}};
  bool refuses = false;
  std::uint64_t began = 0;
  int first_byte = 0;
  std::vector<std::vector<std::uint64_t>> events;
  ClockPair clocks;
};

class ProbeFileTest : public testing::Test {
 protected:
  ProbeFileTest()
      : memory_(*GuestMemory::create(parent_.path(), MemoryLayout::plan({1, 1, 1, 1}, 256_MiB, 32_MiB))),
        file_(*ProbeFile::create(memory_.directory() / "probes", listener_, memory_)),
        mapping_(*Mapping::map(*open_file(file_.path(), O_RDWR), 0, *file_size(), true)),
        page_(*reinterpret_cast<control::ProbePage*>(mapping_.data())) {}
  Result<Bytes> file_size() const { return Bytes{fs::file_size(file_.path())}; }
  // As the plugin does it.
  void put(std::vector<std::uint64_t> words) {
    auto* const ring = reinterpret_cast<std::uint64_t*>(mapping_.data() + control::kRingOffset);
    for (const std::uint64_t word : words) ring[page_.written++ % page_.ring_words] = word;
  }

  TempDir parent_ = *TempDir::create(fs::temp_directory_path(), "ktstr-probes");
  Listener listener_;
  GuestMemory memory_;
  ProbeFile file_;
  Mapping mapping_;
  control::ProbePage& page_;
};

TEST_F(ProbeFileTest, SaysToThePluginWhereToLookAndWhereMemoryIs) {
  EXPECT_EQ(page_.magic, control::kProbeMagic);
  EXPECT_EQ(page_.probes, 1u);
  EXPECT_EQ(page_.probe[0].address, 5u);
  ASSERT_EQ(page_.pieces, 1u);
  EXPECT_EQ(page_.piece[0].path, memory_.files()[0].string());
  EXPECT_EQ(page_.active, 0u);
  EXPECT_EQ(page_.late_first, 0x1000u);
  EXPECT_EQ(page_.late_last, 0x2000u);
  EXPECT_EQ(page_.late_probes, 0u);
  ASSERT_EQ(page_.exits, 1u);
  EXPECT_EQ(page_.exit[0].to, 9u);
  ASSERT_EQ(page_.thunks, 1u);
  EXPECT_EQ(page_.thunk[0], 0x77u);
  EXPECT_EQ(page_.wants_late, 1u);
  EXPECT_EQ(page_.late_exits, 0u);
}

TEST_F(ProbeFileTest, BeginsWhereThePluginIsReady) {
  const Status early = file_.begin(listener_, 10);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code(), ErrorCode::kUnsupported);
  page_.ready = 1;
  ASSERT_TRUE(file_.begin(listener_, 10));
  EXPECT_EQ(listener_.began, 10u);
  EXPECT_EQ(listener_.first_byte, 0) << "the guest's memory was readable";
  EXPECT_EQ(page_.active, 1u);
  EXPECT_EQ(page_.space.levels, 5u);
  ASSERT_EQ(page_.late_probes, 1u);
  EXPECT_EQ(page_.late[0].address, 0x1234u);
  ASSERT_EQ(page_.late_exits, 1u);
  EXPECT_EQ(page_.late_exit[0].to, 0x1300u);
  ASSERT_TRUE(file_.begin(listener_, 99));
  EXPECT_EQ(listener_.began, 10u) << "once";
  file_.end();
  EXPECT_EQ(page_.active, 0u);
}

TEST_F(ProbeFileTest, AListenerThatKnowsNoKernelGetsNothing) {
  page_.ready = 1;
  listener_.refuses = true;
  EXPECT_FALSE(file_.begin(listener_, 10));
  EXPECT_EQ(page_.active, 0u);
}

TEST_F(ProbeFileTest, GivesEventsInTheirOrderAcrossTheEndOfTheRing) {
  page_.ready = 1;
  ASSERT_TRUE(file_.begin(listener_, 10));
  page_.began_ns = 1000;
  page_.written = page_.read = page_.ring_words - 1;
  put({1234, control::event_head(3, 1, 1, 0), 42});
  put({1235, control::event_head(4, 0, 0, 0)});
  ASSERT_TRUE(file_.drain(listener_));
  ASSERT_EQ(listener_.events.size(), 2u);
  EXPECT_THAT(listener_.events[0], ElementsAre(1234, control::event_head(3, 1, 1, 0), 42));
  EXPECT_THAT(listener_.events[1], ElementsAre(1235, control::event_head(4, 0, 0, 0)));
  EXPECT_EQ(listener_.clocks.qemu_ns, 1000u);
  EXPECT_EQ(listener_.clocks.guest_ns, 10u);
  EXPECT_EQ(page_.read, page_.written) << "there is room again";
  ASSERT_TRUE(file_.drain(listener_));
  EXPECT_EQ(listener_.events.size(), 2u);
}

TEST_F(ProbeFileTest, WhatIsNoEventEndsIt) {
  put({1, control::event_head(3, 0, 200, 0)});
  const Status drained = file_.drain(listener_);
  ASSERT_FALSE(drained);
  EXPECT_EQ(drained.error().code(), ErrorCode::kProtocol);
  page_.read = page_.written;
  put({1, control::event_head(3, 0, 5, 0), 7});
  EXPECT_FALSE(file_.drain(listener_)) << "it says that it has more values than there are";
  page_.read = 0;
  page_.written = page_.ring_words * 9;
  EXPECT_FALSE(file_.drain(listener_));
}

TEST_F(ProbeFileTest, TooManyProbesAreRefused) {
  page_.ready = 1;
  listener_.late.resize(control::kMostLateProbes + 1);
  EXPECT_EQ(file_.begin(listener_, 10).error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(page_.active, 0u);
  listener_.probes_.resize(control::kMostProbes + 1);
  const auto refused = ProbeFile::create(memory_.directory() / "more", listener_, memory_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace ktstr
