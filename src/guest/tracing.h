// SPDX-License-Identifier: Apache-2.0
//
// The kernel's own tracing, in real-time modes where the recorder outside of the guest is not: an instance of tracefs
// with a ring for each CPU, which the agent empties ten times a second and sends on as it is. The host decodes it
// (trace/tracefs/). It disturbs what it looks at, so it is there only where the user has asked for it.
#pragma once

#include <vector>

#include "base/fd.h"
#include "base/file.h"
#include "guest/mailbox_mapping.h"

namespace ktstr::guest {

class Tracing {
 public:
  struct Roots {
    fs::path tracefs = "/sys/kernel/tracing";
    fs::path proc = "/proc", sys = "/sys", cgroups = "/sys/fs/cgroup";
  };
  // Sends what the events look like, lets the kernel record, and sends what was there before. Without sched_switch
  // there is nothing worth recording: kUnsupported.
  // `probe_events`: lines for the kernel, of functions that have no event of their own.
  static Result<Tracing> start(const std::vector<std::string>& probe_events, RecordLog& log);
  static Result<Tracing> start(const Roots& roots, const std::vector<std::string>& probe_events, RecordLog& log);
  Tracing(Tracing&&) = default;

  // Sends what the rings hold. Bounded: what is written meanwhile comes next time.
  void drain(RecordLog& log);
  // The last of it, and what was lost.
  void stop(RecordLog& log);

 private:
  struct Ring {
    std::uint64_t cpu = 0;
    Fd raw;
  };
  explicit Tracing(Roots roots) : roots_(std::move(roots)), instance_(roots_.tracefs / "instances" / "ktstr") {}
  Status make_rings();
  Status enable(const std::vector<std::string>& probe_events, RecordLog& log);
  Status enable(const std::string& event, RecordLog& log);
  void drain(const Ring& ring, RecordLog& log);
  void say_class(RecordLog& log);

  Roots roots_;
  fs::path instance_;
  std::vector<Ring> rings_;
  ByteVector room_;  // of one part of a ring
  std::size_t ring_bytes_ = 0, sent_ = 0;
  std::uint64_t class_ = UINT64_MAX;
  bool over_ = false;
};

}  // namespace ktstr::guest
