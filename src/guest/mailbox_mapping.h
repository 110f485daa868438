// SPDX-License-Identifier: Apache-2.0
//
// The guest's side of the mailbox: /dev/mem, the doorbell's port, and a log that stamps each record with guest time.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "wire/lane.h"
#include "wire/mailbox.h"
#include "wire/records.h"
#include "wire/request.h"

namespace ktstr::guest {

// Maps the range that "ktstr.mailbox=ADDRESS,SIZE" on the kernel's command line names.
Result<Mapping> map_mailbox(std::string_view kernel_command_line);

// The mailbox's live area as the body maps it: apart from the mailbox, since workers have it too, and only as many of
// its pages as there are workers for, since each of them is copied for each process that the body starts.
class LiveArea {
 public:
  // With its first page.
  static Result<LiveArea> map(std::string_view kernel_command_line);
  LiveArea(LiveArea&& other) noexcept;
  LiveArea& operator=(LiveArea&& other) noexcept;
  ~LiveArea();

  std::span<LiveWorker> entries() const { return {reinterpret_cast<LiveWorker*>(data_), mailbox::kMostLiveWorkers}; }
  // At least `count` entries become accessible. Returns how many are then.
  Result<std::size_t> make_room(std::size_t count);

 private:
  LiveArea() = default;
  Bytes address_ = 0;  // guest-physical
  std::byte* data_ = nullptr;
  Bytes mapped_ = 0;
};

// Makes all of a mapped mailbox inaccessible but its blocks and this lane. What is mapped of device memory is undone
// page by page when a process ends: for a whole mailbox, most of what the end of a body costs.
Status keep_only(const Mapping& mailbox, mailbox::Lane lane);

// Blocks until the host has answered. Needs ioperm(2), so CAP_SYS_RAWIO.
void ring_doorbell(mailbox::View view, mailbox::BellReason reason, std::uint32_t argument);

// For ask(): see wire/request.h. `lane` is the caller's.
RequestTransport to_host(mailbox::View view, mailbox::Lane lane);

class RecordLog {
 public:
  RecordLog(mailbox::View view, mailbox::Lane lane);

  template <typename T>
  void write(RecordType type, const T& record) {
    write(type, ByteSpan(encode(record)));
  }
  void write(RecordType type, ByteSpan payload) { writer_.append(type, now(), payload); }
  void write_empty(RecordType type) { writer_.append(type, now(), {}); }
  void log(LogRecord::Stream stream, std::string text) { write(RecordType::kLog, LogRecord{stream, std::move(text)}); }

 private:
  static std::uint64_t now() { return static_cast<std::uint64_t>(monotonic_now().count()); }
  LaneWriter writer_;
};

}  // namespace ktstr::guest
