// SPDX-License-Identifier: Apache-2.0
//
// What a process of the guest asks of another, and that one's answer: the body of the agent, both of the host. A
// request has a kind and bytes, a reply has bytes or an Error; how they travel is the transport's.
//
// To the host they go through the slot of the asking process' lane. The doorbell is rung, and the host answers in the
// slot while the guest stands still. Every ring has all pending requests answered, whoever rang. Between body and agent
// they are the messages of a socket (guest/agent_channel.h).
//
// To add a request: a value of RequestKind, a struct with its fields and its Reply. Who asks calls ask(), who answers
// gives its RequestHandlers a function for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/field_codec.h"
#include "wire/mailbox.h"

namespace ktstr {

enum class RequestKind : std::uint32_t {
  // Of the host.
  kBeginTurns = 1,
  kGetCpuSpeeds = 2,
  kSetCpuSpeeds = 3,
  // Of the agent.
  kRun = 4,
  kFindScheduler = 5,
  kChangeScheduler = 6,
};

namespace request {

// Of what has none.
template <typename V, typename T>
requires(std::is_empty_v<T>) void fields(V&, T&) {}

struct Done {};

// The speed of each vCPU in percent of full speed, in order of number.
struct CpuSpeeds {
  std::vector<std::uint32_t> percent;
};
template <typename V, FieldsOf<CpuSpeeds> T>
void fields(V& v, T& t) {
  v("percent", t.percent);
}

// The body is about to begin: from now on the host may look at what the kernel does, which the guest does not notice,
// and, with `turns`, vCPUs take turns that end by instruction count. Asked in every run, so that one with a recorder is
// the same as one without, and in one ring: where a second one begins at once, the host's speed decides at which of
// its bytes the guest stands still. Asked again it changes nothing. kUnsupported where the host does not decide about
// turns.
struct BeginTurns {
  static constexpr RequestKind kKind = RequestKind::kBeginTurns;
  using Reply = Done;
  std::uint64_t now_ns = 0;  // CLOCK_MONOTONIC
  bool turns = true;
};
template <typename V, FieldsOf<BeginTurns> T>
void fields(V& v, T& t) {
  v("now_ns", t.now_ns);
  v("turns", t.turns);
}

// After BeginTurns. kUnsupported as there.
struct GetCpuSpeeds {
  static constexpr RequestKind kKind = RequestKind::kGetCpuSpeeds;
  using Reply = CpuSpeeds;
};

// Of all vCPUs. kInvalidArgument for another number of them, or a speed that no CPU can have.
struct SetCpuSpeeds {
  static constexpr RequestKind kKind = RequestKind::kSetCpuSpeeds;
  using Reply = Done;
  CpuSpeeds speeds;
};
template <typename V, FieldsOf<SetCpuSpeeds> T>
void fields(V& v, T& t) {
  v("speeds", t.speeds);
}

// The scheduler's process, 0 where there is none or it has ended.
struct SchedulerPid {
  int pid = 0;
};
template <typename V, FieldsOf<SchedulerPid> T>
void fields(V& v, T& t) {
  v("pid", t.pid);
}

// The body is ready. It is answered when the body is to run.
struct Run {
  static constexpr RequestKind kKind = RequestKind::kRun;
  using Reply = SchedulerPid;
};

// Which process it is now: the one that was the scheduler may have left it to another.
struct FindScheduler {
  static constexpr RequestKind kKind = RequestKind::kFindScheduler;
  using Reply = SchedulerPid;
};

// Ends the scheduler (`end`), starts one (`start`), or one after the other; with `again` the one that there was last.
// Answered once the kernel says that it is done, with the process that has the scheduler then, 0 for none. An Error
// says which part failed; what could be done stays done.
struct ChangeScheduler {
  static constexpr RequestKind kKind = RequestKind::kChangeScheduler;
  using Reply = SchedulerPid;
  bool end = false, start = false, again = false;
  std::string name;  // Job::staged; "" may be one of them
};
template <typename V, FieldsOf<ChangeScheduler> T>
void fields(V& v, T& t) {
  v("end", t.end);
  v("start", t.start);
  v("again", t.again);
  v("name", t.name);
}

}  // namespace request

// A reply as it travels: what was asked for, or, with `done` false, an Error.
struct RequestReply {
  bool done = false;
  ByteVector bytes;
};
// The bytes of a reply that says so; its Error otherwise.
Result<ByteVector> take_reply(const RequestReply& reply);

// Brings a request to who answers it, and its reply back.
using RequestTransport = std::function<Result<ByteVector>(RequestKind kind, ByteSpan request)>;

template <typename T>
ByteVector encode_request(const T& request) {
  Put put;
  fields(put, request);
  return put.take();
}

template <typename T>
Result<T> decode_request(ByteSpan bytes, std::string_view what) {
  Get get(bytes);
  T value;
  fields(get, value);
  KTSTR_TRY(get.finish(what));
  return value;
}

template <typename T>
Result<typename T::Reply> ask(const RequestTransport& transport, const T& request) {
  KTSTR_TRY_ASSIGN(const ByteVector reply, transport(T::kKind, encode_request(request)));
  return decode_request<typename T::Reply>(reply, "reply");
}

// Who answers, and what.
class RequestHandlers {
 public:
  // `answer` may fail: the one who asks gets the Error.
  template <typename T>
  void on(std::function<Result<typename T::Reply>(const T&)> answer) {
    handlers_[T::kKind] = [answer = std::move(answer)](ByteSpan bytes) -> Result<ByteVector> {
      KTSTR_TRY_ASSIGN(const T request, decode_request<T>(bytes, "request"));
      KTSTR_TRY_ASSIGN(const typename T::Reply reply, answer(request));
      return encode_request(reply);
    };
  }
  // At most `most` bytes. A kind that nobody answers, and what cannot be decoded, get an Error.
  RequestReply answer(RequestKind kind, ByteSpan request, std::size_t most) const;

 private:
  std::map<RequestKind, std::function<Result<ByteVector>(ByteSpan)>> handlers_;
};

// Guest: through the slot of `lane`. `ring` rings the doorbell. kProtocol when the host does not answer. One request of
// a lane at a time.
Result<ByteVector> ask_through_slot(mailbox::View view, mailbox::Lane lane, RequestKind kind, ByteSpan request,
                                    const std::function<void()>& ring);

// Host, while the guest stands still: answers all pending requests; how many. kCorruptData for a slot that no agent or
// body can have written.
Result<int> serve_slots(mailbox::View view, const RequestHandlers& handlers);

}  // namespace ktstr
