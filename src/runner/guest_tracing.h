// SPDX-License-Identifier: Apache-2.0
//
// The trace of a guest that traces itself: what its agent sends while it runs, put by on disk, and made into the same
// file as the recorder's when the guest has ended. The host does nothing else meanwhile: it has to let the guest run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "trace/tracefs/kernel_trace.h"
#include "wire/records.h"

namespace ktstr {

class GuestTracing {
 public:
  explicit GuestTracing(std::uint32_t cpus) : cpus_(cpus), trace_(cpus) {}

  // The parts of the rings go into a file of this directory, which is gone after finish().
  Status open(const fs::path& directory);
  // Of type kTracing. kCorruptData: no agent of ours says so. kUnsupported: more than is kept.
  Status take(const Record& record);
  // Writes the trace. `kernel`: its release.
  Status finish(const fs::path& file, const std::string& kernel);

  std::uint64_t events() const { return events_; }
  std::uint64_t lost() const { return lost_; }
  // Why there is no trace, or no more of it from some point on; "" where all is there.
  const std::string& why_not_all() const { return why_not_all_; }

 private:
  struct Stored {
    std::uint64_t cpu = 0;
    Bytes offset = 0, size = 0;
  };
  Status take_pages(const TracingRecord& said);
  Status take_seen(const TracingRecord& said, std::uint64_t time_ns);
  Status gather(const Mapping& pages);
  void not_all(std::string why);

  std::uint32_t cpus_;
  KernelTrace trace_;
  Fd pages_;
  fs::path pages_path_;
  std::vector<Stored> stored_;
  Bytes size_ = 0, taken_ = 0;
  std::uint64_t events_ = 0, lost_ = 0;
  bool began_ = false;
  std::string why_not_all_;
  bool is_cut_off_ = false;
};

}  // namespace ktstr
