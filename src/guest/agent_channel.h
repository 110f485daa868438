// SPDX-License-Identifier: Apache-2.0
//
// Requests of the body to the agent (wire/request.h): messages of a SOCK_SEQPACKET socket, one a request and one a
// reply. The body asks one thing at a time and waits for the reply.
#pragma once

#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"
#include "wire/request.h"

namespace ktstr::guest {

// The two ends: the agent's, which does not block, and the body's.
Result<std::pair<Fd, Fd>> open_agent_channel();

// Of the body, for ask(). kCancelled when the agent has closed its end.
RequestTransport to_agent(const Fd& channel);

// Of the agent.
struct AgentRequest {
  RequestKind kind = RequestKind::kRun;
  ByteVector bytes;
};
// Empty where there is none now. kCancelled when the body's end is closed, kCorruptData for what is no request.
Result<std::optional<AgentRequest>> take_request(const Fd& channel);
Status send_reply(const Fd& channel, const RequestReply& reply);
// The longest reply.
constexpr std::size_t kMostAgentReply = 8192;

}  // namespace ktstr::guest
