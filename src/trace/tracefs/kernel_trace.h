// SPDX-License-Identifier: Apache-2.0
//
// What a kernel has traced of itself, as a guest sends it: parts of the rings of its CPUs, each in the order of its
// time, and what is needed to read them. Gathered while the guest runs, read afterwards: only then is it known that
// nothing earlier comes from another CPU.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "trace/trace_file.h"
#include "trace/tracefs/translation.h"

namespace ktstr {

class KernelTrace {
 public:
  // `cpus`: that the guest has or may get.
  explicit KernelTrace(std::uint32_t cpus) : rings_(cpus) {}

  // tracefs' `format` of an event, or "header_page". kCorruptData for what no kernel writes.
  Status add_format(std::string_view name, std::string_view text);
  void add_absent(std::string_view event, std::string_view why) { translation_.add_absent(event, why); }
  // A task or cgroup that was there before.
  void add_seen(const TraceEvent& seen) { seen_.push_back(seen); }
  // Who schedules ordinary tasks from then on.
  void add_class(std::uint64_t time_ns, std::optional<SchedClass> ordinary) { classes_.push_back({time_ns, ordinary}); }
  // Parts of a CPU's ring, each after a u32 with its length. They must stay where they are until all was read.
  Status add_pages(std::uint64_t cpu, ByteSpan pages);
  // How many events a CPU's ring has lost in all, as the kernel counts them.
  void add_lost(std::uint64_t cpu, std::uint64_t events);

  std::vector<TraceGap> gaps() const;
  std::uint64_t lost() const;
  // All of it, in the order of time. Where something is damaged, what came before it is given on.
  Status read(const TraceTranslation::Give& give);

 private:
  struct Ring {
    std::vector<ByteSpan> parts;
    std::uint64_t missing = 0, lost = 0;  // as the parts say, and as the kernel counts
  };
  struct ClassChange {
    std::uint64_t time_ns = 0;
    std::optional<SchedClass> ordinary;
  };
  class Cursor;

  TraceTranslation translation_;
  std::vector<Ring> rings_;
  std::vector<TraceEvent> seen_;
  std::vector<ClassChange> classes_;
};

}  // namespace ktstr
