// SPDX-License-Identifier: Apache-2.0
#include "workload/outside/packet_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "base/file.h"

namespace ktstr {

namespace {

// Above what are lengths (1536); what else it may mean does not matter in a namespace of its own.
constexpr std::uint16_t kFirstType = 0xa000;

std::uint16_t ether_type(std::size_t socket) { return htons(static_cast<std::uint16_t>(kFirstType + socket)); }

// The calling thread is in a new network namespace until this is left.
class NewNetwork {
 public:
  static Result<NewNetwork> enter() {
    KTSTR_TRY_ASSIGN(Fd outer, open_file("/proc/thread-self/ns/net", O_RDONLY));
    if (::unshare(CLONE_NEWNET) != 0) return fail_errno("cannot make a network namespace");
    return NewNetwork(std::move(outer));
  }
  Status leave() { return ::setns(outer_.get(), CLONE_NEWNET) == 0 ? ok() : Status(fail_errno("cannot leave it")); }

 private:
  explicit NewNetwork(Fd outer) : outer_(std::move(outer)) {}
  Fd outer_;
};

Result<int> bring_up_loopback() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (!socket || ::ioctl(socket.get(), SIOCGIFINDEX, &request) != 0)
    return fail_errno("there is no loopback interface");
  const int index = request.ifr_ifindex;
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return fail_errno("cannot bring lo up");
  return index;
}

Status add_sockets(GroupResources& shared, std::size_t count) {
  KTSTR_TRY_ASSIGN(const int loopback, bring_up_loopback());
  for (std::size_t i = 0; i < count; ++i) {
    Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = ether_type(i);
    address.sll_ifindex = loopback;
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return fail_errno("cannot make a packet socket");
    shared.add_file(std::move(socket));
  }
  return ok();
}

}  // namespace

Status add_packet_sockets(GroupResources& shared, std::size_t count) {
  KTSTR_TRY_ASSIGN(NewNetwork network, NewNetwork::enter());
  const Status added = add_sockets(shared, count);
  KTSTR_TRY(network.leave());
  return added;
}

Frame::Frame(std::size_t to, std::uint32_t bytes) : size_(bytes) {
  // Both addresses are those of the loopback interface: zeros.
  const std::uint16_t type = ether_type(to);
  std::memcpy(contents_.data() + 12, &type, sizeof type);
}

}  // namespace ktstr
