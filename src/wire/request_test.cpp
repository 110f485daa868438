// SPDX-License-Identifier: Apache-2.0
#include "wire/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ktstr {
namespace {

using mailbox::Lane;
using mailbox::RequestSlot;
using testing::ElementsAre;

class RequestTest : public testing::Test {
 protected:
  RequestTest() : memory_(mailbox::kDeliveryOffset), view_(memory_) {
    handlers_.on<request::SetCpuSpeeds>([this](const request::SetCpuSpeeds& wanted) -> Result<request::Done> {
      if (wanted.speeds.percent.size() != 2)
        return Error(ErrorCode::kInvalidArgument, "there are 2 CPUs").with_hint("give two speeds");
      speeds_ = wanted.speeds.percent;
      return request::Done();
    });
    handlers_.on<request::GetCpuSpeeds>(
        [this](const auto&) -> Result<request::CpuSpeeds> { return request::CpuSpeeds{speeds_}; });
  }
  template <typename T>
  Result<typename T::Reply> ask_from(Lane lane, const T& request) {
    const auto ring = [this] {
      ++rings_;
      if (deaf_rings_-- > 0) return;
      const auto served = serve_slots(view_, handlers_);
      ASSERT_TRUE(served) << served.error().render();
    };
    return ask([&](RequestKind kind, ByteSpan bytes) { return ask_through_slot(view_, lane, kind, bytes, ring); },
               request);
  }
  void put(std::uint32_t kind, std::uint32_t size, RequestSlot::State state = RequestSlot::State::kAsked) {
    RequestSlot& slot = view_.request(Lane::kBody);
    slot.kind = kind;
    slot.size = size;
    slot.state = static_cast<std::uint32_t>(state);
  }
  // What the guest would read after such a request was served.
  Result<ByteVector> reply() {
    const auto served = serve_slots(view_, handlers_);
    if (!served) return served.error();
    const RequestSlot& slot = view_.request(Lane::kBody);
    EXPECT_EQ(slot.state, static_cast<std::uint32_t>(RequestSlot::State::kFailed));
    return ByteVector(slot.data.begin(), slot.data.begin() + slot.size);
  }

  ByteVector memory_;
  mailbox::View view_;
  RequestHandlers handlers_;
  std::vector<std::uint32_t> speeds_;
  int rings_ = 0, deaf_rings_ = 0;
};

TEST_F(RequestTest, IsAnsweredInPlace) {
  ASSERT_TRUE(ask_from(Lane::kBody, request::SetCpuSpeeds{{{40, 100}}}));
  const auto speeds = ask_from(Lane::kAgent, request::GetCpuSpeeds{});
  ASSERT_TRUE(speeds) << speeds.error().render();
  EXPECT_THAT(speeds->percent, ElementsAre(40, 100));
  EXPECT_EQ(rings_, 2);
}

TEST_F(RequestTest, GetsTheHostsErrorWithItsHint) {
  const auto done = ask_from(Lane::kBody, request::SetCpuSpeeds{{{40}}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(done.error().message(), "there are 2 CPUs");
  EXPECT_EQ(done.error().hint(), "give two speeds");
  EXPECT_TRUE(ask_from(Lane::kBody, request::SetCpuSpeeds{{{40, 40}}})) << "the slot is free again";
}

TEST_F(RequestTest, RingsAgainWhenARingWasAnsweredForAnother) {
  deaf_rings_ = 2;
  EXPECT_TRUE(ask_from(Lane::kBody, request::GetCpuSpeeds{}));
  EXPECT_EQ(rings_, 3);
}

TEST_F(RequestTest, GivesUpOnAHostThatNeverAnswers) {
  deaf_rings_ = 1000;
  const auto reply = ask_from(Lane::kBody, request::GetCpuSpeeds{});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), ErrorCode::kProtocol);
  EXPECT_LT(rings_, 10);
}

TEST_F(RequestTest, OfTwoLanesAreAnsweredAtOneRing) {
  view_.request(Lane::kAgent).kind = static_cast<std::uint32_t>(RequestKind::kGetCpuSpeeds);
  view_.request(Lane::kAgent).state = static_cast<std::uint32_t>(RequestSlot::State::kAsked);
  put(static_cast<std::uint32_t>(RequestKind::kGetCpuSpeeds), 0);
  EXPECT_EQ(serve_slots(view_, handlers_).value(), 2);
  EXPECT_EQ(serve_slots(view_, handlers_).value(), 0);
}

TEST_F(RequestTest, OfAnUnknownKindOrWithGarbageIsRefused) {
  put(77, 0);
  EXPECT_TRUE(reply());
  put(static_cast<std::uint32_t>(RequestKind::kSetCpuSpeeds), 3);
  EXPECT_TRUE(reply()) << "too short for a count";
  std::fill(view_.request(Lane::kBody).data.begin(), view_.request(Lane::kBody).data.end(), std::byte{0xff});
  put(static_cast<std::uint32_t>(RequestKind::kSetCpuSpeeds), static_cast<std::uint32_t>(sizeof(RequestSlot::data)));
  EXPECT_TRUE(reply()) << "a count beyond the request's end";
  EXPECT_TRUE(speeds_.empty());
}

TEST_F(RequestTest, ThatNoGuestOfOursWritesIsCorrupt) {
  put(1, static_cast<std::uint32_t>(sizeof(RequestSlot::data)) + 1);
  EXPECT_EQ(serve_slots(view_, handlers_).error().code(), ErrorCode::kCorruptData);
  put(1, 0, static_cast<RequestSlot::State>(9));
  EXPECT_EQ(serve_slots(view_, handlers_).error().code(), ErrorCode::kCorruptData);
}

TEST_F(RequestTest, WithALongErrorStillGetsOne) {
  handlers_.on<request::BeginTurns>([](const auto&) -> Result<request::Done> {
    return fail(ErrorCode::kUnsupported, "{}", std::string(100'000, 'x'));
  });
  const auto reply = ask_from(Lane::kBody, request::BeginTurns{});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace ktstr
