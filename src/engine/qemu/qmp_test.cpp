// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/qmp.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

// Plays QEMU: what it will say is put into the socket before it is asked.
class QmpTest : public testing::Test {
 protected:
  QmpTest() : qmp_(*Qmp::create()), qemu_(::dup(qmp_.qemu_fd())) {}
  void says(std::string_view text) { ASSERT_TRUE(write_all(qemu_.get(), as_byte_span(text))); }
  std::string heard() {
    char bytes[4096];
    const ssize_t got = ::read(qemu_.get(), bytes, sizeof bytes);
    return std::string(bytes, got < 0 ? 0 : static_cast<std::size_t>(got));
  }
  void greet() {
    says("{\"QMP\": {\"version\": {}}}\r\n{\"return\": {}}\r\n");
    ASSERT_TRUE(qmp_.greet(1s));
    EXPECT_EQ(heard(), "{\"execute\":\"qmp_capabilities\"}\n");
  }

  Qmp qmp_;
  Fd qemu_;
};

TEST_F(QmpTest, HearingTheGreetingSaysNothingAndTheAnswerMayComeLater) {
  says("{\"QMP\": {\"version\": {}}}\r\n");
  ASSERT_TRUE(qmp_.hear([] { return ok(); }));
  char byte;
  EXPECT_LT(::recv(qemu_.get(), &byte, 1, MSG_DONTWAIT), 0) << "something was said";
  says("{\"return\": {}}\r\n");
  ASSERT_TRUE(qmp_.greet(1s));
  EXPECT_EQ(heard(), "{\"execute\":\"qmp_capabilities\"}\n");
}

TEST_F(QmpTest, WaitingForTheGreetingEndsWithTheErrorOfWhoIsAsked) {
  int asked = 0;
  const Status heard = qmp_.hear([&]() -> Status {
    if (++asked < 2) return ok();
    return fail(ErrorCode::kCancelled, "interrupted");
  });
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(asked, 2);
}

TEST_F(QmpTest, PassesOverEventsAndReturnsTheAnswer) {
  greet();
  says("{\"event\": \"STOP\"}\n{\"return\": {\"status\": \"paused\"}}\n");
  const auto answer = qmp_.execute("query-status", {}, 1s);
  ASSERT_TRUE(answer) << answer.error().render();
  EXPECT_EQ((*answer)["status"], "paused");
}

TEST_F(QmpTest, SendsArguments) {
  greet();
  says("{\"return\": {}}\n");
  ASSERT_TRUE(qmp_.execute("migrate", {{"uri", "fd:3"}}, 1s));
  EXPECT_EQ(heard(), "{\"arguments\":{\"uri\":\"fd:3\"},\"execute\":\"migrate\"}\n");
}

TEST_F(QmpTest, ARefusalCarriesQemusWords) {
  greet();
  says("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such device\"}}\n");
  const auto answer = qmp_.execute("migrate", {}, 1s);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message(), "QMP migrate: no such device");
}

TEST_F(QmpTest, SilenceDeathAndNonsenseAreErrors) {
  greet();
  EXPECT_EQ(qmp_.execute("stop", {}, 10ms).error().code(), ErrorCode::kTimedOut);
  says("hello\n");
  EXPECT_EQ(qmp_.execute("stop", {}, 1s).error().code(), ErrorCode::kProtocol);
  qemu_.reset();
  EXPECT_EQ(qmp_.execute("stop", {}, 1s).error().code(), ErrorCode::kGuestLost);
}

}  // namespace
}  // namespace ktstr
