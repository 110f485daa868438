// SPDX-License-Identifier: Apache-2.0
//
// Ethernet frames between workers: packet(7) sockets on the loopback interface of a network namespace of their own,
// which ends with the last of them. Frames of others are not seen, and nobody's network is touched.
#pragma once

#include <array>
#include <span>

#include "workload/group_resources.h"

namespace ktstr {

// `count` sockets, none of which blocks. What is written to one is a frame. Socket i receives those for ether_type(i);
// kPermission where the caller may make no namespaces.
Status add_packet_sockets(GroupResources& shared, std::size_t count);

// A frame for socket `to`.
class Frame {
 public:
  static constexpr std::uint32_t kLeast = 60, kMost = 1514;  // with its header, without a checksum
  Frame(std::size_t to, std::uint32_t bytes);
  std::span<const char> bytes() const { return {contents_.data(), size_}; }

 private:
  std::array<char, kMost> contents_{};
  std::size_t size_;
};

}  // namespace ktstr
