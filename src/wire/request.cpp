// SPDX-License-Identifier: Apache-2.0
#include "wire/request.h"

#include <algorithm>

#include "wire/records.h"

namespace ktstr {

namespace {

using mailbox::RequestSlot;
using State = mailbox::RequestSlot::State;

// A ring that was answered for somebody else who rang at the same time may have come before the request was there.
constexpr int kMostRings = 4;
// Of an Error's texts: both fit into the smallest reply.
constexpr std::size_t kMostWords = 1024;

void set_state(RequestSlot& slot, State state) { mailbox::store(slot.state, static_cast<std::uint32_t>(state)); }
State state_of(const RequestSlot& slot) { return static_cast<State>(mailbox::load(slot.state)); }

RequestReply failed(const Error& error) {
  return {false, encode(GuestErrorRecord{error.code(), error.message().substr(0, kMostWords),
                                         error.hint().substr(0, kMostWords)})};
}

}  // namespace

Result<ByteVector> take_reply(const RequestReply& reply) {
  if (reply.done) return reply.bytes;
  KTSTR_TRY_ASSIGN(const GuestErrorRecord error, decode<GuestErrorRecord>(reply.bytes));
  return Error(error.code, error.message).with_hint(error.hint);
}

RequestReply RequestHandlers::answer(RequestKind kind, ByteSpan request, std::size_t most) const {
  const auto handler = handlers_.find(kind);
  if (handler == handlers_.end())
    return failed(fail(ErrorCode::kUnsupported, "nobody answers requests of kind {}", static_cast<int>(kind)));
  auto bytes = handler->second(request);
  if (!bytes) return failed(bytes.error());
  if (bytes->size() > most)
    return failed(fail(ErrorCode::kInternal, "the reply of {} bytes does not fit into {}", bytes->size(), most));
  return {true, *std::move(bytes)};
}

Result<ByteVector> ask_through_slot(mailbox::View view, mailbox::Lane lane, RequestKind kind, ByteSpan request,
                                    const std::function<void()>& ring) {
  RequestSlot& slot = view.request(lane);
  if (request.size() > slot.data.size())
    return fail(ErrorCode::kInvalidArgument, "a request of {} bytes does not fit into its slot of {}", request.size(),
                slot.data.size());
  std::copy(request.begin(), request.end(), slot.data.begin());
  mailbox::store(slot.kind, static_cast<std::uint32_t>(kind));
  mailbox::store(slot.size, request.size());
  set_state(slot, State::kAsked);
  for (int rung = 0; rung < kMostRings && state_of(slot) == State::kAsked; ++rung) ring();
  const State end = state_of(slot);
  const std::uint32_t size = mailbox::load(slot.size);
  set_state(slot, State::kFree);
  if (end != State::kDone && end != State::kFailed)
    return fail(ErrorCode::kProtocol, "the host did not answer a request of kind {}", static_cast<int>(kind));
  if (size > slot.data.size()) return fail(ErrorCode::kProtocol, "the host's reply of {} bytes is too long", size);
  return take_reply({end == State::kDone, ByteVector(slot.data.begin(), slot.data.begin() + size)});
}

Result<int> serve_slots(mailbox::View view, const RequestHandlers& handlers) {
  int served = 0;
  for (std::size_t lane = 0; lane < mailbox::kLaneCount; ++lane) {
    RequestSlot& slot = view.request(static_cast<mailbox::Lane>(lane));
    const State state = state_of(slot);
    if (state > State::kFailed)
      return fail(ErrorCode::kCorruptData, "the request slot of lane {} is in an unknown state {}", lane,
                  static_cast<std::uint32_t>(state));
    if (state != State::kAsked) continue;
    const std::uint32_t size = mailbox::load(slot.size);
    if (size > slot.data.size())
      return fail(ErrorCode::kCorruptData, "a request of {} bytes in the slot of lane {}, which holds {}", size, lane,
                  slot.data.size());
    // A copy: another CPU of the guest may still write there.
    const ByteVector request(slot.data.begin(), slot.data.begin() + size);
    const RequestReply reply =
        handlers.answer(static_cast<RequestKind>(mailbox::load(slot.kind)), request, slot.data.size());
    std::copy(reply.bytes.begin(), reply.bytes.end(), slot.data.begin());
    mailbox::store(slot.size, reply.bytes.size());
    set_state(slot, reply.done ? State::kDone : State::kFailed);
    ++served;
  }
  return served;
}

}  // namespace ktstr
