// SPDX-License-Identifier: Apache-2.0
//
// Work types that send frames: time in softirqs, and wake-ups from them.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "workload/outside/packet_sockets.h"
#include "workload/types/families.h"

namespace ktstr {

namespace {

// The next due time after this one; what is due already by then has been missed.
std::uint64_t next_frame(WorkerRun& run, std::uint64_t due, std::chrono::nanoseconds interval) {
  const auto step = static_cast<std::uint64_t>(interval.count());
  const std::uint64_t now = run.checkpoint();
  for (due += step; due + step < now; due += step) run.miss();
  return due;
}

Status prepare_traffic(const NetTraffic&, GroupResources& shared) {
  return add_packet_sockets(shared, shared.workers());
}

void run_traffic(const NetTraffic& type, WorkerRun& run) {
  const Frame frame(run.index(), type.frame_bytes);
  const int socket = run.file(run.index());
  for (std::uint64_t due = run.checkpoint(); !run.stopping(); due = next_frame(run, due, type.interval)) {
    run.sleep_until(due);
    char first = 0;
    if (::send(socket, frame.bytes().data(), frame.bytes().size(), 0) < 0) return run.give_up("send a frame", errno);
    // It may still be in the backlog of another CPU, or of a softirq that was put off; then the next round reads two.
    while (::recv(socket, &first, sizeof first, 0) > 0) run.end_iteration();
    if (errno != EAGAIN) return run.give_up("receive its frame", errno);
    run.end_unit();
  }
}

std::size_t frame_pair(const IrqWake&) { return 2; }

// Of a pair, in this order: the frames that were sent, and received. Its receiver's socket is the first of it.
Status prepare_irq_wake(const IrqWake&, GroupResources& shared) {
  shared.add_words(shared.workers());
  return add_packet_sockets(shared, shared.workers());
}

void send_frames(const IrqWake& type, WorkerRun& run, std::size_t first) {
  const Frame frame(first, type.frame_bytes);
  const SharedWord& received = run.word(first + 1);
  for (std::uint64_t due = run.checkpoint(); !run.stopping(); due = next_frame(run, due, type.interval)) {
    run.sleep_until(due);
    SharedWord& sent = run.word(first);
    if (received.value() != sent.value()) {
      run.miss();
      continue;
    }
    run.send(sent, run.file(first + 1), frame.bytes());
    run.end_unit();
    run.end_iteration();
  }
}

void receive_frames(WorkerRun& run, std::size_t first) {
  SharedWord& received = run.word(first + 1);
  for (std::uint32_t before = 0; !run.stopping(); ++before) {
    run.receive(run.word(first), before, run.file(first));
    received.set(before + 1, run.checkpoint());
    run.end_unit();
    run.end_iteration();
  }
}

void run_irq_wake(const IrqWake& type, WorkerRun& run) {
  const std::size_t first = run.index() / 2 * 2;
  if (run.index() % 2 == 0)
    send_frames(type, run, first);
  else
    receive_frames(run, first);
}

const char* role_in_irq_wake(const IrqWake&, std::size_t index) { return index % 2 == 0 ? "sender" : "receiver"; }

constexpr std::int64_t kShortestInterval = 10'000, kLongestInterval = work_value::kLongest;

}  // namespace

std::vector<WorkTypeRow> network_types() {
  return {
      sharing<NetTraffic, prepare_traffic>(work_row<NetTraffic, run_traffic>(
          "NetTraffic", "time in network softirqs, on the CPU of who sends", "how late it wakes up",
          "4 looks at the clock a frame, and a recv(2) in vain",
          {work_parameter<&NetTraffic::interval>("interval", kShortestInterval, kLongestInterval),
           work_parameter<&NetTraffic::frame_bytes>("frame_bytes", Frame::kLeast, Frame::kMost)})),
      with_roles<IrqWake, role_in_irq_wake>(
          sharing<IrqWake, prepare_irq_wake>(in_groups<IrqWake, frame_pair>(work_row<IrqWake, run_irq_wake>(
              "IrqWake", "wake-ups from a softirq", "how late it runs after the frame was sent; frames left out",
              "sender: 5 looks at the clock a frame; receiver: 4, a recv(2) in vain and a poll(2)",
              {work_parameter<&IrqWake::interval>("interval", kShortestInterval, kLongestInterval),
               work_parameter<&IrqWake::frame_bytes>("frame_bytes", Frame::kLeast, Frame::kMost)})))),
  };
}

}  // namespace ktstr
