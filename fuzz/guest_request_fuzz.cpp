// SPDX-License-Identifier: Apache-2.0
//
// A request's slot as a guest may leave it: its first bytes are the slot's head, the others what stands after it.
#include <algorithm>
#include <cstring>

#include "wire/request.h"

using namespace ktstr;

namespace {

RequestHandlers all_handlers() {
  RequestHandlers handlers;
  handlers.on<request::BeginTurns>([](const auto&) -> Result<request::Done> { return request::Done(); });
  handlers.on<request::GetCpuSpeeds>([](const auto&) -> Result<request::CpuSpeeds> {
    return request::CpuSpeeds{{40, 100}};
  });
  handlers.on<request::SetCpuSpeeds>([](const request::SetCpuSpeeds& wanted) -> Result<request::Done> {
    // As long as the slot at most: four bytes each.
    if (wanted.speeds.percent.size() > mailbox::kRequestSlotSize / 4) __builtin_trap();
    return fail(ErrorCode::kInvalidArgument, "{} speeds", wanted.speeds.percent.size());
  });
  return handlers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ByteVector memory(mailbox::kLanesOffset);
  static const RequestHandlers handlers = all_handlers();
  const mailbox::View view(memory);
  auto& slot = view.request(mailbox::Lane::kBody);
  slot = {};
  std::memcpy(&slot, data, std::min(size, sizeof slot));
  const bool asked = slot.state == static_cast<std::uint32_t>(mailbox::RequestSlot::State::kAsked);
  const auto served = serve_slots(view, handlers);
  if (!served) return 0;
  if (*served != (asked ? 1 : 0) || (asked && slot.size > slot.data.size())) __builtin_trap();
  return 0;
}
