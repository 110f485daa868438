// SPDX-License-Identifier: Apache-2.0
#include "guest/agent_channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "wire/records.h"

namespace ktstr::guest {
namespace {

class AgentChannelTest : public testing::Test {
 protected:
  AgentChannelTest() {
    auto ends = open_agent_channel();
    EXPECT_TRUE(ends);
    std::tie(agent_, body_) = *std::move(ends);
  }
  // Waits for the body's next request.
  AgentRequest next() {
    for (;;) {
      auto request = take_request(agent_);
      EXPECT_TRUE(request) << request.error().render();
      if (!request) return {};
      if (*request) return **std::move(request);
      std::this_thread::yield();
    }
  }
  Fd agent_, body_;
};

TEST_F(AgentChannelTest, BringsARequestAndItsReply) {
  Result<request::SchedulerPid> reply = fail(ErrorCode::kInternal, "none yet");
  std::thread body([&] { reply = ask(to_agent(body_), request::FindScheduler{}); });
  const AgentRequest asked = next();
  EXPECT_EQ(asked.kind, RequestKind::kFindScheduler);
  RequestHandlers handlers;
  handlers.on<request::FindScheduler>(
      [](const auto&) -> Result<request::SchedulerPid> { return request::SchedulerPid{42}; });
  ASSERT_TRUE(send_reply(agent_, handlers.answer(asked.kind, asked.bytes, kMostAgentReply)));
  body.join();
  ASSERT_TRUE(reply) << reply.error().render();
  EXPECT_EQ(reply->pid, 42);
}

TEST_F(AgentChannelTest, BringsAnError) {
  Result<request::SchedulerPid> reply = request::SchedulerPid{1};
  std::thread body([&] { reply = ask(to_agent(body_), request::FindScheduler{}); });
  const AgentRequest asked = next();
  ASSERT_TRUE(send_reply(agent_, RequestHandlers().answer(asked.kind, asked.bytes, kMostAgentReply)));
  body.join();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code(), ErrorCode::kUnsupported);
}

TEST_F(AgentChannelTest, HasNothingForTheAgentUntilTheBodyAsks) {
  const auto request = take_request(agent_);
  ASSERT_TRUE(request);
  EXPECT_FALSE(*request);
}

TEST_F(AgentChannelTest, SaysWhenTheOtherEndIsClosed) {
  body_.reset();
  EXPECT_EQ(take_request(agent_).error().code(), ErrorCode::kCancelled);
  auto ends = open_agent_channel();
  ends->first.reset();
  EXPECT_FALSE(ask(to_agent(ends->second), request::Run{}));
}

TEST_F(AgentChannelTest, TakesNoMessageThatIsNoRequest) {
  ASSERT_EQ(::send(body_.get(), "x", 1, 0), 1);
  EXPECT_EQ(take_request(agent_).error().code(), ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace ktstr::guest
