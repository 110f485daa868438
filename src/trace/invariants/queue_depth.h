// SPDX-License-Identifier: Apache-2.0
//
// kQueueDepth: how many tasks wait in each queue (DSQ) of a BPF scheduler, and in those that CPUs have for it. Who is
// moved from one to a CPU's own is not said: until it runs it is counted where it was.
#pragma once

#include <map>
#include <utility>

#include "trace/invariants/watch.h"

namespace ktstr {

class QueueDepth : public Watch {
 public:
  explicit QueueDepth(std::uint64_t limit) : limit_(limit) {}
  void before(const Transition&, const Moment&, BreachSink&) override {}
  void after(const TraceEvent& event, const Moment& moment, BreachSink& sink) override;
  void end(const Moment& moment, BreachSink& sink) override;

 private:
  using Key = std::pair<std::uint64_t, std::uint16_t>;  // the queue, and of a local one whose
  struct Queue {
    std::uint64_t depth = 0;
    // Of the stretch in which it is above the limit, or of all that was below.
    std::uint64_t deepest = 0, from_ns = 0;
    std::int32_t pid = 0;  // who made it so deep
  };
  void begin(const Moment& moment);
  void follow(std::int32_t pid, const Moment& moment, BreachSink& sink);
  void leave(std::int32_t pid, const Moment& moment, BreachSink& sink);
  void report(const Key& key, const Queue& queue, std::uint64_t to_ns, BreachSink& sink) const;

  const std::uint64_t limit_;
  std::uint64_t judged_from_ns_ = 0;
  std::map<Key, Queue> queues_;
  std::map<std::int32_t, Key> tasks_;
};

}  // namespace ktstr
