// SPDX-License-Identifier: Apache-2.0
#include "workload/outside/packet_sockets.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"

namespace ktstr {
namespace {

std::string network() { return fs::read_symlink("/proc/thread-self/ns/net").string(); }

bool can_be_read(int socket, int milliseconds) {
  pollfd file{socket, POLLIN, 0};
  return ::poll(&file, 1, milliseconds) == 1;
}

TEST(PacketSockets, BringEachItsFramesAndNothingElse) {
  const std::string before = network();
  GroupResources shared(3);
  const Status added = add_packet_sockets(shared, 3);
  if (!added && added.error().code() == ErrorCode::kPermission) GTEST_SKIP() << added.error().message();
  ASSERT_TRUE(added) << added.error().render();
  EXPECT_EQ(network(), before) << "the caller is back where it was";
  const Frame frame(1, 200);
  ASSERT_EQ(::write(shared.file(0), frame.bytes().data(), frame.bytes().size()), 200);
  ASSERT_TRUE(can_be_read(shared.file(1), 10'000));
  EXPECT_FALSE(can_be_read(shared.file(0), 0) || can_be_read(shared.file(2), 0));
  std::array<char, Frame::kMost> received{};
  EXPECT_EQ(::read(shared.file(1), received.data(), received.size()), 200);
  EXPECT_TRUE(std::equal(frame.bytes().begin(), frame.bytes().end(), received.begin()));
}

}  // namespace
}  // namespace ktstr
