// SPDX-License-Identifier: Apache-2.0
#include "guest/agent_channel.h"

#include <fcntl.h>
#include <sys/socket.h>

namespace ktstr::guest {

namespace {

// Before the bytes of a message: the kind of a request, or whether a reply is one (RequestReply::done).
constexpr std::size_t kMessageHead = 4;

Status send(const Fd& channel, std::uint32_t head, ByteSpan bytes) {
  ByteWriter message;
  message.u32(head);
  message.raw(bytes);
  const ByteVector& all = message.bytes();
  ssize_t sent;
  do {
    sent = ::send(channel.get(), all.data(), all.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(all.size()) ? ok() : fail_errno("cannot send between body and agent");
}

struct Message {
  std::uint32_t head = 0;
  ByteVector bytes;
};

// Empty when nothing is there and the end does not block.
Result<std::optional<Message>> receive(const Fd& channel) {
  ByteVector message(kMessageHead + kMostAgentReply);
  ssize_t got;
  do {
    got = ::recv(channel.get(), message.data(), message.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::optional<Message>();
  if (got < 0) return fail_errno("cannot receive between body and agent");
  if (got == 0) return fail(ErrorCode::kCancelled, "the other end of the socket between body and agent is closed");
  if (got < static_cast<ssize_t>(kMessageHead)) return fail(ErrorCode::kCorruptData, "a message of {} bytes", got);
  message.resize(static_cast<std::size_t>(got));
  ByteReader head(ByteSpan(message).first(kMessageHead));
  const std::uint32_t number = head.u32();
  return std::optional(Message{number, ByteVector(message.begin() + kMessageHead, message.end())});
}

}  // namespace

Result<std::pair<Fd, Fd>> open_agent_channel() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) return fail_errno("cannot make a socket pair");
  std::pair<Fd, Fd> ends{Fd(fds[0]), Fd(fds[1])};
  if (::fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) return fail_errno("cannot make a socket non-blocking");
  return ends;
}

RequestTransport to_agent(const Fd& channel) {
  return [&channel](RequestKind kind, ByteSpan request) -> Result<ByteVector> {
    KTSTR_TRY(send(channel, static_cast<std::uint32_t>(kind), request));
    KTSTR_TRY_ASSIGN(auto reply, receive(channel));
    if (!reply) return fail(ErrorCode::kInternal, "the body's end of its socket to the agent does not wait");
    return take_reply({reply->head != 0, std::move(reply->bytes)});
  };
}

Result<std::optional<AgentRequest>> take_request(const Fd& channel) {
  KTSTR_TRY_ASSIGN(auto message, receive(channel));
  if (!message) return std::optional<AgentRequest>();
  return std::optional(AgentRequest{static_cast<RequestKind>(message->head), std::move(message->bytes)});
}

Status send_reply(const Fd& channel, const RequestReply& reply) {
  return send(channel, reply.done ? 1 : 0, reply.bytes);
}

}  // namespace ktstr::guest
